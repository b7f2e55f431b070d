#include "isodb/mend.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <tuple>

#include "core/hash.h"
#include "isodb/bundle.h"
#include "objects/commit_codec.h"
#include "objects/content.h"
#include "objects/node.h"
#include "repo/access.h"
#include "repo/reachable.h"
#include "sync/wanted_objects.h"
#include "tests/support/damage.h"
#include "tests/support/pair_of_repositories.h"

namespace isodb::sync {
namespace {

namespace fs = std::filesystem;
using testing::damage_object;
using testing::error_code_of;
using testing::put;

std::string numbers(int from, int count) {
  std::string text;
  for (int i = from; i < from + count; ++i) text += std::to_string(i * 7'919) + "\n";
  return text;
}

void put_many(Repository& repository, int from, int count, int salt = 0) {
  Transaction transaction = repository.begin();
  for (int i = from; i < from + count; ++i) {
    transaction.put("many/" + std::to_string(i) + ".json",
                    "{\"n\":" + std::to_string(i + salt) + ",\"text\":\"" +
                        numbers(i, 20).substr(0, 90) + "\"}");
  }
  REQUIRE(std::holds_alternative<CommitId>(transaction.commit({})));
}

/// What every branch says, document by document.
std::map<std::string, Bytes> contents(const Repository& repository) {
  std::map<std::string, Bytes> all;
  for (const RefInfo& ref : repository.refs("heads/")) {
    const Snapshot snapshot = repository.snapshot(ref.name);
    for (DocumentCursor cursor = snapshot.documents(); cursor.valid(); cursor.next()) {
      all[ref.name + " " + cursor.path()] = snapshot.get(cursor.path()).value_or("");
    }
  }
  return all;
}

/// A repository of all kinds of objects in two packs and loose rows, with a merge as its main
/// branch, and a copy of its folder that stays as it was.
class Scene {
 public:
  Scene() {
    {
      Repository one = Repository::init(here());
      put_many(one, 0, 300);
      put(one, "list", numbers(0, 30'000));
      REQUIRE(one.move_ref("heads/side", std::nullopt, one.ref("heads/main"), "branch").done);
      one.collect();
      put_many(one, 100, 120, 7);
      put(one, "b.json", R"({"n":1,"name":"Berta"})");
      {
        Transaction transaction = one.begin("heads/side");
        transaction.put("many/150.json", R"({"n":"side"})");
        transaction.put("side", "1");
        REQUIRE(std::holds_alternative<CommitId>(transaction.commit({})));
      }
      one.merge("side");
      REQUIRE(one.object_type(*one.ref("heads/main")) == ObjectType::kMerge);
      one.create_tag("v1", *one.ref("heads/side"), "a tag");
    }
    pack();
    {
      Repository one = Repository::open(here());
      Transaction on_merge = one.begin();
      on_merge.put("on-merge", "2");
      REQUIRE(std::holds_alternative<CommitId>(on_merge.commit({})));
      put(one, "list", numbers(0, 12'000) + "x" + numbers(12'000, 18'000));
      put(one, "loose.json", "[1]");
      before = contents(one);
    }
    fs::copy(here(), intact(), fs::copy_options::recursive);
  }

  fs::path here() const { return folder_ / "here"; }
  fs::path intact() const { return folder_ / "intact"; }
  /// As it was, for the next damage.
  void reset() const {
    fs::remove_all(here());
    fs::copy(intact(), here(), fs::copy_options::recursive);
  }
  fs::path path(const std::string& name) const { return folder_ / name; }

  /// What is loose becomes a pack, beside those there are.
  void pack() const {
    const auto database = refs::Database::open(here() / "repo.db", {});
    refs::LocalStore store(*database, core::posix_file_system(), here() / "packs");
    REQUIRE(store.pack_when_due({.loose_objects = 0, .loose_bytes = 0, .packs_per_tier = 100}));
  }

  /// Everything that refs lead to.
  std::map<Id, ObjectType> objects() const {
    const Repository one = Repository::open(intact());
    std::map<Id, ObjectType> all;
    repo::Reachable reachable(*repo::Access::state(one));
    reachable.visit_all([&](const Id& id, ObjectType type) { all.emplace(id, type); });
    return all;
  }

  MendReport mend() const {
    Repository one = Repository::open(here());
    return mend_from(one, remote_at(intact().string()));
  }

  void expect_whole(const MendReport& report) const {
    if (report.error) FAIL_CHECK(report.error->what());
    for (const Finding& finding : report.remaining) {
      FAIL_CHECK(finding.where << ": " << finding.problem);
    }
    const Repository one = Repository::open(here());
    CHECK(contents(one) == before);
    CHECK(one.fsck().empty());
    CHECK(one.verify({.again = true}).empty());
  }

  std::map<std::string, Bytes> before;

 private:
  const testing::TemporaryFolder folder_;
};

bool names(const std::vector<Finding>& findings, const std::string& where) {
  return std::ranges::any_of(findings, [&](const Finding& finding) {
    return finding.where.find(where) != std::string::npos;
  });
}

TEST_CASE("any object that is damaged is fetched, and no more than it and its deltas") {
  const Scene scene;
  const std::map<Id, ObjectType> objects = scene.objects();
  std::map<ObjectType, int> tried;
  std::size_t at = 0;
  for (const auto& [id, type] : objects) {
    // Of the many blobs some; of the few others all.
    if (type == ObjectType::kBlob && ++at % 40 != 0) continue;
    if (type == ObjectType::kTree && tried[type] >= 25) continue;
    scene.reset();
    INFO(object_type_name(type) << " " << id.hex());
    REQUIRE(damage_object(scene.here(), id) >= 1);
    ++tried[type];
    const std::vector<Finding> found = Repository::open(scene.here()).fsck();
    CHECK(names(found, id.hex()));
    const MendReport report = scene.mend();
    scene.expect_whole(report);
    CHECK(std::ranges::any_of(report.mended, [&](const auto& one) { return one.id == id; }));
    CHECK(report.bandwidth.payload_in < 200'000);
  }
  for (const ObjectType type : {ObjectType::kBlob, ObjectType::kList, ObjectType::kTree,
                                ObjectType::kCommit, ObjectType::kTag}) {
    CHECK(tried[type] > 0);
  }
}

TEST_CASE("fsck names the commit and the paths of a damaged document") {
  const Scene scene;
  Id content;
  CommitId commit;
  {
    const Repository one = Repository::open(scene.intact());
    content = one.snapshot("side").entry("many/7.json")->content;
    one.log(one.resolve_heads("side"), {.path = "many/7.json"}, [&](const LoggedCommit& logged) {
      commit = logged.id;
      return true;
    });
  }
  damage_object(scene.here(), content);
  const std::vector<Finding> found = Repository::open(scene.here()).fsck();
  CHECK(names(found, "packs/"));
  CHECK(names(found, content.hex()));
  CHECK(names(found, "commit " + commit.hex() + " path many/7.json"));
}

TEST_CASE("packs whose file, index or footer is damaged are written anew") {
  const Scene scene;
  std::vector<std::string> packs;
  for (const auto& entry : fs::directory_iterator(scene.intact() / "packs")) {
    if (entry.path().extension() == ".pack") packs.push_back(entry.path().filename().string());
  }
  REQUIRE(packs.size() == 2);
  for (const std::string& pack : packs) {
    const fs::path file = scene.here() / "packs" / pack;
    const std::uint64_t bytes = fs::file_size(file);
    // From the back: magic, checksums, offsets, ids, fan-out; dictionary; the header.
    for (const std::uint64_t back : {1U, 20U, 50U, 60U, 100U, 2'000U, 6'000U, 0U}) {
      scene.reset();
      INFO(pack << " from the back " << back << " of " << bytes);
      testing::flip_bit(file, back == 0 ? 3 : bytes - std::min(bytes, std::uint64_t{back}), 5);
      CHECK(names(Repository::open(scene.here()).fsck(), "packs/" + pack));
      scene.expect_whole(scene.mend());
    }
    scene.reset();
    fs::resize_file(file, bytes / 2);
    scene.expect_whole(scene.mend());
    scene.reset();
    fs::remove(file);
    const MendReport report = scene.mend();
    scene.expect_whole(report);
    CHECK(report.files == std::vector<std::string>{"packs/" + pack});
  }
}

TEST_CASE("what the other side does not have stays named, and another one mends it") {
  const Scene scene;
  Id old_content, new_content;
  {
    const Repository one = Repository::open(scene.intact());
    old_content = one.snapshot("side").entry("many/7.json")->content;
    new_content = one.snapshot().entry("loose.json")->content;
  }
  // A clone of the side branch's state: it never saw loose.json.
  {
    Repository one = Repository::open(scene.here());
    create_bundle(one, scene.path("side.bundle"), {});
  }
  fs::copy(scene.intact(), scene.path("older"), fs::copy_options::recursive);
  REQUIRE(damage_object(scene.path("older"), new_content) == 1);
  REQUIRE(damage_object(scene.here(), old_content) == 1);
  REQUIRE(damage_object(scene.here(), new_content) == 1);
  Repository one = Repository::open(scene.here());
  const MendReport first = mend_from(one, remote_at(scene.path("older").string()));
  CHECK_FALSE(first.error);
  CHECK(first.mended.size() >= 1);
  CHECK(names(first.remaining, "path loose.json"));
  CHECK_FALSE(names(first.remaining, "path many/7.json"));
  CHECK(one.snapshot("side").get("many/7.json").has_value());
  scene.expect_whole(mend_from(one, remote_at(scene.intact().string())));
}

TEST_CASE("a bundle mends what its commits come to") {
  const Scene scene;
  Id content;
  {
    Repository one = Repository::open(scene.intact());
    create_bundle(one, scene.path("all.bundle"), {});
    create_bundle(one, scene.path("since.bundle"), {.since = "side"});
    content = one.snapshot().entry("b.json")->content;
  }
  for (const char* bundle : {"all.bundle", "since.bundle"}) {
    scene.reset();
    INFO(bundle);
    REQUIRE(damage_object(scene.here(), content) == 1);
    Repository one = Repository::open(scene.here());
    CHECK(names(one.fsck(), "path b.json"));
    const MendReport report = mend_from_bundle(one, scene.path(bundle));
    scene.expect_whole(report);
    CHECK_FALSE(fs::exists(scene.here() / "mending"));
  }
  const Repository other = Repository::init(scene.path("other"));
  Repository stranger = Repository::open(scene.path("other"));
  create_bundle(stranger, scene.path("other.bundle"), {});
  scene.reset();
  damage_object(scene.here(), content);
  Repository one = Repository::open(scene.here());
  CHECK(error_code_of([&] { mend_from_bundle(one, scene.path("other.bundle")); }) ==
        ErrorCode::kInvalid);
}

TEST_CASE("a bundle mends where a commit before those that it builds on is damaged") {
  const testing::TemporaryFolder folder;
  const fs::path here = folder / "here", file = folder / "since.bundle";
  CommitId old;
  Id content;
  {
    Repository one = Repository::init(here);
    put_many(one, 0, 50);
    old = CommitId(*one.ref("heads/main"));
    put(one, "a", "1");
    put(one, "a", "2");
    const std::string since = one.ref("heads/main")->hex();
    put(one, "new", numbers(0, 1'000));
    content = one.snapshot().entry("new")->content;
    create_bundle(one, file, {.since = since});
  }
  REQUIRE(damage_object(here, old) == 1);
  REQUIRE(damage_object(here, content) >= 1);
  Repository one = Repository::open(here);
  const MendReport report = mend_from_bundle(one, file);
  CHECK(
      std::ranges::any_of(report.mended, [&](const auto& mended) { return mended.id == content; }));
  CHECK(one.snapshot().get("new") == numbers(0, 1'000));
  CHECK(names(report.remaining, old.hex()));
}

TEST_CASE("damage hides from a peer what is below it, and nothing beside it") {
  const testing::TemporaryFolder folder;
  const fs::path here = folder / "here";
  CommitId head;
  Id deleted, node, below, beside, list, chunk;
  std::vector<std::uint64_t> all;
  {
    Repository one = Repository::init(here);
    put_many(one, 0, 600);
    Transaction transaction = one.begin();
    transaction.put("large", numbers(0, 300'000));
    transaction.remove("many/1.json");
    REQUIRE(std::holds_alternative<CommitId>(transaction.commit({})));
    head = CommitId(*one.ref("heads/main"));
    const std::shared_ptr<RepositoryState>& state = repo::Access::state(one);
    const Commit commit = one.commit(head);
    deleted = commit.deleted.value();
    const objects::NodePtr root = state->nodes().node(commit.tree);
    REQUIRE(root->level() > 0);
    REQUIRE(root->size() > 2);
    node = root->id(1);
    const objects::NodePtr damaged = state->nodes().child(*root, 1);
    const objects::NodePtr last = state->nodes().child(*root, root->size() - 1);
    REQUIRE(last->level() == 0);
    below = damaged->entry(0).content;
    beside = last->entry(last->size() - 1).content;
    list = one.snapshot().entry("large")->content;
    chunk = objects::decode_list(state->read_object(list).payload).items.at(1).id;
    for (std::uint64_t i = 0; i < one.snapshot().count(); ++i) all.push_back(i);
  }
  for (const auto& [damaged, hidden, seen] :
       {std::tuple(deleted, deleted, beside), {node, below, beside}, {list, chunk, beside}}) {
    const fs::path copy = folder / "copy";
    fs::remove_all(copy);
    fs::copy(here, copy, fs::copy_options::recursive);
    REQUIRE(damage_object(copy, damaged) >= 1);
    const Repository one = Repository::open(copy);
    std::vector<Id> wanted{hidden, seen};
    std::sort(wanted.begin(), wanted.end());
    CHECK(wanted_objects(*repo::Access::state(one), {{{head, all}}, wanted}) ==
          std::vector<Id>{seen});
  }
}

TEST_CASE("two repositories with different damage that together are whole mend each other") {
  const testing::TemporaryFolder folder;
  const fs::path here = folder / "here", there = folder / "there";
  Id deleted, content;
  {
    Repository one = Repository::init(here);
    const auto path = [](int i) { return std::string(40, 'p') + std::to_string(i); };
    Transaction before = one.begin();
    for (int i = 0; i < 4'000; ++i) before.put(path(i), "1");
    REQUIRE(std::holds_alternative<CommitId>(before.commit({})));
    Transaction transaction = one.begin();
    transaction.put("new", "text");
    for (int i = 0; i < 4'000; ++i) transaction.remove(path(i));
    REQUIRE(std::holds_alternative<CommitId>(transaction.commit({})));
    deleted = one.commit(CommitId(*one.ref("heads/main"))).deleted.value();
    content = one.snapshot().entry("new")->content;
    REQUIRE(one.object_type(deleted) == ObjectType::kList);
  }
  fs::copy(here, there, fs::copy_options::recursive);
  REQUIRE(damage_object(here, content) == 1);
  REQUIRE(damage_object(there, deleted) == 1);
  for (const auto& [damaged, other] : {std::pair(here, there), {there, here}}) {
    Repository one = Repository::open(damaged);
    const MendReport report = mend_from(one, remote_at(other.string()));
    CHECK_FALSE(report.error);
    CHECK(report.remaining.empty());
    CHECK(one.fsck().empty());
  }
}

TEST_CASE("an intact copy beside a damaged one needs no other repository") {
  const Scene scene;
  Id content;
  {
    const Repository one = Repository::open(scene.here());
    content = one.snapshot().entry("b.json")->content;
    const auto database = refs::Database::open(scene.here() / "repo.db", {});
    const refs::LocalStore store(*database, core::posix_file_system(), scene.here() / "packs");
    const objects::Object object = *store.get(content);
    refs::WriteBatch batch;
    refs::LooseRow& row = batch.loose.emplace_back();
    objects::append_record(row.records, object.type, object.payload, {}, nullptr, 0, 0);
    row.items.push_back({content, 0});
    database->write(batch);
  }
  // The row alone: it is what a look-up finds.
  {
    const auto database = refs::Database::open(scene.here() / "repo.db", {});
    const auto rows = database->inventory(0).loose_added;
    Bytes records = *database->loose_records(rows.back().number);
    records.back() = static_cast<char>(records.back() ^ 1);
    testing::run_sql(scene.here() / "repo.db",
                     "UPDATE loose SET records = " + testing::hex_literal(records) +
                         " WHERE number = " + std::to_string(rows.back().number));
  }
  Repository one = Repository::open(scene.here());
  CHECK(names(one.fsck(), "path b.json"));
  Repository::init(scene.path("other"));
  // Nobody is asked: the other repository could not even be talked to.
  scene.expect_whole(mend_from(one, remote_at(scene.path("other").string())));
}

TEST_CASE("a peer is given objects of what its branches could have brought, and no others") {
  testing::Pair pair;
  const std::shared_ptr<RepositoryState>& office = repo::Access::state(pair.office);
  const CommitId head(*pair.office.ref("heads/main"));
  const Id content = pair.office.snapshot().entry("a/1.json")->content;
  const TreeId tree = pair.office.commit(head).tree;
  std::vector<Id> wanted{content, tree, head};
  std::sort(wanted.begin(), wanted.end());
  std::vector<std::uint64_t> all;
  for (std::uint64_t i = 0; i < pair.office.snapshot().count(); ++i) all.push_back(i);
  CHECK(wanted_objects(*office, {{{head, all}}, wanted}).size() == 3);
  CHECK(wanted_objects(*office, {{{head, {}}}, wanted}).size() == 2);
  CHECK(wanted_objects(*office, {{{head, {9'999}}}, wanted}).size() == 2);
  // A draft, and a commit that no branch has any more.
  pair.office.begin_draft();
  Transaction draft = pair.office.draft_transaction();
  draft.put("secret", "of a draft");
  pair.office.save_draft(draft);
  const Id secret = core::object_id(ObjectType::kBlob, "of a draft");
  REQUIRE(office->store->contains(secret));
  CHECK(wanted_objects(*office, {{{head, all}}, {secret}}).empty());
  CHECK(wanted_objects(*office, {{{CommitId(secret), {}}}, {secret}}).empty());
  pair.office.drop_draft();
  put(pair.office, "gone", "soon");
  const CommitId gone(*pair.office.ref("heads/main"));
  REQUIRE(pair.office.move_ref("heads/main", gone, head, "back").done);
  REQUIRE(office->store->contains(gone));
  CHECK(wanted_objects(*office, {{{gone, all}}, {gone}}).empty());
}

}  // namespace
}  // namespace isodb::sync
