#include "repo/scope.h"

#include <catch2/catch.hpp>
#include <functional>
#include <map>

#include "isodb/repository.h"
#include "repo/access.h"
#include "repo/state.h"
#include "tests/support/testing.h"

using namespace isodb;
using isodb::testing::error_code_of;
using isodb::testing::TemporaryFolder;

namespace {

using Prefixes = std::vector<std::string>;

/// Two lines of three and four commits on a common one, merged:
/// root - 1 - 2 - 3 - 4 - 5 (main)
///         \ a - b - c /
struct Lines {
  Lines() : repository(Repository::init(folder / "farm")) {
    at["root"] = repository.id();
    put("heads/main", "1", "cows/1");
    repository.move_ref("heads/side", std::nullopt, at["1"], "test");
    put("heads/main", "2", "cows/1");
    put("heads/main", "3", "cows/2");
    put("heads/side", "a", "pigs/1");
    put("heads/side", "b", "pigs/2");
    put("heads/side", "c", "pigs/1");
    put("heads/main", "4", "cows/4");
    repository.merge("side", "heads/main");
    put("heads/main", "5", "cows/5");
  }
  void put(const std::string& branch, const std::string& name, const std::string& path) {
    Transaction transaction = repository.begin(branch);
    transaction.put(path, "by " + name);
    at[name] = std::get<CommitId>(transaction.commit({.message = name}));
  }
  std::vector<CommitId> named(const std::vector<std::string>& names) {
    std::vector<CommitId> ids;
    for (const std::string& name : names) ids.push_back(at.at(name));
    std::sort(ids.begin(), ids.end());
    return ids;
  }
  std::vector<CommitId> heads() { return {at.at("5")}; }
  RepositoryState& state() { return *repo::Access::state(repository); }
  Stamp stamp(const std::string& name) { return repository.commit(at.at(name)).stamp(); }

  const TemporaryFolder folder;
  Repository repository;
  std::map<std::string, CommitId> at;
};

}  // namespace

TEST_CASE("A choice of prefixes has one form: sorted, no '/' at the end, none inside another") {
  CHECK(scope_prefixes({"pigs/", "cows", "cows/5", "cows-old", "cows"}) ==
        Prefixes{"cows", "cows-old", "pigs"});
  CHECK(scope_prefixes({"cows/5/", "cow"}) == Prefixes{"cow", "cows/5"});
  CHECK(scope_prefixes({".isodb", "a"}) == Prefixes{".isodb", "a"});
  CHECK(scope_prefixes({}).empty());
  for (const char* bad : {"", "/", "/cows", "cows//5", "a/../b", "\xff"}) {
    CAPTURE(bad);
    CHECK(error_code_of([&] { scope_prefixes({bad}); }) == ErrorCode::kInvalid);
  }
  Prefixes many;
  for (std::size_t i = 0; i <= kScopePrefixesMax; ++i) many.push_back("p" + std::to_string(i));
  CHECK(error_code_of([&] { scope_prefixes(many); }) == ErrorCode::kLimit);
  many.pop_back();
  CHECK(scope_prefixes(many).size() == kScopePrefixesMax);
}

TEST_CASE("A prefix covers the document of that name and what is in the folder, no more") {
  const Scope scope{scope_prefixes({"cows", "cows-old", "farm/east"}), {}};
  for (const char* path : {"cows", "cows/5", "cows/5/a", "cows-old/1", "farm/east/1", ".isodb/x"}) {
    CAPTURE(path);
    CHECK(scope.covers_path(path));
  }
  for (const char* path : {"cow", "cows5", "cows-", "farm", "farm/eas", "farm/easter", ".isodbx"}) {
    CAPTURE(path);
    CHECK_FALSE(scope.covers_path(path));
  }
  CHECK(Scope{}.covers_path("anything"));
}

TEST_CASE("A scope is written as a setting and read back, and what is none is refused") {
  Lines lines;
  CHECK_FALSE(repo::scope_text({}));
  CHECK(repo::parse_scope(std::nullopt).is_whole());
  const Scope scope{{"cows", "p\"q"}, lines.named({"2", "b"})};
  CHECK(repo::parse_scope(repo::scope_text(scope)) == scope);

  lines.repository.set_setting(repo::kSettingScope, repo::scope_text(scope));
  CHECK(lines.state().scope()->is_whole());
  CHECK(lines.repository.scope() == scope);
  CHECK(*lines.state().scope() == scope);
  CHECK(Repository::open(lines.folder / "farm").scope() == scope);

  const std::string id = '"' + std::string(64, 'a') + '"';
  std::string twice = R"({"version":1,"prefixes":[],"boundary":[)";
  twice.append(id).append(",").append(id).append("]}");
  for (const std::string& text : std::vector<std::string>{
           "", "1", R"({"version":1})", R"({"version":1,"prefixes":["b","a"],"boundary":[]})",
           R"({"version":1,"prefixes":["a/"],"boundary":[]})",
           R"({"version":1,"prefixes":"a","boundary":[]})",
           R"({"version":1,"prefixes":[],"boundary":["ab"]})", twice}) {
    CAPTURE(text);
    CHECK(error_code_of([&] { repo::parse_scope(text); }) == ErrorCode::kCorrupt);
  }
  CHECK(error_code_of([] { repo::parse_scope(R"({"version":2})"); }) == ErrorCode::kUnsupported);
}

