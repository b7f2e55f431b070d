#include <sqlite3.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>

#include "core/hash.h"
#include "isodb/error.h"
#include "isodb/import_session.h"
#include "isodb/repository.h"
#include "merge/members.h"
#include "objects/commit_codec.h"
#include "objects/content.h"
#include "objects/list_format.h"
#include "objects/node.h"
#include "objects/tree.h"
#include "refs/local_store.h"
#include "tests/support/testing.h"

using namespace isodb;
using isodb::testing::error_code_of;
using isodb::testing::TemporaryFolder;

namespace {

constexpr int kChainLength = 100'000;  // a call a link would be far more than a stack holds

CommitId put(Repository& repository, const std::string& path, const std::string& document) {
  Transaction transaction = repository.begin();
  transaction.put(path, document);
  return std::get<CommitId>(transaction.commit({.message = "put " + path}));
}

/// Writes objects and refs past everything that would refuse them.
struct Forger {
  explicit Forger(const std::filesystem::path& folder)
      : database(refs::Database::open(folder / "repo.db", {})),
        store(*database, core::posix_file_system(), folder / "packs"),
        objects(store) {}

  void make_ref(const std::string& name, const Id& target) {
    refs::WriteBatch batch;
    batch.loose.push_back(objects.take());
    batch.moves.push_back({name, std::nullopt, target, "test"});
    REQUIRE_FALSE(database->write(batch).lost);
  }

  std::unique_ptr<refs::Database> database;
  refs::LocalStore store;
  refs::LooseBatch objects;
};

Entry document(Forger& forger, ByteView text, const Stamp& stamp) {
  const objects::ContentRef content = objects::write_content(forger.objects, text);
  Entry entry;
  entry.content = content.id;
  entry.size = content.size;
  entry.kind = content.kind;
  entry.stamp = stamp;
  return entry;
}

/// A commit by somebody who is no member, onto a base that makes them an admin.
Commit intrusion(const Repository& repository, Forger& forger, std::vector<CommitId> parents,
                 const SecretKey& stranger) {
  objects::NodeCache cache(1 << 20);
  const objects::NodeReader nodes(forger.objects, cache);
  Commit commit;
  commit.writer = {77};
  commit.sequence = 1;
  commit.message = "intrusion";
  for (const CommitId& parent : parents) {
    commit.clock = std::max(commit.clock, repository.commit(parent).clock);
  }
  ++commit.clock.value;
  const merge::Member member{"stranger", stranger.public_key(), merge::Role::kAdmin, {}};
  const std::vector<objects::TreeChange> crown{
      {merge::member_path(member.key), document(forger, merge::member_document(member), {})}};
  commit.base =
      objects::edit_tree(nodes, forger.objects, repository.commit(parents[0]).tree, crown);
  const std::vector<objects::TreeChange> write{{"a", document(forger, "mine now", commit.stamp())}};
  commit.tree = objects::edit_tree(nodes, forger.objects, *commit.base, write);
  std::sort(parents.begin(), parents.end());
  commit.parents = std::move(parents);
  return commit;
}

bool mentions(const std::vector<Finding>& findings, const std::string& problem) {
  return std::any_of(findings.begin(), findings.end(), [&](const Finding& finding) {
    return finding.problem.find(problem) != std::string::npos;
  });
}

void run_sql(const std::filesystem::path& database, const char* sql) {
  sqlite3* handle = nullptr;
  REQUIRE(sqlite3_open(database.c_str(), &handle) == SQLITE_OK);
  const int result = sqlite3_exec(handle, sql, nullptr, nullptr, nullptr);
  sqlite3_close(handle);
  REQUIRE(result == SQLITE_OK);
}

}  // namespace

TEST_CASE("nobody becomes a member by the base that their own commit names") {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  const CommitId first = put(repository, "a", "1");
  const CommitId second = put(repository, "b", "1");
  Forger forger(folder / "r");
  const SecretKey stranger = SecretKey::generate();
  SECTION("with one parent a commit has no base") {
    Commit commit = intrusion(repository, forger, {second}, stranger);
    CHECK(error_code_of([&] { objects::sign_commit(commit, stranger, repository.id()); }) ==
          ErrorCode::kInvalid);
    // The same bytes from somebody who does not ask.
    const TreeId base = *std::exchange(commit.base, std::nullopt);
    Bytes bytes = objects::encode_commit(commit);
    bytes.insert(bytes.find("parent "), "base " + base.hex() + "\n");
    CHECK(error_code_of([&] { objects::decode_commit(bytes); }) == ErrorCode::kCorrupt);
  }
  SECTION("with several, none is an ancestor of another") {
    Commit commit = intrusion(repository, forger, {second, first}, stranger);
    objects::sign_commit(commit, stranger, repository.id());
    forger.make_ref("heads/stranger",
                    forger.objects.put(ObjectType::kCommit, objects::encode_commit(commit)));
    CHECK(mentions(repository.verify({.revision = "stranger"}), "ancestor of another"));
  }
  CHECK(repository.verify({.revision = "main"}).empty());
}

TEST_CASE("lists and trees whose levels do not fall are damage, however long their chain") {
  TemporaryFolder folder;
  Repository::init(folder / "r");
  {
    Forger forger(folder / "r");
    Id id = core::sha256("the end");
    SECTION("lists") {
      for (int i = 0; i < kChainLength; ++i) {
        id = forger.objects.put(ObjectType::kList, objects::encode_list(5, {{id, 70'000}}));
      }
    }
    SECTION("trees") {
      const std::string_view key = "a";
      for (int i = 0; i < kChainLength; ++i) {
        const objects::Child child{id, 1, 0};
        id =
            forger.objects.put(ObjectType::kTree, objects::encode_inner(3, {&key, 1}, {&child, 1}));
      }
    }
    forger.make_ref("tags/deep", id);
  }
  Repository repository = Repository::open(folder / "r");
  CHECK(mentions(repository.fsck(), "level"));
  CHECK(error_code_of([&] { repository.collect(); }) == ErrorCode::kCorrupt);
}

TEST_CASE("fsck tells of an entry that says another length than its content has") {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  const CommitId head = put(repository, "a", std::string(100, 'x'));
  Entry entry = *repository.snapshot().entry("a");
  entry.size = 99;
  ImportSession session(repository);
  const CommitId forged = session.commit({.parents = {head},
                                          .base = {},
                                          .changes = {{"b", entry}},
                                          .at_millis = 1,
                                          .origin = {},
                                          .message = "forged"});
  REQUIRE_FALSE(session.finish({{"heads/forged", forged}}, "test"));
  CHECK(mentions(repository.fsck(), "of 100 bytes where a blob of 99 is named"));
}

TEST_CASE("fsck reads what is on disk, though an undamaged copy is in memory") {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  put(repository, "a", std::string(200, 'q'));
  REQUIRE(repository.fsck().empty());
  run_sql(folder / "r/repo.db",
          "UPDATE loose SET records = "
          "CAST(substr(records, 1, 12) || x'00' || substr(records, 14) AS BLOB)");
  CHECK_FALSE(repository.fsck().empty());
}

TEST_CASE("a damaged draft is told by fsck and stops a collection") {
  TemporaryFolder folder;
  Repository repository = Repository::init(folder / "r");
  repository.begin_draft();
  {
    Forger forger(folder / "r");
    forger.database->stage({{"a", objects::encode_leaf({}, {})}}, {});
  }
  CHECK(mentions(repository.fsck(), "draft"));
  CHECK(error_code_of([&] { repository.collect(); }) == ErrorCode::kCorrupt);
  repository.drop_draft();
  CHECK(repository.fsck().empty());
}
