#include "tests/support/pair_of_repositories.h"

namespace isodb::sync {
namespace {

namespace fs = std::filesystem;
using testing::error_code_of;
using testing::Pair;
using testing::put;

TEST_CASE("a clone has the origin's branches and current branch, and a key of its own") {
  const Pair pair;
  CHECK(pair.are_equal());
  CHECK(pair.tablet->id() == pair.office.id());
  CHECK(pair.tablet->public_key() != pair.office.public_key());
  CHECK(pair.tablet->current_branch() == "heads/main");
  CHECK(find_remote(*pair.tablet, "origin")->url == (pair.folder / "office").string());
  CHECK_FALSE(pair.tablet->setting("clone.unfinished"));
}

TEST_CASE("two folders that were written apart sync to one state") {
  Pair pair;
  put(pair.office, "a/1.json", R"({"n":2,"place":"loft"})");
  put(*pair.tablet, "a/1.json", R"({"n":1,"place":"shed"})");
  const SyncResult result = pair.from_tablet(Direction::kSync);
  REQUIRE_FALSE(result.error);
  CHECK(result.report.commits_received == 1);
  CHECK(result.report.commits_sent == 1);
  CHECK(result.report.agreed);
  CHECK(pair.are_equal());
  CHECK(pair.office.snapshot().get("a/1.json") == R"({"n":2,"place":"shed"})");
  CHECK(pair.office.verify({.again = true}).empty());
}

TEST_CASE("fetch moves only remotes/, push only the other side, pull only this side") {
  Pair pair;
  const auto tablet_before = pair.tablet->ref("heads/main");
  put(pair.office, "b.json", "1");
  const auto office_has = pair.office.ref("heads/main");
  REQUIRE_FALSE(pair.from_tablet(Direction::kFetch).error);
  CHECK(pair.tablet->ref("heads/main") == tablet_before);
  CHECK(pair.tablet->ref("remotes/origin/main") == office_has);

  put(*pair.tablet, "c.json", "2");
  const auto tablet_has = pair.tablet->ref("heads/main");
  REQUIRE_FALSE(pair.from_tablet(Direction::kPush).error);
  CHECK(pair.tablet->ref("heads/main") == tablet_has);
  CHECK(pair.office.snapshot().get("c.json") == "2");
  const auto merged = pair.office.ref("heads/main");

  REQUIRE_FALSE(pair.from_tablet(Direction::kPull).error);
  CHECK(pair.office.ref("heads/main") == merged);
  CHECK(pair.are_equal());
}

TEST_CASE("both sides agree only when neither holds more than the other") {
  Pair pair;
  put(*pair.tablet, "b.json", "1");
  CHECK_FALSE(pair.from_tablet(Direction::kPull).report.agreed);
  CHECK(pair.from_tablet(Direction::kPush).report.agreed);
  CHECK(pair.from_tablet(Direction::kPull).report.agreed);
  put(pair.office, "c.json", "1");
  put(*pair.tablet, "d.json", "1");
  CHECK_FALSE(pair.from_tablet(Direction::kFetch).report.agreed);
  CHECK_FALSE(pair.from_tablet(Direction::kPull).report.agreed);
  CHECK(pair.from_tablet(Direction::kSync).report.agreed);
  put(pair.office, "c.json", "2");
  CHECK_FALSE(pair.from_tablet(Direction::kPush).report.agreed);
  CHECK(pair.from_tablet(Direction::kFetch).report.agreed);
}

TEST_CASE("a pull writes nothing into the other folder") {
  Pair pair;
  put(pair.office, "b.json", "1");
  const std::string before = testing::slurp(pair.folder / "office/repo.db");
  const auto settings = pair.office.settings();
  REQUIRE_FALSE(pair.from_tablet(Direction::kPull).error);
  REQUIRE_FALSE(pair.from_tablet(Direction::kPull).error);
  CHECK(pair.office.settings() == settings);
  CHECK(testing::slurp(pair.folder / "office/repo.db") == before);
  CHECK(pair.are_equal());
}

TEST_CASE("another root, the folder itself, no folder and a file are named as what they are") {
  Pair pair;
  const auto code = [&](const fs::path& place) {
    return error_code_of([&] { sync_with(*pair.tablet, remote_at(place.string())); });
  };
  Repository::init(pair.folder / "stranger");
  CHECK(code(pair.folder / "stranger") == ErrorCode::kInvalid);
  CHECK(code(pair.folder / "tablet") == ErrorCode::kInvalid);
  CHECK(code(pair.folder / "nowhere") == ErrorCode::kNotFound);
  testing::spill(pair.folder / "file", "bytes");
  CHECK(code(pair.folder / "file") == ErrorCode::kInvalid);
  CHECK(error_code_of([&] {
          clone(remote_at((pair.folder / "office").string()), pair.folder / "tablet");
        }) == ErrorCode::kInvalid);
}

TEST_CASE("a clone that was stopped goes on, and one with another origin does not") {
  Pair pair;
  const fs::path folder = pair.folder / "second";
  const Remote origin = remote_at((pair.folder / "office").string());
  const StopRequest stop;
  SyncOptions options;
  int steps = 0;
  options.stop = &stop;
  options.progress = [&](const Bandwidth&) {
    if (++steps == 1) const_cast<StopRequest&>(stop).request();
  };
  const SyncResult stopped = clone(origin, folder, options);
  REQUIRE(stopped.error);
  CHECK(stopped.error->code() == ErrorCode::kStale);
  const std::string key = testing::slurp(folder / "keys/device.key");
  if (fs::exists(folder / "repo.db")) {
    CHECK(error_code_of([&] { clone(remote_at(pair.folder.path().string()), folder); }));
  }
  REQUIRE_FALSE(clone(origin, folder).error);
  CHECK(testing::slurp(folder / "keys/device.key") == key);
  CHECK(Repository::open(folder).ref("heads/main") == pair.office.ref("heads/main"));
}

TEST_CASE("a clone that broke off says so, and goes on from another place of the same repository") {
  const Pair pair;
  const fs::path folder = pair.folder / "second";
  {
    Repository half = Repository::init_empty(folder, pair.office.id());
    half.set_setting("clone.unfinished", "isodb://gone.example");
    CHECK(unfinished_clone(half) == "isodb://gone.example");
  }
  Repository::init(pair.folder / "other");
  CHECK(error_code_of([&] { clone(remote_at((pair.folder / "other").string()), folder); }) ==
        ErrorCode::kInvalid);
  CHECK(unfinished_clone(Repository::open(folder)));
  REQUIRE_FALSE(clone(remote_at((pair.folder / "office").string()), folder).error);
  const Repository whole = Repository::open(folder);
  CHECK_FALSE(unfinished_clone(whole));
  CHECK(whole.ref("heads/main") == pair.office.ref("heads/main"));
  CHECK(find_remote(whole, "origin")->url == (pair.folder / "office").string());
}

TEST_CASE("signed tags travel, and another tag of the same name stays beside") {
  Pair pair;
  pair.office.create_tag("v1", *pair.office.ref("heads/main"), "first");
  REQUIRE_FALSE(pair.from_tablet(Direction::kSync).error);
  CHECK(pair.tablet->ref("tags/v1") == pair.office.ref("tags/v1"));
  put(pair.office, "x", "1");
  pair.office.create_tag("v2", *pair.office.ref("heads/main"), "office's");
  pair.tablet->create_tag("v2", *pair.tablet->ref("heads/main"), "tablet's");
  const SyncResult result = pair.from_tablet(Direction::kSync);
  REQUIRE_FALSE(result.error);
  CHECK(result.report.tags_differ == std::vector<std::string>{"tags/v2"});
  CHECK(pair.tablet->ref("remotes/origin/tags/v2") == pair.office.ref("tags/v2"));
  CHECK(pair.tablet->ref("tags/v2") != pair.office.ref("tags/v2"));
}

}  // namespace
}  // namespace isodb::sync
