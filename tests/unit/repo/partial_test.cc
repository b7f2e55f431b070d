#include <catch2/catch.hpp>

#include "isodb/import_session.h"
#include "isodb/repository.h"
#include "isodb/scope.h"
#include "repo/branch_merge.h"
#include "tests/support/partial.h"
#include "tests/support/testing.h"

using namespace isodb;
using isodb::testing::copy_objects;
using isodb::testing::error_code_of;
using isodb::testing::partial_copy;
using isodb::testing::TemporaryFolder;

namespace {

/// What an action is refused with for want of contents; nullopt where it is not.
template <typename Action>
std::optional<ContentNotHeld> not_held(Action action) {
  try {
    action();
  } catch (const ContentNotHeld& error) {
    return error;
  }
  return std::nullopt;
}

CommitId put(Repository& repository, const std::string& path, const std::string& document,
             const PutOptions& options = {}, const std::string& branch = {}) {
  Transaction transaction = repository.begin(branch);
  transaction.put(path, document, options);
  return std::get<CommitId>(transaction.commit({.message = "put " + path}));
}

struct Farm {
  Farm() : whole(Repository::init(folder / "whole")) {
    old = put(whole, "cows/1.json", R"({"weight":1,"name":"Ada"})", {.metadata = R"({"by":"a"})"});
    put(whole, "pigs/1.json", R"({"weight":2})", {.metadata = R"({"by":"b"})"});
    put(whole, "pigs/large", large);
    newer = put(whole, "cows/1.json", R"({"weight":5,"name":"Ada"})");
    head = put(whole, "cows/2.json", R"({"weight":7})");
  }
  Repository partial(const Scope& scope, const std::unordered_set<Id>& lost = {}) {
    return partial_copy(whole, folder / ("partial" + std::to_string(++copies)), scope, lost);
  }
  RepositoryState& state(Repository& repository) { return *repo::Access::state(repository); }

