#include "isodb/recover.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>

#include "isodb/backup.h"
#include "repo/access.h"
#include "repo/state.h"
#include "tests/support/damage.h"
#include "tests/support/testing.h"

using namespace isodb;
using isodb::testing::error_code_of;
using isodb::testing::TemporaryFolder;

namespace {

namespace fs = std::filesystem;

CommitId put(Repository& repository, const std::string& path, const std::string& document,
             const std::string& branch = {}) {
  Transaction transaction = repository.begin(branch);
  transaction.put(path, document);
  return std::get<CommitId>(transaction.commit({.message = "put " + path}));
}

std::map<std::string, Bytes> documents(const Snapshot& snapshot) {
  std::map<std::string, Bytes> all;
  for (DocumentCursor cursor = snapshot.documents(); cursor.valid(); cursor.next()) {
    all[cursor.path()] = snapshot.get(cursor.path()).value_or("");
  }
  return all;
}

std::map<std::string, Id> refs(const Repository& repository) {
  std::map<std::string, Id> all;
  for (const RefInfo& ref : repository.refs()) all.emplace(ref.name, ref.target);
  return all;
}

bool lost(const Recovered& recovered, const std::string& where) {
  return std::ranges::any_of(recovered.lost, [&](const Finding& one) {
    return one.where.find(where) != std::string::npos;
  });
}

void lose_database(const fs::path& folder) {
  for (const char* suffix : {"", "-wal", "-shm"}) {
    fs::remove(folder / ("repo.db" + std::string(suffix)));
  }
}

void check_sound(const Repository& repository) {
  for (const Finding& finding : repository.fsck()) {
    FAIL_CHECK("fsck: " << finding.where << ": " << finding.problem);
  }
  for (const Finding& finding : repository.verify({.again = true})) {
    FAIL_CHECK("verify: " << finding.where << ": " << finding.problem);
  }
}

/// Two branches, a merge, a tag, a setting and documents; all of it packed, and a loose commit.
struct Scene {
  Scene() {
    Repository one = Repository::init(path());
    for (int i = 0; i < 40; ++i) put(one, "many/" + std::to_string(i), std::to_string(i * i));
    REQUIRE(one.move_ref("heads/side", std::nullopt, one.ref("heads/main"), "branch").done);
    put(one, "on-side", "1", "heads/side");
    put(one, "on-main", "2");
    one.create_tag("v1", *one.ref("heads/side"), "a tag");
    one.merge("side");
    REQUIRE(one.object_type(*one.ref("heads/main")) == ObjectType::kMerge);
    one.set_setting("ui.pager", "cat");
    one.collect();
    packed = refs(one);
    packed_documents = documents(one.snapshot());
    key = one.public_key();
    writer = one.writer();
  }
  fs::path path() const { return folder / "r"; }

