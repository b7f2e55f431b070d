#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <functional>

#include "isodb/repository.h"
#include "tests/support/testing.h"

using namespace isodb;
using isodb::testing::TemporaryFolder;

namespace {

constexpr int kExitOther = 3;  // an error that a writer must not see

std::chrono::seconds duration() {
  const char* text = std::getenv("ISODB_STRESS_SECONDS");
  return std::chrono::seconds(text ? std::atoi(text) : 60);
}

std::uint64_t number_at(const std::optional<Bytes>& text) {
  return text ? std::stoull(*text) : 0;
}

/// Counts in a document that both share and in one of its own, until the time is up. Anything but a
/// commit or a stale transaction ends it.
int write_until(const std::filesystem::path& folder, const std::string& own,
                std::chrono::steady_clock::time_point end) {
  Repository repository = Repository::open(folder);
  std::uint64_t mine = 0;
  while (std::chrono::steady_clock::now() < end) {
    Transaction transaction = repository.begin();
    transaction.put("shared", std::to_string(number_at(transaction.get("shared")) + 1));
    transaction.put(own, std::to_string(mine + 1));
    transaction.put(own + "/" + std::to_string(mine % 100), std::to_string(mine));
    if (std::holds_alternative<CommitId>(transaction.commit({.message = own}))) ++mine;
  }
  return 0;
}

pid_t start(const std::function<int()>& action) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  try {
    ::_exit(action());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "writer: %s\n", error.what());
    ::_exit(kExitOther);
  }
}

}  // namespace

TEST_CASE("two processes that write at once lose no update and see no error but stale [slow]",
          "[slow]") {
  TemporaryFolder folder;
  Repository::init(folder / "r");
  const auto end = std::chrono::steady_clock::now() + duration();
  const pid_t first = start([&] { return write_until(folder / "r", "first", end); });
  const pid_t second = start([&] { return write_until(folder / "r", "second", end); });
  for (const pid_t child : {first, second}) {
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
  }
  Repository repository = Repository::open(folder / "r");
  const Snapshot head = repository.snapshot();
  const std::uint64_t mine = number_at(head.get("first")), other = number_at(head.get("second"));
  WARN("commits: " << mine << " and " << other);
  CHECK(mine > 0);
  CHECK(other > 0);
  CHECK(number_at(head.get("shared")) == mine + other);
  std::uint64_t commits = 0;
  repository.log(head.heads(), {}, [&](const LoggedCommit&) { return ++commits > 0; });
  CHECK(commits == 1 + mine + other);
  CHECK(repository.fsck().empty());
  CHECK(repository.verify().empty());
}