  const TemporaryFolder folder;
  Repository whole;
  const std::string large = [] {
    std::string text;
    for (int i = 0; i < 40'000; ++i) text += std::to_string(i * 7919) + "\n";
    return text;
  }();
  CommitId old, newer, head;
  int copies = 0;
};

const Scope kCows{{"cows"}, {}};

}  // namespace

TEST_CASE("A partial repository reads what is in its scope and says of the rest what to do") {
  Farm farm;
  const Repository partial = farm.partial(kCows);
  const Snapshot snapshot = partial.snapshot();
  CHECK(snapshot.count() == farm.whole.snapshot().count());
  CHECK(snapshot.get("cows/1.json") == farm.whole.snapshot().get("cows/1.json"));
  CHECK(snapshot.get(".isodb/repository.json"));
  CHECK_FALSE(snapshot.get("pigs/7"));
  CHECK(snapshot.entry("pigs/1.json") == farm.whole.snapshot().entry("pigs/1.json"));

  const auto error = not_held([&] { snapshot.get("pigs/1.json"); });
  REQUIRE(error);
  CHECK(error->path() == "pigs/1.json");
  CHECK(error->commits() == std::vector<CommitId>{farm.head});
  CHECK(error->code() == ErrorCode::kNotHeld);
  CHECK(error->hint().find("isodb fetch --add-path pigs/1.json") != std::string::npos);
  CHECK(not_held([&] { snapshot.get_many({"cows/1.json", "pigs/1.json"}); }));
  CHECK(not_held([&] { snapshot.get_range("pigs/large", 9, 9); }));
  CHECK(not_held([&] { snapshot.stream("pigs/large", [](ByteView) {}); }));
  CHECK(not_held([&] { snapshot.metadata("pigs/1.json"); }));
  CHECK(not_held([&] { snapshot.documents("pigs/").bytes(); }));
  CHECK(not_held([&] { partial.object(snapshot.entry("pigs/1.json")->content); }));
  Repository writable = farm.partial(kCows);
  CHECK(not_held([&] { writable.begin().get("pigs/1.json"); }));
}

TEST_CASE("Behind a boundary only what was live there is read, and blame says where it ends") {
  Farm farm;
  const Repository partial = farm.partial({{}, {farm.newer}});
  const Snapshot snapshot = partial.snapshot();
  for (const char* path : {"cows/1.json", "cows/2.json", "pigs/1.json", "pigs/large"}) {
    CAPTURE(path);
    CHECK(snapshot.get(path) == farm.whole.snapshot().get(path));
  }
  const auto error = not_held([&] { partial.snapshot_of(farm.old).get("cows/1.json"); });
  REQUIRE(error);
  CHECK(error->commits() == std::vector<CommitId>{farm.old});
  CHECK(error->hint().find("--deepen") != std::string::npos);

  const auto blamed = partial.blame("@", "cows/1.json");
  REQUIRE(blamed.size() == 2);
  for (const BlameItem& item : blamed) {
    CHECK(item.commit == farm.newer);
    CHECK(item.or_before);
  }
  for (const BlameItem& item : farm.whole.blame("@", "cows/1.json")) CHECK_FALSE(item.or_before);
  std::size_t logged = 0;
  partial.log({farm.head}, {.path = "cows/1.json"}, [&](const LoggedCommit&) {
    ++logged;
    return true;
  });
  CHECK(logged == 2);
}

TEST_CASE("What a partial repository must hold and does not is damage") {
  Farm farm;
  Repository partial = farm.partial(kCows);
  NotSeen not_seen;
  CHECK(partial.fsck({}, &not_seen).empty());
  CHECK(not_seen.contents == 3);  // two documents and metadata, though one of them has many parts
  CHECK(partial.statistics().documents_not_held == 2);
  CHECK(farm.whole.statistics().documents_not_held == 0);

  // The same objects under a scope that they do not fill.
  partial.set_setting(repo::kSettingScope, repo::scope_text({{"cows", "pigs/1.json"}, {}}));
  const std::vector<Finding> findings = partial.fsck({}, &not_seen);
  CHECK(findings.size() == 2);  // the document and its metadata
  CHECK(not_seen.contents == 1);
  CHECK(error_code_of([&] { partial.snapshot().get("pigs/1.json"); }) == ErrorCode::kCorrupt);
  CHECK(error_code_of([&] { partial.collect(); }) == ErrorCode::kCorrupt);

  partial.set_setting(repo::kSettingScope, std::nullopt);
  CHECK(partial.fsck().size() == 3);
  CHECK(error_code_of([&] { partial.snapshot().get("pigs/large"); }) == ErrorCode::kCorrupt);
}

TEST_CASE("Collecting a partial repository keeps all that it holds") {
  Farm farm;
  for (const Scope& scope : {kCows, Scope{{}, {farm.newer}}, Scope{{"pigs"}, {farm.head}}}) {
    Repository partial = farm.partial(scope);
    put(partial, scope.prefixes.empty() ? "cows/9" : scope.prefixes.front() + "/9", "new");
    partial.collect();
    CHECK(partial.fsck().empty());
    CHECK(partial.verify().empty());
    const Snapshot now = partial.snapshot(), before = farm.whole.snapshot();
    for (DocumentCursor at = before.documents(); at.valid(); at.next()) {
      const bool is_held = scope.covers_path(at.path());
      CAPTURE(at.path(), is_held);
      if (is_held) {
        CHECK(now.get(at.path()) == at.bytes());
      } else {
        CHECK(not_held([&] { now.get(at.path()); }));
      }
    }
  }
}

TEST_CASE("A large document of which a part is missing is not held, whoever asks") {
  Farm farm;
  Repository partial = farm.partial(kCows);
  const Id list = farm.whole.snapshot().entry("pigs/large")->content;
  copy_objects(farm.whole, partial, std::vector<Id>{list});
  NotSeen not_seen;
  CHECK(partial.fsck({}, &not_seen).empty());
  CHECK(not_seen.contents == 3);
  CHECK(not_held([&] { partial.snapshot().get("pigs/large"); }));
  CHECK_NOTHROW(partial.collect());
  // Under a name that is in scope, the same content has to be whole.
  Transaction copy = farm.whole.begin();
  copy.put_entry("cows/large", *farm.whole.snapshot().entry("pigs/large"));
  copy.commit({});
  Repository other = farm.partial(kCows);
  CHECK(other.snapshot().get("pigs/large") == farm.large);
  CHECK(other.fsck().empty());
}

TEST_CASE("Outside of its prefixes a partial repository writes nothing but what governs it") {
  Farm farm;
  Repository partial = farm.partial(kCows);
  Transaction transaction = partial.begin();
  const auto refused = not_held([&] { transaction.put("pigs/1.json", "{}"); });
  REQUIRE(refused);
  CHECK(refused->path() == "pigs/1.json");
  CHECK(refused->hint().find("--add-path pigs/1.json") != std::string::npos);
  CHECK(not_held([&] { transaction.put("new", "1"); }));
  CHECK(not_held([&] { transaction.remove("pigs/1.json"); }));
  CHECK(not_held([&] { transaction.remove_prefix("pigs/"); }));
  CHECK(not_held([&] { transaction.put_stream("pigs/2", [](char*, std::size_t) { return 0; }); }));
  const Entry pig = *partial.snapshot().entry("pigs/1.json");
  CHECK(
      not_held([&] { transaction.put_entry("pigs/3", *partial.snapshot().entry("cows/1.json")); }));
  CHECK(not_held([&] { transaction.put_entry("cows/3", pig); }));
  CHECK_FALSE(transaction.remove("pigs/none"));
  CHECK(transaction.empty());
  transaction.put("cows/3.json", "{}");
  transaction.put(".isodb/merge.json", R"({"rules":[]})");
  CHECK(std::holds_alternative<CommitId>(transaction.commit({})));
  CHECK(not_held([&] { partial.revert(put(partial, "cows/3.json", "[]")); }) == std::nullopt);

  ImportSession session(partial);
  const Entry document = session.write_document("x", "text/plain", pig.content);
  const ImportSession::CommitInput out{
      partial.resolve_heads("@"), {}, {{"pigs/4", document}}, 1, {}, "import"};
  CHECK(not_held([&] { session.commit(out); }));

  // Another process has fetched the pigs.
  Repository elsewhere = Repository::open(partial.folder());
  elsewhere.set_setting(repo::kSettingScope, repo::scope_text({{"cows", "pigs"}, {}}));
  CHECK_NOTHROW(put(partial, "pigs/1.json", "{}"));
}

TEST_CASE("A revert that needs what is behind the boundary is refused") {
  Farm farm;
  Repository partial = farm.partial({{}, {farm.newer}});
  CHECK(not_held([&] { partial.revert(farm.newer); }));
  CHECK_FALSE(not_held([&] { partial.revert(farm.head); }));
}

namespace {

/// Two branches that both changed a cow and a pig.
struct TwoSides : Farm {
  TwoSides() {
    whole.move_ref("heads/side", std::nullopt, whole.ref("heads/main"), "test");
    side_cow = put(whole, "cows/1.json", R"({"weight":5,"name":"Eve"})", {}, "heads/side");
    side_pig = put(whole, "pigs/1.json", R"({"weight":3})", {}, "heads/side");
    main_cow = put(whole, "cows/1.json", R"({"weight":6,"name":"Ada"})");
    main_pig = put(whole, "pigs/1.json", R"({"weight":4})");
  }
  CommitId side_cow, side_pig, main_cow, main_pig;
};

}  // namespace

TEST_CASE("What was written under a partial repository's own writer need not be held for that") {
  TwoSides farm;
  Repository partial = farm.partial(kCows);
  refs::WriteBatch batch;  // as when its folder was copied, and the copy wrote of pigs
  batch.settings.emplace_back(repo::kSettingWriter, farm.state(farm.whole).writer.hex());
  farm.state(partial).database->write(batch);
  Repository copied = Repository::open(partial.folder());
  REQUIRE(farm.state(copied).writer == copied.commit(farm.main_pig).writer);

  CHECK(not_held([&] { copied.snapshot().get("pigs/1.json"); }));
  CHECK(not_held([&] { copied.snapshot_of(farm.head).metadata("pigs/1.json"); }));
  CHECK(not_held([&] { copied.merge("side"); }));
  CHECK(not_held([&] { copied.blame("@", "pigs/1.json"); }));
  CHECK(copied.fsck().empty());
  CHECK(copied.verify().empty());
  CHECK_NOTHROW(copied.collect());
  CHECK(copied.snapshot("side").get("cows/1.json"));
}

TEST_CASE("Beside the boundary, too, what must be held and is not is damage") {
  TwoSides farm;
  const Scope since{{}, {farm.main_pig}};
  const Scope cows_since{{"cows"}, {farm.main_pig}};
  const auto content = [&](const CommitId& commit, const char* path) {
    return farm.whole.snapshot_of(commit).entry(path)->content;
  };
  CHECK(farm.partial(since).fsck().empty());
  Repository damaged = farm.partial(since, {content(farm.side_pig, "pigs/1.json")});
  CHECK(error_code_of([&] { damaged.snapshot("side").get("pigs/1.json"); }) == ErrorCode::kCorrupt);
  CHECK(error_code_of([&] { damaged.begin("heads/side").get("pigs/1.json"); }) ==
        ErrorCode::kCorrupt);
  CHECK(error_code_of([&] { damaged.blame("side", "pigs/1.json"); }) == ErrorCode::kCorrupt);
  CHECK(error_code_of([&] { damaged.merge("side"); }) == ErrorCode::kCorrupt);
  CHECK(error_code_of([&] { damaged.collect(); }) == ErrorCode::kCorrupt);
  CHECK(damaged.fsck().size() == 1);

  // What was written before the boundary is not held, in whichever state it is asked for.
  CHECK(not_held([&] { damaged.snapshot_of(farm.head).get("pigs/1.json"); }));
  CHECK(not_held([&] { damaged.snapshot_of(farm.side_cow).get("pigs/1.json"); }));
  CHECK(not_held([&] { damaged.snapshot_of(farm.old).get("cows/1.json"); }));
  CHECK(damaged.snapshot("side").get("cows/1.json"));
  CHECK(damaged.snapshot().get("pigs/1.json") == R"({"weight":4})");

  // Nor is what was written beside it, of another folder.
  Repository cows = farm.partial(cows_since);
  CHECK(not_held([&] { cows.snapshot("side").get("pigs/1.json"); }));
  CHECK(not_held([&] { cows.merge("side"); }));
  CHECK(cows.fsck().empty());
  Repository cow_lost = farm.partial(cows_since, {content(farm.side_cow, "cows/1.json")});
  CHECK(error_code_of([&] { cow_lost.merge("side"); }) == ErrorCode::kCorrupt);
  CHECK(cow_lost.fsck().size() == 1);
}

TEST_CASE("A merge that needs contents which are not held names all of them and changes nothing") {
  TwoSides farm;
  Transaction more = farm.whole.begin("heads/side");
  more.put("pigs/0", "side");
  more.commit({});
  put(farm.whole, "pigs/0", "main");
  Repository partial = farm.partial(kCows);
  const std::optional<Id> before = partial.ref("heads/main");
  const auto error = not_held([&] { partial.merge("side"); });
  REQUIRE(error);
  CHECK(partial.ref("heads/main") == before);
  REQUIRE(error->needs().size() == 2);
  CHECK(error->needs()[0].path == "pigs/0");
  CHECK(error->needs()[0].commits.size() == 2);
  CHECK(error->needs()[1].path == "pigs/1.json");
  CHECK(not_held([&] { partial.plan_merge("side"); }));

  // What is named is enough, and not more than one fetch.
  for (const ContentNotHeld::Need& need : error->needs()) {
    for (const CommitId& commit : need.commits) {
      const Entry entry = *farm.whole.snapshot_of(commit).entry(need.path);
      std::vector<Id> ids{entry.content};
      if (entry.metadata) ids.push_back(*entry.metadata);
      copy_objects(farm.whole, partial, ids);
    }
  }
  const MergeOutcome merged = partial.merge("side");
  CHECK(merged.after == farm.whole.merge("side").after);
  CHECK(partial.fsck().empty());
  CHECK(partial.verify().empty());
  CHECK(partial.snapshot().get("cows/1.json") == R"({"weight":6,"name":"Eve"})");
}

TEST_CASE("Where only what is held meets, a partial repository merges like a whole one") {
  TwoSides farm;
  Repository partial = farm.partial({{"pigs"}, {}});
  const CommitId main = put(partial, "pigs/1.json", R"({"weight":9})");
  CHECK(partial.snapshot_of(main).get("pigs/1.json") == R"({"weight":9})");

  Farm other;
  other.whole.move_ref("heads/side", std::nullopt, other.whole.ref("heads/main"), "test");
  put(other.whole, "cows/1.json", R"({"weight":5,"name":"Eve"})", {}, "heads/side");
  put(other.whole, "pigs/1.json", R"({"weight":3})", {}, "heads/side");
  put(other.whole, "cows/1.json", R"({"weight":6,"name":"Ada"})");
  Repository cows = other.partial(kCows);
  const Id merged = cows.merge("side").after;
  CHECK(merged == other.whole.merge("side").after);
  const CommitId on_top = put(cows, "cows/5", "x");
  CHECK(cows.fsck().empty());
  CHECK(cows.verify().empty());
  CHECK(cows.commit(on_top).parents.size() == 2);
}

TEST_CASE("Verification says which merges it could not compute again, and tries them next time") {
  TwoSides farm;
  farm.whole.merge("side");
  put(farm.whole, "cows/9", "on top of both");
  REQUIRE(farm.whole.verify().empty());
  Repository partial = farm.partial(kCows);
  NotSeen not_seen;
  CHECK(partial.verify({}, {}, &not_seen).empty());
  CHECK(not_seen.merges == 1);
  CHECK(partial.verify({}, {}, &not_seen).empty());
  CHECK(not_seen.merges == 1);
  CHECK(partial.verify({.since = "@~1"}, {}, &not_seen).empty());
  CHECK(partial.fsck().empty());
  for (const CommitId& commit : {farm.main_pig, farm.side_pig, farm.head}) {
    const Entry entry = *farm.whole.snapshot_of(commit).entry("pigs/1.json");
    copy_objects(farm.whole, partial, std::vector<Id>{entry.content, *entry.metadata});
  }
  CHECK(partial.verify({}, {}, &not_seen).empty());
  CHECK(not_seen.merges == 0);
}

TEST_CASE("A head that waits for contents is kept, and merged with the first merge that can") {
  TwoSides farm;
  Repository partial = farm.partial(kCows);
  RepositoryState& state = farm.state(partial);
  const CommitId side = partial.resolve_commit("side");
  const auto wait = [&] {
    refs::WriteBatch batch;
    repo::add_waiting(batch, state, "heads/main", {side});
    REQUIRE_FALSE(state.database->write(batch).lost);
  };
  wait();
  wait();  // once is enough
  REQUIRE(partial.refs("waiting/").size() == 1);
  REQUIRE(partial.move_ref("heads/side", side, std::nullopt, "only what waits leads to it").done);
  CHECK(repo::branch_heads(state, "heads/main").size() == 2);
  partial.collect();
  CHECK(partial.fsck().empty());

  // Work goes on; another head can be merged though this one cannot.
  const CommitId own = put(partial, "cows/7", "own");
  CHECK(partial.merge(own.hex()).kind == MergeOutcome::Kind::kUpToDate);
  CHECK(partial.refs("waiting/").size() == 1);

  for (const CommitId& commit : {farm.main_pig, farm.side_pig, farm.head}) {
    const Entry entry = *farm.whole.snapshot_of(commit).entry("pigs/1.json");
    copy_objects(farm.whole, partial, std::vector<Id>{entry.content, *entry.metadata});
  }
  const MergeOutcome merged = partial.merge("@");
  CHECK(merged.kind == MergeOutcome::Kind::kMerged);
  CHECK(merged.heads.size() == 2);
  CHECK(partial.refs("waiting/").empty());
  CHECK(partial.snapshot().get("cows/1.json") == R"({"weight":6,"name":"Eve"})");
  CHECK(partial.verify().empty());
}