  const TemporaryFolder folder;
  std::map<std::string, Id> packed;
  std::map<std::string, Bytes> packed_documents;
  PublicKey key;
  WriterId writer;
};

TEST_CASE("without its database a repository comes back from its packs") {
  const Scene scene;
  lose_database(scene.path());
  CHECK(error_code_of([&] { Repository::open(scene.path()); }) == ErrorCode::kNotFound);
  const Recovered recovered = recover(scene.path());
  CHECK(recovered.packs == 1);
  CHECK(recovered.commits == 43);
  CHECK_FALSE(recovered.refs_are_known);
  CHECK(recovered.set_aside.empty());
  for (const char* what : {"refs", "draft", "settings", "reflog", "loose objects"}) {
    CHECK(lost(recovered, what));
  }
  const Repository one = Repository::open(scene.path());
  check_sound(one);
  // The merge that main was is the newest commit's and the most others'.
  CHECK(one.ref("heads/main") == scene.packed.at("heads/main"));
  CHECK(one.ref("tags/v1") == scene.packed.at("tags/v1"));
  CHECK(documents(one.snapshot()) == scene.packed_documents);
  CHECK(one.public_key() == scene.key);
  CHECK_FALSE(one.writer() == scene.writer);
  CHECK(one.refs("heads/").size() == 1);
}

TEST_CASE("where packs lie without their database nothing else is made") {
  const Scene scene;
  const fs::path backup = scene.folder / "backup", empty = scene.folder / "empty";
  back_up(Repository::open(scene.path()), backup);
  const std::string key_of_scene = isodb::testing::slurp(scene.path() / "keys" / "device.key");
  lose_database(scene.path());
  for (const bool with_key : {true, false}) {
    if (!with_key) fs::remove_all(scene.path() / "keys");
    CHECK(error_code_of([&] { Repository::init(scene.path()); }) == ErrorCode::kInvalid);
    CHECK(error_code_of([&] { restore(backup, scene.path()); }) == ErrorCode::kInvalid);
    CHECK_FALSE(fs::exists(scene.path() / "repo.db"));
  }
  fs::create_directories(scene.path() / "keys");
  isodb::testing::spill(scene.path() / "keys" / "device.key", key_of_scene);
  recover(scene.path());
  CHECK(documents(Repository::open(scene.path()).snapshot()) == scene.packed_documents);
  // What an interrupted restore left is its own, and it goes on.
  restore(backup, empty);
  fs::rename(empty / "repo.db", empty / "repo.db.unfinished");
  restore(backup, empty);
  CHECK(documents(Repository::open(empty).snapshot()) == scene.packed_documents);
}

TEST_CASE("the newest head becomes main, and others get numbers") {
  const TemporaryFolder folder;
  CommitId newest, older;
  {
    Repository one = Repository::init(folder / "r");
    put(one, "a", "1");
    REQUIRE(one.move_ref("heads/side", std::nullopt, one.ref("heads/main"), "branch").done);
    older = put(one, "a", "2");
    newest = put(one, "b", "3", "heads/side");
    one.collect();
  }
  lose_database(folder / "r");
  recover(folder / "r");
  Repository one = Repository::open(folder / "r");
  check_sound(one);
  CHECK(refs(one) ==
        std::map<std::string, Id>{{"heads/main", newest}, {"heads/recovered/1", older}});
  CHECK(one.current_branch() == "heads/main");
  put(one, "c", "goes on");
  check_sound(one);
}

TEST_CASE("a database that can be read is not replaced, unless one says so") {
  const Scene scene;
  std::map<std::string, Id> before;
  {
    Repository one = Repository::open(scene.path());
    put(one, "loose", "not packed yet");
    one.begin_draft();
    before = refs(one);
  }
  const auto error = isodb::testing::error_of([&] { recover(scene.path()); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kInvalid);
  CHECK(refs(Repository::open(scene.path())) == before);
  const Recovered recovered = recover(scene.path(), {.force = true});
  CHECK(recovered.refs_are_known);
  CHECK(recovered.loose_objects > 0);
  CHECK(recovered.set_aside == scene.path() / "repo.db.old-1");
  CHECK(fs::exists(recovered.set_aside));
  CHECK(lost(recovered, "draft"));
  CHECK_FALSE(lost(recovered, "loose objects"));
  CHECK_FALSE(lost(recovered, "settings"));
  const Repository one = Repository::open(scene.path());
  check_sound(one);
  CHECK(refs(one) == before);
  CHECK(one.snapshot().get("loose") == "not packed yet");
  CHECK(one.setting("ui.pager") == "cat");
  CHECK_FALSE(one.writer() == scene.writer);
}

TEST_CASE("of a damaged database what can be read is kept, whichever page is damaged") {
  const Scene scene;
  {
    Repository one = Repository::open(scene.path());
    for (int i = 0; i < 30; ++i) put(one, "loose/" + std::to_string(i), std::string(900, 'x'));
  }
  const std::string whole = isodb::testing::slurp(scene.path() / "repo.db");
  constexpr std::size_t kPage = 4096;
  std::size_t kept_all = 0, kept_refs = 0, pages = whole.size() / kPage;
  REQUIRE(pages > 10);
  std::mt19937_64 random(7);
  for (std::size_t page = 0; page < pages; ++page) {
    INFO("page " << page);
    const fs::path copy = scene.folder / "copy";
    fs::remove_all(copy);
    fs::copy(scene.path(), copy, fs::copy_options::recursive);
    std::string damaged = whole;
    damaged.replace(page * kPage, kPage, isodb::testing::random_bytes(random, kPage));
    isodb::testing::spill(copy / "repo.db", damaged);
    std::optional<Recovered> recovered;
    const auto code = error_code_of([&] { recovered = recover(copy); });
    if (code == ErrorCode::kInvalid) continue;  // a page that nothing uses
    REQUIRE_FALSE(code);
    const Repository one = Repository::open(copy);
    // What is there is right; what is not was named.
    const std::optional<Id> main = one.ref("heads/main");
    REQUIRE(main);
    if (one.fsck().empty()) {
      for (const auto& [path, text] : documents(one.snapshot())) {
        if (path.starts_with("loose/")) CHECK(text == std::string(900, 'x'));
      }
      CHECK(one.verify({.again = true}).empty());
    } else {
      CHECK_FALSE(recovered->lost.empty());
    }
    kept_refs += recovered->refs_are_known ? 1 : 0;
    kept_all += one.fsck().empty() && one.snapshot().get("loose/29").has_value() ? 1 : 0;
    CHECK_FALSE(fs::exists(copy / "repo.db.salvage"));
  }
  CHECK(kept_refs > 0);
  CHECK(kept_all > 0);
}

TEST_CASE("an interrupted recovery goes on with what it set aside") {
  const Scene scene;
  {
    Repository one = Repository::open(scene.path());
    put(one, "loose", "not packed yet");
  }
  // The old file has its second name, and lost its first; the new one is not in place.
  fs::rename(scene.path() / "repo.db", scene.path() / "repo.db.old-1");
  isodb::testing::spill(scene.path() / "repo.db.unfinished", "half of it");
  const Recovered recovered = recover(scene.path());
  CHECK(recovered.refs_are_known);
  const Repository one = Repository::open(scene.path());
  check_sound(one);
  CHECK(one.snapshot().get("loose") == "not packed yet");
}

TEST_CASE("what is no repository, and packs without a beginning, are refused") {
  const TemporaryFolder folder;
  fs::create_directories(folder / "empty");
  CHECK(error_code_of([&] { recover(folder / "empty"); }) == ErrorCode::kNotFound);
  CHECK(error_code_of([&] { recover(folder / "nowhere"); }) == ErrorCode::kNotFound);
  fs::create_directories(folder / "r" / "packs");
  CHECK(error_code_of([&] { recover(folder / "r"); }) == ErrorCode::kCorrupt);
  CHECK_FALSE(fs::exists(folder / "r" / "repo.db"));
}

TEST_CASE("a commit whose signature does not hold gets no name") {
  const Scene scene;
  const TemporaryFolder other;
  {
    // Packs of another repository among these: its commits were not signed for this one.
    Repository stranger = Repository::init(other / "r");
    put(stranger, "a", "1");
    stranger.collect();
  }
  for (const auto& entry : fs::directory_iterator(other / "r" / "packs")) {
    if (entry.path().extension() != ".pack") continue;
    fs::copy_file(entry.path(), scene.path() / "packs" / entry.path().filename());
  }
  lose_database(scene.path());
  const Recovered recovered = recover(scene.path());
  CHECK(lost(recovered, "commit "));
  const Repository one = Repository::open(scene.path());
  CHECK(documents(one.snapshot()) == scene.packed_documents);
  check_sound(one);
}

TEST_CASE("a history index that is lost is made again, and nobody notices") {
  const TemporaryFolder folder;
  Repository one = Repository::init(folder / "r");
  for (int i = 0; i < 400; ++i) put(one, "d/" + std::to_string(i % 50), std::to_string(i));
  const auto log = [&] {
    std::vector<CommitId> found;
    const Repository again = Repository::open(folder / "r");
    again.log(again.resolve_heads("@"), {.path = "d/7"}, [&](const LoggedCommit& logged) {
      found.push_back(logged.id);
      return true;
    });
    return found;
  };
  const std::vector<CommitId> before = log();
  CHECK(before.size() == 8);
  REQUIRE(fs::exists(folder / "r" / "history"));
  fs::remove_all(folder / "r" / "history");
  CHECK(log() == before);
  CHECK(fs::exists(folder / "r" / "history"));
  CHECK(log() == before);
  check_sound(one);
}

}  // namespace
