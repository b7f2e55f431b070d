// Partial clones: what is in their scope comes, everything else as hashes.
#include <filesystem>

#include "isodb/scope.h"
#include "repo/access.h"
#include "tests/support/pair_of_repositories.h"

namespace isodb::sync {
namespace {

using testing::error_code_of;
using testing::put;

constexpr const char* kOpenRepository = R"({"created":1,"format":1,"anyone":"writer"})";

/// An office with some history, and partial clones of it.
struct Fixture {
  Fixture() : office(Repository::init(folder / "office")) {
    put(office, ".isodb/repository.json", kOpenRepository);
    put(office, "cows/1.json", R"({"n":1})");
    put(office, "sheep/1.json", R"({"s":1})");
    put(office, "cows/1.json", R"({"n":2})");
    put(office, "sheep/1.json", R"({"s":2})");
    put(office, "cows/2.json", R"({"n":20})");
  }
  Repository clone_of(const std::string& name, const CloneScope& scope) {
    SyncOptions options;
    options.scope = scope;
    const SyncResult made = clone(remote_at((folder / "office").string()), folder / name, options);
    if (made.error) FAIL(made.error->what());
    return Repository::open(folder / name);
  }
  static SyncResult meet_origin(Repository& repository, Direction direction = Direction::kSync) {
    SyncOptions options;
    options.direction = direction;
    return sync_with(repository, *find_remote(repository, "origin"), options);
  }
  static void sync(Repository& repository) {
    const SyncResult result = meet_origin(repository);
    if (result.error) FAIL(result.error->what());
    CHECK(result.report.agreed);
  }
  static std::optional<std::string> read(const Repository& repository, const std::string& path,
                                         const std::string& revision = "@") {
    const auto document = repository.snapshot(revision).get(path);
    return document ? std::optional<std::string>(*document) : std::nullopt;
  }
  void check_equal(const Repository& partial) const {
    CHECK(partial.ref("heads/main") == office.ref("heads/main"));
  }