TEST_CASE("The boundary at a depth is the heads of what is that many steps or more away") {
  Lines lines;
  const auto at_depth = [&](std::uint64_t depth) {
    return repo::boundary_at_depth(lines.state(), lines.heads(), depth);
  };
  CHECK(at_depth(1) == lines.named({"4", "c"}));
  CHECK(at_depth(2) == lines.named({"3", "b"}));
  CHECK(at_depth(3) == lines.named({"2", "a"}));
  // Commit 1 is four steps away on both sides.
  CHECK(at_depth(4) == lines.named({"1"}));
  CHECK(at_depth(5) == lines.named({"root"}));
  CHECK(at_depth(6).empty());
  CHECK(at_depth(UINT64_MAX).empty());
  CHECK(error_code_of([&] { at_depth(0); }) == ErrorCode::kInvalid);

  // Further back from a boundary; and where the shortest way goes round: from 4 and a, commit 1 is
  // one step away, though 2 and 3 lie between.
  CHECK(repo::boundary_at_depth(lines.state(), lines.named({"4", "c"}), 1) ==
        lines.named({"3", "b"}));
  CHECK(repo::boundary_at_depth(lines.state(), lines.named({"4", "a"}), 1) == lines.named({"3"}));
  CHECK(repo::boundary_at_depth(lines.state(), lines.named({"root"}), 1).empty());
}

TEST_CASE("The boundary at a time is the heads of what was written before") {
  Lines lines;
  const auto since = [&](std::uint64_t millis) {
    return repo::boundary_since(lines.state(), lines.heads(), millis);
  };
  CHECK(since(0).empty());
  CHECK(since(1) == lines.named({"root"}));  // whose clock is 0
  CHECK(since(lines.stamp("5").clock.millis() + 1) == lines.named({"5"}));
  const std::uint64_t middle = lines.stamp("c").clock.millis();
  std::vector<CommitId> older;
  for (const auto& [name, id] : lines.at) {
    if (lines.stamp(name).clock.millis() < middle) older.push_back(id);
  }
  REQUIRE_FALSE(older.empty());
  CHECK(since(middle) == lines.state().merging->heads_of(older));
}

TEST_CASE(
    "Of what is in the past of the boundary, what was live there is in scope and the rest is not") {
  Lines lines;
  struct Write {
    const char* path;
    const char* by;
    bool covered, surely;
  };
  const auto check = [&](const Scope& scope, const std::vector<Write>& writes) {
    repo::HeldScope held(lines.state(), scope);
    for (const Write& write : writes) {
      CAPTURE(write.path, write.by);
      CHECK(held.covers(write.path, lines.stamp(write.by), lines.at.at(write.by)) == write.covered);
      CHECK(held.surely_covers(write.path, lines.stamp(write.by)) == write.surely);
    }
  };
  check({}, {{"cows/1", "1", true, true}, {"x", "root", true, true}});
  // What 2 wrote over is live in b still, which 3 does not see.
  check({{}, lines.named({"3", "b"})}, {{"cows/1", "1", true, true},
                                        {"cows/1", "2", true, true},
                                        {"cows/2", "3", true, true},
                                        {"pigs/1", "a", true, true},
                                        {"pigs/2", "b", true, true},
                                        {"cows/4", "4", true, true},
                                        {"cows/5", "5", true, true},
                                        {".isodb/repository.json", "root", true, true}});
  check({{}, lines.named({"3", "c"})},
        {{"cows/1", "2", true, true}, {"pigs/1", "a", false, false}});
  check({{}, lines.named({"3"})}, {{"cows/1", "1", false, false}, {"pigs/1", "a", true, true}});
  // 2 and 3 are not in the past of b, but their clocks are below its.
  check({{}, lines.named({"b"})}, {{"cows/1", "1", true, true},
                                   {"cows/1", "2", true, false},
                                   {"cows/2", "3", true, false},
                                   {"pigs/1", "c", true, true}});
  check({{"pigs"}, lines.named({"4", "c"})}, {{"cows/5", "5", false, false},
                                              {"pigs/1", "a", false, false},
                                              {"pigs/1", "c", true, true},
                                              {"pigs/2", "b", true, true}});
}

TEST_CASE("As long as a boundary is not here, nothing that depends on it counts as in scope") {
  Lines lines;
  Scope scope{{}, lines.named({"3"})};
  scope.boundary.emplace_back(*Id::from_hex(std::string(64, 'f')));
  repo::HeldScope held(lines.state(), scope);
  CHECK_FALSE(held.covers("cows/5", lines.stamp("5"), lines.at.at("5")));
  CHECK_FALSE(held.surely_covers("cows/5", lines.stamp("5")));
  CHECK(held.surely_covers(".isodb/epoch", lines.stamp("5")));

  const CommitId commit = lines.at.at("3");
  repo::HeldScope other(lines.state(), {{}, {CommitId(lines.repository.commit(commit).tree)}});
  CHECK(error_code_of([&] { other.surely_covers("a", {}); }) == ErrorCode::kInvalid);
}

TEST_CASE("What is not held names its path, its commits and what to do") {
  const ContentNotHeld error("it is not here", "fetch it", {{"a", {}}, {"b", {}}});
  CHECK(error.code() == ErrorCode::kNotHeld);
  CHECK(error_code_name(error.code()) == "not_held");
  CHECK(error.path() == "a");
  CHECK(error.needs().size() == 2);
  CHECK(ContentNotHeld("", "", {}).path().empty());
}
