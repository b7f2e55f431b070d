#include "isodb/repository.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <set>

#include "isodb/import_session.h"
#include "tests/support/testing.h"

using namespace isodb;
using isodb::testing::error_of;
using isodb::testing::TemporaryFolder;

namespace {

CommitId put(Repository& repository, const std::string& path, const std::string& document) {
  Transaction transaction = repository.begin();
  transaction.put(path, document);
  return std::get<CommitId>(transaction.commit({.message = "put " + path}));
}

ErrorCode code_of(const std::function<void()>& action) {
  const auto error = error_of(action);
  REQUIRE(error);
  return error->code();
}

}  // namespace

TEST_CASE("a repository reopens with its id, its writer, its key and its documents") {
  TemporaryFolder folder;
  CommitId id;
  {
    Repository repository = Repository::init(folder / "r");
    id = repository.id();
    put(repository, "a", "1");
  }
  Repository repository = Repository::open(folder / "r");
  CHECK(repository.id() == id);
  CHECK(repository.snapshot().get("a") == "1");
  CHECK(repository.fsck().empty());
  CHECK(repository.verify().empty());
  struct stat key_file {};
  REQUIRE(::stat((folder / "r/keys/device.key").c_str(), &key_file) == 0);
  CHECK((key_file.st_mode & 0777) == 0600);
}

TEST_CASE("init refuses a folder that is in use, open one that holds no repository") {
  TemporaryFolder folder;
  Repository::init(folder / "r");
  CHECK(code_of([&] { Repository::init(folder / "r"); }) == ErrorCode::kInvalid);
  isodb::testing::spill(folder / "file", "x");
  CHECK(code_of([&] { Repository::init(folder / "file"); }) == ErrorCode::kInvalid);
  CHECK(code_of([&] { Repository::open(folder / "none"); }) == ErrorCode::kNotFound);
}

