// Recovering a folder that other programs have open.
#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <string>
#include <thread>

#include "isodb/recover.h"
#include "tests/support/child_process.h"
#include "tests/support/testing.h"

using namespace isodb;
using isodb::testing::error_code_of;
using isodb::testing::error_of;
using isodb::testing::TemporaryFolder;

namespace {

namespace fs = std::filesystem;

CommitId put(Repository& repository, const std::string& path, const std::string& document) {
  Transaction transaction = repository.begin();
  transaction.put(path, document);
  return std::get<CommitId>(transaction.commit({}));
}

TEST_CASE("who has the old database open commits nothing into it once it is recovered") {
  const TemporaryFolder folder;
  const fs::path path = folder / "r";
  Repository before = Repository::init(path);
  put(before, "a", "1");
  recover(path, {.force = true});
  const auto error = error_of([&] { put(before, "b", "2"); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kIo);
  CHECK(std::string(error->what()).find("replaced") != std::string::npos);
  CHECK(before.snapshot().get("a") == "1");  // what it read, it may read on
  CHECK(error_code_of([&] { before.set_setting("ui.pager", "cat"); }) == ErrorCode::kIo);

  Repository after = Repository::open(path);
  CHECK(after.snapshot().get("a") == "1");
  put(after, "b", "3");
  { const Repository closed = std::move(before); }
  // Closing the old one takes nothing from the new one.
  CHECK(Repository::open(path).snapshot().get("b") == "3");
}

TEST_CASE("each commit that is acknowledged beside a recovery is in what is recovered") {
  const TemporaryFolder folder;
  const fs::path path = folder / "r", told = folder / "told";
  {
    Repository first = Repository::init(path);
    put(first, "a", "1");
  }
  const int rounds = 5;
  for (int round = 0; round < rounds; ++round) {
    const std::string prefix = std::to_string(round) + "/";
    fs::remove(told);
    const pid_t child = isodb::testing::start_process([&] {
      Repository one = Repository::open(path);
      for (int i = 0;; ++i) {
        try {
          put(one, prefix + std::to_string(i), "x");
        } catch (const Error& error) {
          if (error.code() != ErrorCode::kIo) throw;
          return;
        }
        std::ofstream(told, std::ios::app) << i << "\n";
      }
    });
    const auto count = [&] {
      const std::string text = isodb::testing::slurp(told);
      return std::count(text.begin(), text.end(), '\n');
    };
    while (!fs::exists(told) || count() < 20) std::this_thread::yield();
    recover(path, {.force = true});
    CHECK(isodb::testing::wait_for(child) == 0);
    const Repository after = Repository::open(path);
    const Snapshot now = after.snapshot();
    const auto acknowledged = count();
    for (int i = 0; i < acknowledged; ++i) {
      INFO("round " << round << ", " << i << " of " << acknowledged);
      REQUIRE(now.get(prefix + std::to_string(i)) == "x");
    }
  }
}

}  // namespace
