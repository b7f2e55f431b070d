// Clones that hold what was written since a time: before, within and after history, and where
// several branches run beside each other.
#include <chrono>
#include <map>
#include <thread>

#include "isodb/scope.h"
#include "tests/support/pair_of_repositories.h"

namespace isodb::sync {
namespace {

using testing::error_code_of;

/// Writes by two branches, each at a time of its own.
struct Fixture {
  Fixture() : office(Repository::init(folder / "office")) {
    write("main1", "heads/main", "cows/1.json", R"({"n":1})");
    write("main2", "heads/main", "sheep/1.json", R"({"s":1})");
    REQUIRE(office.move_ref("heads/side", std::nullopt, office.ref("heads/main"), "test").done);
    write("side3", "heads/side", "cows/1.json", R"({"n":3})");
    write("main4", "heads/main", "cows/1.json", R"({"n":4})");
    write("side5", "heads/side", "cows/2.json", R"({"n":5})");
    write("main6", "heads/main", "sheep/1.json", R"({"s":6})");
    write("main7", "heads/main", "cows/1.json", R"({"n":7})");
  }

  void write(const std::string& name, const std::string& branch, const std::string& path,
             const std::string& document) {
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
    Transaction transaction = office.begin(branch);
    transaction.put(path, document);
    at[name] = std::get<CommitId>(transaction.commit({}));
  }
  std::uint64_t time_of(const std::string& name) const {
    return office.commit(at.at(name)).clock.millis();
  }
  Repository clone_since(std::uint64_t millis, const std::vector<std::string>& paths = {}) {
    SyncOptions options;
    options.scope = {.paths = paths, .depth = {}, .since_millis = millis};
    const auto to = folder / ("clone" + std::to_string(++clones));
    const SyncResult made = clone(remote_at((folder / "office").string()), to, options);
    if (made.error) FAIL(made.error->what());
    Repository repository = Repository::open(to);
    CHECK(repository.ref("heads/main") == office.ref("heads/main"));
    CHECK(repository.ref("heads/side") == office.ref("heads/side"));
    CHECK(repository.fsck().empty());
    CHECK(repository.verify().empty());
    return repository;
  }
  std::vector<CommitId> named(const std::vector<std::string>& names) const {
    std::vector<CommitId> ids;
    for (const std::string& name : names) ids.push_back(at.at(name));
    std::sort(ids.begin(), ids.end());
    return ids;
  }
  /// Of the commits, those of which this document cannot be read.
  std::string not_held(const Repository& repository, const std::string& path) const {
    std::string names;
    for (const auto& [name, commit] : at) {
      const auto code = error_code_of([&] { repository.snapshot_of(commit).get(path); });
      if (code) CHECK(code == ErrorCode::kNotHeld);
      if (code) names += name + " ";
    }
    return names;
  }

  testing::TemporaryFolder folder;
  Repository office;
  std::map<std::string, CommitId> at;
  int clones = 0;
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a clone since before history holds all of it") {
  for (const std::uint64_t millis : {std::uint64_t{1}, time_of("main1")}) {
    const Repository all = clone_since(millis);
    CHECK(not_held(all, "cows/1.json").empty());
    CHECK(not_held(all, "sheep/1.json").empty());
  }
  CHECK(clone_since(0).scope().is_whole());
}

TEST_CASE_METHOD(Fixture, "a clone since a time has a boundary on each branch") {
  const Repository part = clone_since(time_of("main6"));
  CHECK(part.scope().boundary == named({"main4", "side5"}));
  // What was live in main4 and side5 is there, and what was overwritten before is not.
  CHECK(not_held(part, "cows/1.json") == "main1 main2 ");
  CHECK(not_held(part, "cows/2.json").empty());
  CHECK(not_held(part, "sheep/1.json").empty());
  CHECK(part.snapshot("side").get("cows/1.json") == R"({"n":3})");

  const Repository cows = clone_since(time_of("main4"), {"cows"});
  CHECK(cows.scope().boundary == named({"side3"}));
  CHECK(not_held(cows, "cows/1.json") == "main1 main2 ");
  CHECK(error_code_of([&] { cows.snapshot().get("sheep/1.json"); }) == ErrorCode::kNotHeld);

  // At the very time of a commit, that commit is after it; a moment later, before it.
  CHECK(clone_since(time_of("main7")).scope().boundary == named({"main6", "side5"}));
  CHECK(clone_since(time_of("main7") + 1).scope().boundary == named({"main7", "side5"}));
}

TEST_CASE_METHOD(Fixture, "a clone since a time to come holds what is live, and what comes") {
  Repository now = clone_since(time_of("main7") + 1'000'000'000);
  CHECK(now.scope().boundary == named({"main7", "side5"}));
  CHECK(not_held(now, "cows/1.json") == "main1 main2 main4 main6 ");
  CHECK(now.snapshot().get("cows/1.json") == R"({"n":7})");
  CHECK(now.snapshot("side").get("cows/1.json") == R"({"n":3})");
  // The boundary stays where it was when the clone was made.
  write("main8", "heads/main", "cows/1.json", R"({"n":8})");
  write("side9", "heads/side", "cows/1.json", R"({"n":9})");
  REQUIRE_FALSE(sync_with(now, *find_remote(now, "origin"), {.direction = Direction::kPull}).error);
  write("main8b", "heads/main", "cows/1.json", R"({"n":88})");
  REQUIRE_FALSE(sync_with(now, *find_remote(now, "origin"), {.direction = Direction::kPull}).error);
  CHECK(not_held(now, "cows/1.json") == "main1 main2 main4 main6 ");
  CHECK(now.fsck().empty());
  // And is moved back when that is asked for.
  SyncOptions options;
  options.direction = Direction::kFetch;
  options.widening.deepen = 2;
  REQUIRE_FALSE(sync_with(now, *find_remote(now, "origin"), options).error);
  CHECK(now.scope().boundary == named({"main4"}));
  CHECK(not_held(now, "cows/1.json") == "main1 main2 ");
}

}  // namespace isodb::sync