TEST_CASE("revisions name refs, ids, prefixes, ancestors and former values") {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  const CommitId first = put(repository, "a", "1");
  const CommitId second = put(repository, "a", "2");
  CHECK(repository.resolve("@") == second);
  CHECK(repository.resolve("main") == second);
  CHECK(repository.resolve("heads/main") == second);
  CHECK(repository.resolve("@~1") == first);
  CHECK(repository.resolve("main~") == first);
  CHECK(repository.resolve("main~~") == repository.id());
  CHECK(repository.resolve("@{1}") == first);
  CHECK(repository.resolve("main@{2}") == repository.id());
  CHECK(repository.resolve(second.hex()) == second);
  CHECK(repository.resolve(first.hex().substr(0, 16)) == first);
  CHECK(code_of([&] { repository.resolve("@~9"); }) == ErrorCode::kNotFound);
  CHECK(code_of([&] { repository.resolve("@{99}"); }) == ErrorCode::kNotFound);
  CHECK(code_of([&] { repository.resolve("@{yesterday}"); }) == ErrorCode::kInvalid);
  CHECK(code_of([&] { repository.resolve(""); }) == ErrorCode::kInvalid);
  CHECK(code_of([&] { repository.resolve("@{1990-01-01}"); }) == ErrorCode::kNotFound);
  CHECK(repository.resolve("@{2999-01-01T00:00}") == second);
  const auto error = error_of([&] { repository.resolve("mian"); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kNotFound);
  CHECK(error->hint().find("'main'") != std::string::npos);
}

TEST_CASE("a ref moves by compare-and-swap and may name any object") {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  const CommitId first = put(repository, "a", "1");
  const Id blob = repository.snapshot().entry("a")->content;
  CHECK(repository.move_ref("notes/x", std::nullopt, blob, "test").done);
  CHECK_FALSE(repository.move_ref("notes/x", std::nullopt, first, "test").done);
  CHECK(repository.move_ref("notes/x", first, std::nullopt, "test").actual == blob);
  CHECK(repository.move_ref("notes/x", blob, repository.snapshot().tree_id(), "test").done);
  CHECK(code_of([&] { repository.move_ref("heads/b", std::nullopt, blob, "test"); }) ==
        ErrorCode::kInvalid);
  CHECK(code_of([&] { repository.move_ref("heads/b", std::nullopt, Id{}, "test"); }) ==
        ErrorCode::kNotFound);
  CHECK(code_of([&] { repository.move_ref("bad..name", std::nullopt, first, "test"); }) ==
        ErrorCode::kInvalid);
  CHECK(repository.reflog("notes/x").size() == 2);
}

TEST_CASE("a signed tag names its target and cannot be made twice") {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  const CommitId commit = put(repository, "a", "1");
  const TagId tag = repository.create_tag("v1", commit, "first");
  CHECK(repository.tag(tag).object == commit);
  CHECK(repository.resolve_commit("v1") == commit);
  CHECK(code_of([&] { repository.create_tag("v1", commit, "again"); }) == ErrorCode::kInvalid);
  CHECK(repository.verify().empty());
}

TEST_CASE("log shows a path's changes only, deletions too, and blame follows fields") {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  const CommitId made = put(repository, "cow.json", R"({"name":"Ada","weight":500})");
  put(repository, "other", "x");
  const CommitId weighed = put(repository, "cow.json", R"({"name":"Ada","weight":512})");
  const std::vector<BlameItem> blame = repository.blame(weighed.hex(), "cow.json");
  REQUIRE(blame.size() == 2);
  CHECK(blame[0].place == "/name");
  CHECK(blame[0].commit == made);
  CHECK(blame[1].commit == weighed);
  CHECK(blame[1].value == "512");
  Transaction removal = repository.begin();
  removal.remove("cow.json");
  const CommitId removed = std::get<CommitId>(removal.commit({.message = "sold"}));
  std::vector<CommitId> log;
  repository.log({removed}, {.path = "cow.json"}, [&](const LoggedCommit& logged) {
    log.push_back(logged.id);
    return true;
  });
  CHECK(log == std::vector<CommitId>{removed, weighed, made});
}

TEST_CASE("revert undoes a commit and leaves alone what changed since") {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  put(repository, "a", "1");
  Transaction change = repository.begin();
  change.put("a", "2");
  change.put("b", "new");
  change.put("c", "new");
  const CommitId changed = std::get<CommitId>(change.commit({.message = "change"}));
  put(repository, "c", "newer");
  Repository::Revert revert = repository.revert(changed);
  CHECK(revert.conflicts == std::vector<std::string>{"c"});
  revert.transaction.commit({.message = "undo"});
  CHECK(repository.snapshot().get("a") == "1");
  CHECK_FALSE(repository.snapshot().get("b"));
  CHECK(repository.snapshot().get("c") == "newer");
}

TEST_CASE("a draft lives across handles until it is committed or dropped") {
  TemporaryFolder folder;
  {
    Repository repository = Repository::init(folder / "r");
    put(repository, "a", "1");
    repository.begin_draft();
    Transaction staged = repository.draft_transaction();
    staged.put("b", "2");
    staged.remove("a");
    repository.save_draft(staged);
    CHECK(code_of([&] { repository.begin_draft(); }) == ErrorCode::kInvalid);
  }
  Repository repository = Repository::open(folder / "r");
  repository.collect();
  REQUIRE(repository.draft());
  CHECK(repository.draft()->changes.size() == 2);
  CHECK(repository.snapshot().get("a") == "1");
  CHECK(std::holds_alternative<CommitId>(repository.commit_draft({.message = "both"})));
  CHECK_FALSE(repository.draft());
  CHECK_FALSE(repository.snapshot().get("a"));
  CHECK(repository.snapshot().get("b") == "2");
  CHECK(code_of([&] { repository.drop_draft(); }) == ErrorCode::kNotFound);
}

TEST_CASE("collection drops what nothing reaches and keeps all the rest") {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  for (int i = 0; i < 50; ++i) put(repository, "a", std::string(1000, 'a') + std::to_string(i));
  const CommitId head = repository.resolve_commit("@");
  const Repository::Collected collected = repository.collect();
  CHECK(collected.objects_dropped == 0);
  CHECK(repository.fsck().empty());
  CHECK(repository.resolve_commit("@") == head);
  CHECK(repository.snapshot_of(repository.resolve_commit("@~30")).get("a") ==
        std::string(1000, 'a') + "19");
  CHECK(repository.statistics().loose_objects == 0);
  put(repository, "b", "after");
  CHECK(repository.fsck().empty());
}

TEST_CASE("a transaction that relies on what a collection dropped is stale, and loses nothing") {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  const std::string document(500, 'd');
  const std::string large = [] {
    std::string text;
    for (std::int64_t i = 0; i < 400'000; ++i) text += std::to_string(i * 7919 % 10'007);
    return text;
  }();
  repository.begin_draft();
  Transaction draft = repository.draft_transaction();
  draft.put("a", document);
  draft.put("b", large);
  repository.save_draft(draft);
  repository.drop_draft();

  Transaction small = repository.begin();
  small.put("a", document);
  Transaction bulk = repository.begin();
  bulk.put("b", large);
  Transaction untouched = repository.begin();
  untouched.put("c", "its own");
  CHECK(Repository::open(folder / "r").collect().objects_dropped > 0);
  CHECK(std::holds_alternative<Stale>(small.commit({.message = "a"})));
  CHECK(std::holds_alternative<Stale>(bulk.commit({.message = "b"})));
  CHECK(std::holds_alternative<CommitId>(untouched.commit({.message = "c"})));
  put(repository, "a", document);
  put(repository, "b", large);
  CHECK(repository.snapshot().get("b") == large);
  CHECK(repository.fsck().empty());
}

TEST_CASE("an imported merge writes what its parents hold in different versions") {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  ImportSession session(repository);
  const auto document = [&](const std::string& text) {
    return session.write_document(text, "text/plain");
  };
  const CommitId base = session.commit(
      {.changes = {{"x", document("0")}, {"y", document("0")}, {"z", document("0")}}});
  const CommitId left = session.commit({.parents = {base}, .changes = {{"x", document("left")}}});
  const CommitId right = session.commit(
      {.parents = {base}, .changes = {{"y", document("right")}, {"z", std::nullopt}}});
  const CommitId merged = session.commit(
      {.parents = {left, right}, .changes = {{"y", document("right")}, {"z", std::nullopt}}});
  CHECK_FALSE(session.finish({{"heads/import", merged}}, "import"));

  const Commit commit = repository.commit(merged);
  CHECK(commit.parents.size() == 2);
  REQUIRE(commit.base);
  const Snapshot snapshot = repository.snapshot("import");
  CHECK(snapshot.get("x") == "left");
  CHECK(snapshot.get("y") == "right");
  CHECK_FALSE(snapshot.get("z"));
  CHECK(snapshot.entry("x")->stamp == commit.stamp());
  CHECK(snapshot.entry("y")->stamp == commit.stamp());
  CHECK(commit.deleted);
  for (const Finding& finding : repository.verify()) FAIL_CHECK(finding.problem);
  CHECK(repository.fsck().empty());
}

TEST_CASE("an imported parent that another parent descends from is no parent") {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  ImportSession session(repository);
  const auto document = [&](const std::string& text) { return session.write_document(text, ""); };
  const CommitId one = session.commit({.changes = {{"x", document("1")}}});
  const CommitId two = session.commit({.parents = {one}, .changes = {{"x", document("2")}}});
  const CommitId merged =
      session.commit({.parents = {one, two}, .changes = {{"x", document("2")}}});
  CHECK_FALSE(session.finish({{"heads/import", merged}}, "import"));
  const Commit commit = repository.commit(merged);
  CHECK(commit.parents == std::vector<CommitId>{two});
  CHECK(commit.tree == repository.commit(two).tree);
  CHECK(repository.verify().empty());
}

TEST_CASE("an init that was cut short is taken up again") {
  TemporaryFolder folder;
  std::filesystem::create_directories(folder / "r/packs");
  std::filesystem::create_directories(folder / "r/keys");
  const SecretKey key = SecretKey::generate();
  isodb::testing::spill(folder / "r/keys/device.key", key.text());
  isodb::testing::spill(folder / "r/repo.db.unfinished", "half a database");
  Repository repository = Repository::init(folder / "r");
  CHECK(repository.public_key() == key.public_key());
  CHECK(repository.fsck().empty());
  CHECK_FALSE(std::filesystem::exists(folder / "r/repo.db.unfinished"));
}

TEST_CASE("two imports beside each other give their commits stamps of their own") {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  ImportSession one(repository), two(repository);
  std::set<Stamp> stamps;
  constexpr int kCommits = 20;
  const auto import = [&](ImportSession& session, const std::string& ref) {
    std::vector<CommitId> ids;
    for (std::uint64_t i = 0; i < kCommits; ++i) {
      // All but the first are raised above their parents' clocks.
      ids.push_back(session.commit({.parents = ids.empty() ? ids : std::vector{ids.back()},
                                    .base = {},
                                    .changes = {},
                                    .at_millis = 1'000'000 - i * 1000,
                                    .origin = {},
                                    .message = ref}));
    }
    REQUIRE_FALSE(session.finish({{ref, ids.back()}}, "test"));
    for (const CommitId& id : ids) stamps.insert(repository.commit(id).stamp());
  };
  import(one, "heads/one");
  import(two, "heads/two");
  CHECK(stamps.size() == 2 * kCommits);
  CHECK(repository.verify().empty());
}

TEST_CASE("what two handles stage in one draft stays staged, and is not lost with the commit") {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  Repository other = Repository::open(folder / "r");
  put(repository, "a", "1");
  repository.begin_draft();
  Transaction one = repository.draft_transaction();
  Transaction two = other.draft_transaction();
  Transaction before = repository.draft_transaction();
  two.put("b", "by the other");
  other.save_draft(two);
  one.put("c", "by this one");
  repository.save_draft(one);
  REQUIRE(repository.draft()->changes.size() == 2);
  before.put("d", "of the draft as it was");
  const auto outcome = before.commit({.message = "before"});
  const Stale* stale = std::get_if<Stale>(&outcome);
  REQUIRE(stale);
  CHECK(stale->paths == std::vector<std::string>{"b", "c"});
  CHECK(std::holds_alternative<CommitId>(repository.commit_draft({.message = "both"})));
  CHECK(repository.snapshot().get("b") == "by the other");
  CHECK(repository.snapshot().get("c") == "by this one");
}

TEST_CASE("what is taken back from a draft is gone from it, and nothing else") {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  repository.begin_draft();
  Transaction staged = repository.draft_transaction();
  staged.put("a", "1");
  staged.put("b", "2");
  repository.save_draft(staged);
  staged.remove("a");
  repository.save_draft(staged);
  REQUIRE(repository.draft()->changes.size() == 1);
  CHECK(repository.draft()->changes[0].path == "b");
}

TEST_CASE("no tag and no ref is made of what another handle collected") {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  Transaction staged = repository.begin();
  staged.put("a", "1");
  const CommitId head = std::get<CommitId>(staged.commit({.message = "a"}));
  repository.begin_draft();
  Transaction draft = repository.draft_transaction();
  draft.put("b", "soon nobody's");
  const Id lost = draft.entry("b")->content;
  repository.save_draft(draft);
  repository.collect();
  CHECK(repository.object_type(lost) == ObjectType::kBlob);  // the pack is open from here on
  Repository other = Repository::open(folder / "r");
  other.drop_draft();
  CHECK(other.collect().objects_dropped > 0);
  CHECK(code_of([&] { repository.create_tag("t", lost, "m"); }) == ErrorCode::kNotFound);
  CHECK(code_of([&] { repository.move_ref("tags/u", std::nullopt, lost, "test"); }) ==
        ErrorCode::kNotFound);
  repository.create_tag("head", head, "m");
  CHECK(Repository::open(folder / "r").fsck().empty());
}

TEST_CASE("an import that begins after a collection does not mind it") {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  put(repository, "a", "1");
  Repository::open(folder / "r").collect();
  ImportSession session(repository);
  const CommitId id = session.commit({.parents = {},
                                      .base = {},
                                      .changes = {},
                                      .at_millis = 1,
                                      .origin = {},
                                      .message = "imported"});
  CHECK_FALSE(session.finish({{"heads/imported", id}}, "test"));
  CHECK(repository.resolve("imported") == id);
}

TEST_CASE("a path that no system call takes is an error like any other") {
  const std::filesystem::path folder = "/tmp/" + std::string(5000, 'x');
  CHECK(code_of([&] { Repository::open(folder); }) == ErrorCode::kIo);
  CHECK_FALSE(Repository::discover(folder));
}

TEST_CASE("which repository and which clone it is cannot be set") {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  for (const char* key : {"repository.root", "repository.writer"}) {
    CHECK(code_of([&] { repository.set_setting(key, "0000000000000000"); }) == ErrorCode::kInvalid);
    CHECK(code_of([&] { repository.set_setting(key, std::nullopt); }) == ErrorCode::kInvalid);
  }
  CHECK(Repository::open(folder / "r").id() == repository.id());
}
