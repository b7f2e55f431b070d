#include "refs/log_space.h"

#include <sys/resource.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>

#include "tests/support/testing.h"
#include "tests/unit/refs/support.h"

namespace isodb::refs {
namespace {

namespace fs = std::filesystem;
using namespace test;

std::string log_of(const TemporaryFolder& folder) {
  return isodb::testing::slurp(folder / "repo.db-wal");
}

std::size_t zeros_behind(const std::string& log) {
  const auto last = std::find_if(log.rbegin(), log.rend(), [](char c) { return c != '\0'; });
  return static_cast<std::size_t>(last - log.rbegin());
}

void write(Database& database, int from, int to) {
  for (int i = from; i < to; ++i) {
    REQUIRE_FALSE(database.write(move_batch("heads/" + std::to_string(i), {}, id_of(i + 1))).lost);
  }
}

TEST_CASE("few commits leave the log as long as it has to be") {
  const TemporaryFolder folder;
  const auto database = Database::create(folder / "repo.db", {});
  write(*database, 0, 10);
  CHECK(zeros_behind(log_of(folder)) < 4096);
}

TEST_CASE("with zeros behind its end a log holds every commit, whenever the power is cut") {
  const TemporaryFolder folder;
  const auto database = Database::create(folder / "repo.db", {});
  write(*database, 0, 20);
  std::size_t most = 0;
  for (int commits = 20; commits < 120; ++commits) {
    write(*database, commits, commits + 1);
    most = std::max(most, zeros_behind(log_of(folder)));
    if (commits % 10 != 0) continue;
    const TemporaryFolder after;
    for (const char* name : {"repo.db", "repo.db-wal"}) fs::copy_file(folder / name, after / name);
    const auto opened = Database::open(after / "repo.db", {});
    CHECK(opened->refs("heads/").size() == static_cast<std::size_t>(commits) + 1);
    CHECK(opened->check().empty());
  }
  CHECK(most > 100'000);
}

TEST_CASE("a log that cannot be made longer ahead is written to all the same") {
  const TemporaryFolder folder;
  const auto database = Database::create(folder / "repo.db", {});
  write(*database, 0, 15);
  // Room for some commits more, and for no step.
  struct rlimit before {};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  struct rlimit small = before;
  small.rlim_cur = log_of(folder).size() + (100 << 10);
  const auto old = std::signal(SIGXFSZ, SIG_IGN);
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  write(*database, 15, 20);
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  std::signal(SIGXFSZ, old);
  CHECK(database->refs("heads/").size() == 20);
  CHECK(database->check().empty());
}

}  // namespace
}  // namespace isodb::refs
