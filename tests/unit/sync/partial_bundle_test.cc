// Bundles from and for repositories that hold a part.
#include "isodb/bundle.h"
#include "isodb/scope.h"
#include "tests/support/pair_of_repositories.h"

namespace isodb::sync {
namespace {

namespace fs = std::filesystem;
using testing::error_of;
using testing::put;

std::string long_text(const std::string& beginning) {
  std::string text = beginning;
  for (int i = 0; i < 30'000; ++i) text += std::to_string(i * 7919) + "\n";
  return text;
}

/// An office, and clones of its cows, of its sheep and of all.
struct Fixture {
  Fixture() : office(Repository::init(folder / "office")) {
    put(office, ".isodb/repository.json", R"({"created":1,"format":1,"anyone":"writer"})");
    put(office, "cows/1.json", R"({"n":1,"name":"Ada"})");
    put(office, "sheep/1.json", R"({"s":1,"name":"Dolly"})");
    put(office, "sheep/long.txt", long_text("first\n"));
    cows.emplace(clone_of("cows"));
    sheep.emplace(clone_of("sheep"));
  }
  Repository clone_of(const std::string& path) {
    SyncOptions options;
    if (!path.empty()) options.scope.paths = {path};
    const fs::path at = folder / ("clone" + std::to_string(++clones));
    const SyncResult made = clone(remote_at((folder / "office").string()), at, options);
    if (made.error) FAIL(made.error->what());
    return Repository::open(at);
  }
  static void check_not_held(const std::optional<Error>& error, const std::string& path) {
    REQUIRE(error);
    INFO(error->what());
    CHECK(error->code() == ErrorCode::kNotHeld);
    CHECK(std::string(error->what()).find("'" + path + "'") != std::string::npos);
    CHECK_FALSE(error->hint().empty());
  }
  std::optional<Error> applied_to(Repository& repository) {
    return error_of([&] { apply_bundle(repository, file); });
  }
  std::string since() const { return office.ref("heads/main")->hex(); }
  static void sync(Repository& repository) {
    const SyncResult result = sync_with(repository, *find_remote(repository, "origin"));
    if (result.error) FAIL(result.error->what());
  }

  testing::TemporaryFolder folder;
  const fs::path file = folder / "b.bundle";
  Repository office;
  std::optional<Repository> cows, sheep;
  int clones = 0;
};

}  // namespace

TEST_CASE_METHOD(Fixture,
                 "a partial repository's own work goes into a bundle, and is whole there") {
  const std::string before = since();
  put(*cows, "cows/1.json", R"({"n":2,"name":"Ada"})");
  put(*cows, "cows/2.json", long_text("cow\n"));
  create_bundle(*cows, file, {.since = before});
  CHECK(verify_bundle(file).commits == 2);
  CHECK_FALSE(applied_to(office));
  CHECK(office.ref("heads/main") == cows->ref("heads/main"));
  CHECK(office.snapshot().get("cows/2.json") == long_text("cow\n"));
  CHECK(office.verify({.again = true}).empty());
  // Since what was agreed on with a remote, too; and a second time it brings nothing.
  create_bundle(*cows, file, {.since = "origin"});
  CHECK(apply_bundle(office, file).report.commits_received == 0);
}

TEST_CASE_METHOD(Fixture, "a bundle of what a partial repository does not hold is not made") {
  const auto everything = error_of([&] { create_bundle(*cows, file); });
  check_not_held(everything, "sheep/1.json");
  CHECK(std::string(everything->what()).find("commit ") != std::string::npos);
  const std::string before = since();
  put(office, "sheep/1.json", R"({"s":2,"name":"Dolly"})");
  put(office, "cows/1.json", R"({"n":2,"name":"Ada"})");
  sync(*cows);
  check_not_held(error_of([&] { create_bundle(*cows, file, {.since = before}); }), "sheep/1.json");
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    CHECK(entry.path().filename().string().find("bundle") == std::string::npos);
  }
}

TEST_CASE_METHOD(Fixture, "a partial repository takes a bundle that builds on what it holds") {
  const std::string before = since();
  put(office, "cows/1.json", R"({"n":2,"name":"Ada"})");
  put(office, "sheep/2.json", R"({"s":7})");
  create_bundle(office, file, {.since = before});
  CHECK_FALSE(applied_to(*cows));
  CHECK(cows->ref("heads/main") == office.ref("heads/main"));
  CHECK(cows->snapshot().get("cows/1.json") == R"({"n":2,"name":"Ada"})");
  CHECK(cows->snapshot().get("sheep/2.json") == R"({"s":7})");  // it came all the same
  CHECK(cows->fsck().empty());
  CHECK(cows->verify().empty());
}

TEST_CASE_METHOD(Fixture, "of a bundle that builds on what is not held the path is named") {
  const auto before = cows->ref("heads/main");
  const std::string since_now = since();
  put(office, "cows/1.json", R"({"n":2,"name":"Ada"})");
  SECTION("an edit") {
    put(office, "sheep/1.json", R"({"s":2,"name":"Dolly"})");
  }
  SECTION("an edit of a large document") {
    put(office, "sheep/long.txt", long_text("first\n") + "last\n");
  }
  const bool is_large = office.snapshot().get("sheep/long.txt") != long_text("first\n");
  create_bundle(office, file, {.since = since_now});
  for (int round = 0; round < 2; ++round) {
    check_not_held(applied_to(*cows), is_large ? "sheep/long.txt" : "sheep/1.json");
    CHECK(cows->ref("heads/main") == before);
    CHECK(cows->fsck().empty());
  }
  // What came whole is not sent again, and nothing is in the way of a session.
  sync(*cows);
  CHECK(cows->ref("heads/main") == office.ref("heads/main"));
  CHECK(cows->snapshot().get("cows/1.json") == R"({"n":2,"name":"Ada"})");
  CHECK_FALSE(applied_to(*cows));
  CHECK(cows->refs("incoming/").empty());
  CHECK(cows->fsck().empty());
}

TEST_CASE_METHOD(Fixture, "of a bundle that merges what is not held the path is named") {
  Repository other = clone_of("");
  const std::string since_now = since();
  put(office, "sheep/1.json", R"({"s":2,"name":"Dolly"})");
  put(other, "sheep/1.json", R"({"s":1,"name":"Molly"})");
  sync(other);
  put(office, "cows/3.json", "on top of both");
  create_bundle(office, file, {.since = since_now});
  const auto before = cows->ref("heads/main");
  check_not_held(applied_to(*cows), "sheep/1.json");
  CHECK(cows->ref("heads/main") == before);
  CHECK_FALSE(applied_to(*sheep));
  CHECK(sheep->ref("heads/main") == office.ref("heads/main"));
  CHECK(sheep->snapshot().get("sheep/1.json") == R"({"s":2,"name":"Molly"})");
  CHECK(sheep->verify().empty());
  sync(*cows);
  CHECK(cows->ref("heads/main") == office.ref("heads/main"));
}

TEST_CASE_METHOD(Fixture, "two partial repositories give each other bundles of what both hold") {
  Repository more = clone_of("cows");
  const std::string since_now = since();
  put(*cows, "cows/1.json", R"({"n":2,"name":"Ada"})");
  create_bundle(*cows, file, {.since = since_now});
  CHECK_FALSE(applied_to(more));
  CHECK(more.ref("heads/main") == cows->ref("heads/main"));
  // Of other folders it needs the text before.
  check_not_held(applied_to(*sheep), "cows/1.json");
  CHECK(sheep->fsck().empty());
}

}  // namespace isodb::sync