  testing::TemporaryFolder folder;
  Repository office;
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a clone of a path has its documents, and all ids") {
  Repository cows = clone_of("cows", {.paths = {"cows/"}});
  CHECK(cows.scope().prefixes == std::vector<std::string>{"cows"});
  CHECK(cows.scope().boundary.empty());
  check_equal(cows);
  CHECK(read(cows, "cows/1.json") == R"({"n":2})");
  CHECK(read(cows, "cows/1.json", "@~2") == R"({"n":2})");
  CHECK(read(cows, "cows/1.json", "@~3") == R"({"n":1})");
  CHECK(read(cows, ".isodb/repository.json") == kOpenRepository);
  CHECK(error_code_of([&] { read(cows, "sheep/1.json"); }) == ErrorCode::kNotHeld);
  CHECK(cows.fsck().empty());
}

TEST_CASE_METHOD(Fixture, "what a partial clone writes goes back, and what others write comes") {
  Repository cows = clone_of("cows", {.paths = {"cows"}});
  put(cows, "cows/1.json", R"({"n":3})");
  put(cows, "cows/3.json", R"({"n":30})");
  put(office, "sheep/1.json", R"({"s":3})");
  put(office, "cows/2.json", R"({"n":21})");
  sync(cows);
  check_equal(cows);
  CHECK(read(office, "cows/1.json") == R"({"n":3})");
  CHECK(read(office, "sheep/1.json") == R"({"s":3})");
  CHECK(read(cows, "cows/2.json") == R"({"n":21})");
  CHECK(office.verify({.again = true}).empty());
  sync(cows);
  // Moved into the scope, and out of it.
  Transaction transaction = office.begin();
  REQUIRE(transaction.remove("sheep/1.json"));
  transaction.put("cows/from_sheep.json", R"({"s":3})");
  REQUIRE(transaction.remove("cows/3.json"));
  transaction.put("sheep/from_cows.json", R"({"n":30})");
  transaction.commit({});
  sync(cows);
  check_equal(cows);
  CHECK(read(cows, "cows/from_sheep.json") == R"({"s":3})");
}

TEST_CASE_METHOD(Fixture, "more paths and more history come when they are asked for") {
  Repository part = clone_of("part", {.paths = {"cows"}, .depth = 1});
  check_equal(part);
  CHECK(part.scope().boundary.size() == 1);
  CHECK(read(part, "cows/1.json") == R"({"n":2})");
  CHECK(read(part, "cows/1.json", "@~1") == R"({"n":2})");
  CHECK(error_code_of([&] { read(part, "cows/1.json", "@~3"); }) == ErrorCode::kNotHeld);
  CHECK(error_code_of([&] { read(part, "sheep/1.json"); }));

  const auto fetch = [&](const Widening& widening) {
    SyncOptions options;
    options.direction = Direction::kFetch;
    options.widening = widening;
    const SyncResult result = sync_with(part, *find_remote(part, "origin"), options);
    if (result.error) FAIL(result.error->what());
  };
  fetch({.paths = {"sheep/"}});
  CHECK(part.scope().prefixes == std::vector<std::string>{"cows", "sheep"});
  CHECK(read(part, "sheep/1.json") == R"({"s":2})");
  CHECK(error_code_of([&] { read(part, "sheep/1.json", "@~3"); }));
  fetch({.deepen = 3});
  CHECK(read(part, "sheep/1.json", "@~3") == R"({"s":1})");
  CHECK(read(part, "cows/1.json", "@~3") == R"({"n":1})");
  fetch({.deepen = 100});
  CHECK(part.scope().boundary.empty());
  put(part, "sheep/1.json", R"({"s":9})");
  sync(part);
  check_equal(part);
}

TEST_CASE_METHOD(Fixture, "merges of what a clone does not hold are computed all the same") {
  // The office and another device write the same documents, apart; a third one sees the result.
  Repository other = clone_of("other", {});
  const auto diverge = [&](int round) {
    const std::string n = std::to_string(round);
    put(office, "sheep/1.json", R"({"s":)" + n + R"(,"at":"office"})");
    put(other, "sheep/1.json", R"({"s":2,"n":)" + n + "}");
    put(other, "cows/1.json", R"({"n":)" + n + "}");
    put(office, "cows/2.json", R"({"n":)" + n + "}");
    sync(other);
  };
  diverge(1);
  Repository cows = clone_of("cows", {.paths = {"cows"}});
  check_equal(cows);
  put(office, "cows/after.json", "1");
  diverge(2);
  put(other, "x", "settled");
  sync(other);
  sync(cows);
  check_equal(cows);
  // Rules that change have merged documents merged anew.
  put(office, ".isodb/merge.json", R"({"rules":[{"match":"sheep/*","strategy":"latest"}]})");
  sync(cows);
  check_equal(cows);
  // Its own merges: heads here and there.
  diverge(3);
  put(cows, "cows/1.json", R"({"n":77})");
  put(office, "cows/1.json", R"({"n":78})");
  sync(cows);
  check_equal(cows);
  CHECK(office.verify({.again = true}).empty());
  Repository again = clone_of("again", {.paths = {"cows"}});
  check_equal(again);
}

TEST_CASE_METHOD(Fixture, "two partial devices sync with each other") {
  Repository one = clone_of("one", {.paths = {"cows"}});
  Repository two = clone_of("two", {.paths = {"cows/2.json"}});
  put(one, "cows/2.json", R"({"n":22})");
  put(one, "cows/1.json", R"({"n":12})");
  put(two, "cows/2.json", R"({"m":23})");
  const SyncResult result = sync_with(two, remote_at((folder / "one").string()));
  if (result.error) FAIL(result.error->what());
  CHECK(one.ref("heads/main") == two.ref("heads/main"));
  CHECK(read(two, "cows/2.json") == read(one, "cows/2.json"));
  CHECK(one.fsck().empty());
  CHECK(two.fsck().empty());
  // What a third wrote, of which the narrow one holds no bytes, cannot go on to the office yet.
  const SyncResult refused = meet_origin(two);
  REQUIRE(refused.error);
  CHECK(refused.error->code() == ErrorCode::kNotHeld);
  sync(one);
  sync(two);
  check_equal(one);
  check_equal(two);
}

namespace {

void check_not_held(const SyncResult& result, const std::string& path) {
  REQUIRE(result.error);
  INFO(result.error->what());
  CHECK(result.error->code() == ErrorCode::kNotHeld);
  CHECK(std::string(result.error->what()).find("'" + path + "'") != std::string::npos);
}

}  // namespace

TEST_CASE_METHOD(Fixture, "partial devices that met bring their own work, and take what comes") {
  Repository cows = clone_of("cows", {.paths = {"cows"}});
  Repository sheep = clone_of("sheep", {.paths = {"sheep"}});
  put(cows, "cows/1.json", R"({"n":3})");
  put(sheep, "sheep/1.json", R"({"s":3})");
  const SyncResult met = sync_with(cows, remote_at((folder / "sheep").string()));
  if (met.error) FAIL(met.error->what());
  put(cows, "cows/2.json", R"({"n":21})");
  put(sheep, "sheep/2.json", R"({"s":20})");
  put(office, "cows/3.json", R"({"n":30})");

  // Of the two commits before its last one, each holds its own, whichever came to be sent first.
  for (int round = 0; round < 2; ++round) {
    check_not_held(meet_origin(cows), "sheep/1.json");
    CHECK(office.refs("incoming/").size() == 1);
    CHECK(read(cows, "cows/3.json") == R"({"n":30})");
  }
  put(office, "cows/3.json", R"({"n":31})");
  check_not_held(sync_with(office, remote_at((folder / "cows").string())), "sheep/1.json");
  CHECK(read(cows, "cows/3.json") == R"({"n":31})");
  CHECK(read(office, "cows/1.json") == R"({"n":2})");

  sync(sheep);
  check_equal(sheep);
  CHECK(read(office, "cows/1.json") == R"({"n":3})");
  sync(cows);
  check_equal(cows);
  CHECK(office.refs("incoming/").empty());
  CHECK(read(office, "cows/2.json") == R"({"n":21})");
  CHECK(read(office, "sheep/2.json") == R"({"s":20})");
  CHECK(office.fsck().empty());
  CHECK(cows.fsck().empty());
}

TEST_CASE_METHOD(Fixture, "partial devices that cannot send do not wait for each other") {
  Repository one = clone_of("one", {.paths = {"cows"}});
  Repository two = clone_of("two", {.paths = {"sheep"}});
  Repository shepherd = clone_of("shepherd", {.paths = {"sheep"}});
  Repository cowherd = clone_of("cowherd", {.paths = {"cows"}});
  put(shepherd, "sheep/3.json", R"({"s":30})");
  put(cowherd, "cows/3.json", R"({"n":30})");
  REQUIRE_FALSE(sync_with(one, remote_at((folder / "shepherd").string())).error);
  REQUIRE_FALSE(sync_with(two, remote_at((folder / "cowherd").string())).error);
  check_not_held(sync_with(one, remote_at((folder / "two").string())), "cows/3.json");
  check_not_held(sync_with(two, remote_at((folder / "one").string())), "sheep/3.json");
  sync(shepherd);
  sync(cowherd);
  sync(one);
  sync(two);
  check_equal(one);
  check_equal(two);
  CHECK(read(one, "cows/3.json") == R"({"n":30})");
}

TEST_CASE_METHOD(Fixture, "heads that cannot be merged yet wait for what they need") {
  Repository other = clone_of("other", {});
  Repository one = clone_of("one", {.paths = {"cows"}});
  Repository two = clone_of("two", {.paths = {"cows"}});
  put(office, "sheep/1.json", R"({"s":3,"at":"office"})");
  put(other, "sheep/1.json", R"({"s":4})");
  sync(one);
  const SyncResult took = sync_with(two, remote_at((folder / "other").string()));
  if (took.error) FAIL(took.error->what());
  const auto before = one.ref("heads/main");
  for (int round = 0; round < 2; ++round) {
    const SyncResult result = sync_with(one, remote_at((folder / "two").string()));
    REQUIRE(result.error);
    CHECK(result.error->code() == ErrorCode::kNotHeld);
    INFO(result.error->what());
    CHECK(result.report.waiting == std::vector<std::string>{"sheep/1.json"});
    CHECK(one.ref("heads/main") == before);
    CHECK(one.refs("waiting/").size() == 1);
    CHECK(two.refs("waiting/").size() == 1);
  }
  // Its own work goes on, and to the office.
  put(one, "cows/1.json", R"({"n":5})");
  sync(one);
  CHECK(read(office, "cows/1.json") == R"({"n":5})");
  sync(other);
  sync(one);
  sync(two);
  check_equal(one);
  check_equal(two);
  CHECK(one.refs("waiting/").empty());
  CHECK(two.refs("waiting/").empty());
  CHECK(one.fsck().empty());
}

TEST_CASE_METHOD(Fixture, "what a copy of a partial device wrote elsewhere is waited for") {
  clone_of("one", {.paths = {"cows"}});
  std::filesystem::copy(folder / "one", folder / "copy", std::filesystem::copy_options::recursive);
  Repository one = Repository::open(folder / "one");
  Repository two = clone_of("two", {.paths = {"cows"}});
  {
    Repository copy = Repository::open(folder / "copy");
    SyncOptions options;
    options.direction = Direction::kFetch;
    options.widening = {.paths = {"sheep"}};
    REQUIRE_FALSE(sync_with(copy, *find_remote(copy, "origin"), options).error);
    put(copy, "sheep/1.json", R"({"s":3,"at":"copy"})");
    REQUIRE(copy.commit(copy.resolve_commit("@")).writer == repo::Access::state(one)->writer);
    const SyncResult took = sync_with(two, remote_at((folder / "copy").string()));
    if (took.error) FAIL(took.error->what());
  }
  put(office, "sheep/1.json", R"({"s":4})");
  sync(one);
  const auto before = one.ref("heads/main");
  for (int round = 0; round < 2; ++round) {
    const SyncResult result = sync_with(one, remote_at((folder / "two").string()));
    REQUIRE(result.error);
    INFO(result.error->what());
    CHECK(result.error->code() == ErrorCode::kNotHeld);
    CHECK(result.report.waiting == std::vector<std::string>{"sheep/1.json"});
    CHECK(one.ref("heads/main") == before);
    CHECK(one.refs("waiting/").size() == 1);
    CHECK(one.fsck().empty());
    CHECK_NOTHROW(one.collect());
  }
  Repository copy = Repository::open(folder / "copy");
  sync(copy);
  sync(one);
  check_equal(copy);
  check_equal(one);
  CHECK(one.refs("waiting/").empty());
  CHECK(one.fsck().empty());
  CHECK(one.verify({.again = true}).empty());
}

TEST_CASE_METHOD(Fixture, "a scope is chosen once, and a clone of a partial one lies within it") {
  Repository cows = clone_of("cows", {.paths = {"cows"}});
  SyncOptions options;
  const Remote partial = remote_at((folder / "cows").string());
  const SyncResult whole = clone(partial, folder / "whole", options);
  REQUIRE(whole.error);
  CHECK(whole.error->code() == ErrorCode::kNotHeld);
  options.scope.paths = {"cows/1.json"};
  CHECK_FALSE(clone(partial, folder / "narrow", options).error);
  CHECK(read(Repository::open(folder / "narrow"), "cows/1.json") == R"({"n":2})");
  const auto code = [&](const CloneScope& scope) {
    SyncOptions wrong;
    wrong.scope = scope;
    return error_code_of([&] { clone(partial, folder / "wrong", wrong); });
  };
  CHECK(code({.paths = {"/x"}}) == ErrorCode::kInvalid);
  CHECK(code({.depth = 0}) == ErrorCode::kInvalid);
  CHECK(code({.depth = 1, .since_millis = 1}) == ErrorCode::kInvalid);
  options.widening.deepen = 1;
  CHECK(error_code_of([&] { sync_with(office, partial, options); }) == ErrorCode::kInvalid);
}

}  // namespace isodb::sync
