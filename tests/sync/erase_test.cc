#include "isodb/erase.h"

#include <random>

#include "isodb/backup.h"
#include "isodb/bundle.h"
#include "isodb/import_session.h"
#include "merge/erased.h"
#include "objects/commit_codec.h"
#include "repo/erase_removal.h"
#include "sync/incoming.h"
#include "sync/incoming_store.h"
#include "sync/outgoing.h"
#include "tests/support/byte_search.h"
#include "tests/support/sync_peers.h"

namespace isodb::sync {
namespace {

namespace fs = std::filesystem;
using testing::Device;
using testing::error_code_of;
using testing::error_of;
using testing::meet;
using testing::where_found;
using Strings = std::vector<std::string>;

/// Bytes that nothing makes smaller.
std::string noise(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string bytes(count, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

std::string patient(int number, const std::string& secret = "none") {
  return "{\"name\":\"patient " + std::to_string(number) +
         "\",\"ward\":\"cardiology, third floor, east wing\",\"diagnosis\":\"" + secret +
         "\",\"doctor\":\"Dr. Ida Example\",\"number\":" + std::to_string(number * 7'919) + "}";
}

const std::string kSecret = "a condition that nobody is to know of";

/// Documents of all kinds, those named secret/… with bytes that are to be erased.
struct Ward {
  Ward() {
    device.commit([&](Transaction& change) {
      for (int i = 0; i < 2'000; ++i) change.put("patients/" + std::to_string(i), patient(i));
      change.put("secret/noise", noise(2'000, 1));
      change.put("secret/text.json", patient(9, kSecret));
      change.put("secret/large", large);
      change.put("other/large", large.substr(0, 400'000) + noise(300'000, 3));
    });
    // Its history: a delta on the erased version, and one that it is a delta of.
    device.put("secret/text.json", patient(9, kSecret + ", twice"));
    device.put("secret/text.json", patient(10));
  }
  Device device;
  const std::string large = noise(800'000, 2);
};

void check_sound(Device& device) {
  for (const Finding& finding : device.repository().fsck()) {
    FAIL_CHECK("fsck: " << finding.where << ": " << finding.problem);
  }
  for (const Finding& finding : device.repository().verify({.again = true})) {
    FAIL_CHECK("verify: " << finding.where << ": " << finding.problem);
  }
}

void erase_path(Device& device, const std::string& path, bool history = false) {
  EraseRequest request;
  request.path = path;
  request.history = history;
  request.reason = "she asked for it";
  erase(device.repository(), request);
}

std::optional<ErrorCode> reading(Device& device, const std::string& path) {
  return error_code_of([&] { device.repository().snapshot().get(path); });
}

TEST_CASE("what is erased is in no file of any device that syncs, and all ids stay the same") {
  Ward ward;
  Device hub{Device::Empty()}, other{Device::Empty()};
  meet(hub, ward.device);
  meet(other, hub);
  other.repository().collect();
  REQUIRE_FALSE(where_found(other.path(), noise(2'000, 1)).empty());
  REQUIRE_FALSE(where_found(other.path(), kSecret).empty());

  erase_path(ward.device, "secret/noise");
  erase_path(ward.device, "secret/large");
  erase_path(ward.device, "secret/text.json", true);
  REQUIRE_FALSE(meet(ward.device, hub).conversation.error);
  REQUIRE_FALSE(meet(other, hub).conversation.error);
  Device late{Device::Empty()};
  REQUIRE_FALSE(meet(late, hub).conversation.error);
  for (Device* device : {&ward.device, &hub, &other, &late}) {
    CHECK(where_found(device->path(), noise(2'000, 1)) == Strings{});
    CHECK(where_found(device->path(), kSecret) == Strings{});
    CHECK(where_found(device->path(), ward.large.substr(600'000, 500)) == Strings{});
    CHECK(reading(*device, "secret/noise") == ErrorCode::kErased);
    CHECK(reading(*device, "secret/large") == ErrorCode::kErased);
    CHECK(reading(*device, "secret/text.json") == ErrorCode::kErased);
    CHECK(device->repository().snapshot().get("patients/7") == patient(7));
    CHECK(device->repository().snapshot().get("other/large")->size() == 700'000);
    CHECK(device->head() == ward.device.head());
    check_sound(*device);
  }
  // The entry still names what it did.
  CHECK(hub.repository().snapshot().entry("secret/noise")->size == 2'000);
}

TEST_CASE("who reads what was erased is told by whom, when and why") {
  Ward ward;
  erase_path(ward.device, "secret/noise");
  const auto error = error_of([&] { ward.device.repository().snapshot().get("secret/noise"); });
  REQUIRE(error);
  const std::string text = error->what();
  CHECK(text.find("'secret/noise': erased by ") == 0);
  CHECK(text.find(" on 20") != std::string::npos);
  CHECK(text.find(": she asked for it") != std::string::npos);
  const std::vector<Erasure> all = erasures(ward.device.repository());
  REQUIRE(all.size() == 1);
  CHECK(all[0].bytes == 2'000);
  CHECK(all[0].author == ward.device.key());
  CHECK(error_code_of([&] { ward.device.repository().object(all[0].content); }) ==
        ErrorCode::kErased);
}

TEST_CASE("a bundle says what is erased, and brings no bytes of it") {
  Ward ward;
  Device other{Device::Empty()};
  meet(other, ward.device);
  erase_path(ward.device, "secret/noise");
  const fs::path file = ward.device.path() / "../all.bundle";
  create_bundle(ward.device.repository(), file);
  CHECK(testing::slurp(file).find(noise(2'000, 1).substr(0, 64)) == std::string::npos);
  apply_bundle(other.repository(), file);
  CHECK(where_found(other.path(), noise(2'000, 1)) == Strings{});
  CHECK(other.head() == ward.device.head());
  check_sound(other);
}

TEST_CASE("what is erased may not come back: put, draft, import, move, revert") {
  Ward ward;
  Device& device = ward.device;
  const std::string bytes = noise(2'000, 1);
  const CommitId added = device.put("kept", bytes + "x");
  device.put("kept", "now another");
  erase_path(device, "secret/noise");
  EraseRequest old;
  old.path = "kept";
  old.history = true;
  old.reason = "old versions, too";
  erase(device.repository(), old);
  Repository& repository = device.repository();
  CHECK(error_code_of([&] { device.put("back", bytes); }) == ErrorCode::kErased);
  CHECK(error_code_of([&] {
          Transaction move = repository.begin();
          move.put_entry("moved", *move.entry("secret/noise"));
        }) == ErrorCode::kErased);
  repository.begin_draft();
  CHECK(error_code_of([&] {
          Transaction draft = repository.draft_transaction();
          draft.put("back", bytes);
          repository.save_draft(draft);
        }) == ErrorCode::kErased);
  repository.drop_draft();
  CHECK(error_code_of([&] {
          ImportSession session(repository);
          ImportSession::CommitInput input;
          input.parents = repository.resolve_heads("@");
          input.changes.push_back({"back", session.write_document(bytes, "text/plain")});
          session.commit(std::move(input));
        }) == ErrorCode::kErased);
  CHECK(error_code_of([&] { repository.snapshot(added.hex()).get("kept"); }) == ErrorCode::kErased);
  CHECK(where_found(device.path(), bytes) == Strings{});
  check_sound(device);
}

TEST_CASE("a device that knows nothing of it goes on from what is erased, and brings none of it") {
  Ward ward;
  Device field{Device::Empty()};
  meet(field, ward.device);
  erase_path(ward.device, "secret/noise");
  erase_path(ward.device, "secret/text.json", true);
  // An edit of it, a copy of it, and the same bytes once more elsewhere.
  std::string edited = noise(2'000, 1);
  edited[1'000] = 'x';
  field.put("copied", noise(2'000, 1));
  field.put("secret/text.json", patient(9, "harmless"));
  field.put("secret/noise", edited);
  REQUIRE_FALSE(meet(field, ward.device).conversation.error);
  for (Device* device : {&ward.device, &field}) {
    CHECK(where_found(device->path(), noise(2'000, 1)) == Strings{});
    CHECK(where_found(device->path(), kSecret) == Strings{});
    CHECK(device->repository().snapshot().get("secret/noise") == edited);
    CHECK(reading(*device, "copied") == ErrorCode::kErased);
    check_sound(*device);
  }
  CHECK(field.head() == ward.device.head());
}

TEST_CASE("a merge made before an erasure stands, and a new clone takes it") {
  Device one;
  one.put("d.json", R"({"a":1,"b":1,"secret":"xyzzy-0"})");
  Device two{Device::Empty()};
  meet(two, one);
  one.put("d.json", R"({"a":2,"b":1,"secret":"xyzzy-0"})");
  two.put("d.json", R"({"a":1,"b":2,"secret":"xyzzy-0"})");
  meet(two, one);
  one.put("e.json", "1");  // a commit on top of the merge
  one.put("d.json", R"({"a":3,"b":3})");
  erase_path(one, "d.json", true);
  CHECK(where_found(one.path(), "xyzzy-0") == Strings{});
  REQUIRE_FALSE(meet(two, one).conversation.error);
  Device late{Device::Empty()};
  REQUIRE_FALSE(meet(late, two).conversation.error);
  for (Device* device : {&one, &two, &late}) {
    CHECK(where_found(device->path(), "xyzzy-0") == Strings{});
    CHECK(device->head() == one.head());
    NotSeen not_seen;
    CHECK(device->repository().verify({.again = true}, {}, &not_seen).empty());
    check_sound(*device);
  }
}

TEST_CASE("only an admin erases, and nobody takes it back") {
  Ward ward;
  Device writer{Device::Empty()};
  meet(writer, ward.device);
  EraseRequest request;
  request.path = "secret/noise";
  request.reason = "because";
  CHECK(error_code_of([&] { erase(writer.repository(), request); }) == ErrorCode::kDenied);
  CHECK(writer.repository().snapshot().get("secret/noise") == noise(2'000, 1));
  erase(ward.device.repository(), request);
  const Id content = erasures(ward.device.repository()).at(0).content;
  CHECK(error_code_of([&] {
          ward.device.commit(
              [&](Transaction& change) { change.remove(merge::erased_path(content)); });
        }) == ErrorCode::kDenied);
  CHECK(reading(ward.device, "secret/noise") == ErrorCode::kErased);
  request.reason.clear();
  CHECK(error_code_of([&] { erase(ward.device.repository(), request); }) == ErrorCode::kInvalid);
  request = {.path = ".isodb/repository.json", .content = {}, .reason = "because"};
  CHECK(error_code_of([&] { erase(ward.device.repository(), request); }) == ErrorCode::kInvalid);
}

/// A commit that removes the document, as no isodb would make it; the branch moves to it.
CommitId forge_removal(Device& device, const std::string& path) {
  RepositoryState& state = *device.state();
  const CommitId parent = device.repository().resolve_commit("@");
  IncomingStore staging(state);
  const Commit before = state.read_commit(parent);
  Commit commit;
  commit.parents = {parent};
  commit.writer = state.writer;
  commit.sequence = before.sequence + 65'536;
  commit.clock = HybridTime::of(before.clock.millis() + 1, before.clock.counter());
  commit.tree = objects::edit_tree({staging, *state.node_cache}, staging, before.tree,
                                   std::vector<objects::TreeChange>{{path, std::nullopt}});
  commit.deleted = staging.put(ObjectType::kBlob, objects::encode_deleted_paths({path}));
  objects::sign_commit(commit, state.key(), state.root);
  const CommitId id(staging.put(ObjectType::kCommit, objects::encode_commit(commit)));
  refs::WriteBatch batch;
  batch.moves.push_back({"heads/main", parent, id, "forged"});
  REQUIRE_FALSE(staging.write(batch));
  return id;
}

TEST_CASE("a commit that takes an erasure back is refused by everybody") {
  Ward ward;
  Device other{Device::Empty()};
  meet(other, ward.device);
  erase_path(ward.device, "secret/noise");
  meet(other, ward.device);
  const Id content = erasures(ward.device.repository()).at(0).content;
  const CommitId forged = forge_removal(ward.device, merge::erased_path(content));
  const auto meeting = meet(other, ward.device);
  REQUIRE(meeting.report.refused.size() == 1);
  CHECK(meeting.report.refused[0].commit == forged);
  CHECK(meeting.report.refused[0].rule.find("what is erased stays erased") != std::string::npos);
  CHECK(reading(other, "secret/noise") == ErrorCode::kErased);
  CHECK_FALSE(ward.device.repository().verify({.again = true}).empty());
}

TEST_CASE("a partial device erases with the others, and need not hold what it merges no more") {
  Ward ward;
  wire::ScopeClaim scope;
  scope.prefixes = {"secret"};
  Device part{Device::Empty{scope}};
  meet(part, ward.device);
  REQUIRE_FALSE(where_found(part.path(), noise(2'000, 1)).empty());
  erase_path(ward.device, "secret/noise");
  erase_path(ward.device, "patients/7");
  REQUIRE_FALSE(meet(part, ward.device).conversation.error);
  Device late{Device::Empty{scope}};
  REQUIRE_FALSE(meet(late, ward.device).conversation.error);
  for (Device* device : {&part, &late}) {
    CHECK(where_found(device->path(), noise(2'000, 1)) == Strings{});
    CHECK(reading(*device, "secret/noise") == ErrorCode::kErased);
    CHECK(reading(*device, "patients/7") == ErrorCode::kErased);
    CHECK(reading(*device, "patients/8") == ErrorCode::kNotHeld);
    CHECK(device->head() == ward.device.head());
    check_sound(*device);
  }
}

TEST_CASE("who says that something is erased which is not gets nowhere with it") {
  Ward ward;
  Device other{Device::Empty()};
  meet(other, ward.device);
  const Id content = ward.device.put("new", noise(500, 9)), head = *other.head();
  const Entry entry = *ward.device.repository().snapshot().entry("new");
  Incoming incoming(*other.state(), ward.device.key());
  incoming.tell_erased({entry.content});
  incoming.begin_stream();
  Outgoing::Options options;
  options.erased_there = merge::Erased(std::vector<Id>{entry.content});
  Outgoing outgoing(*ward.device.state(), {CommitId(content)}, options);
  while (auto element = outgoing.next()) incoming.take(*std::move(element));
  const auto move = [&] {
    refs::WriteBatch batch;
    batch.moves.push_back({"heads/main", head, content, "sync"});
    incoming.finish(batch);
  };
  CHECK(error_code_of(move) == ErrorCode::kCorrupt);
  CHECK(other.head() == head);
}

TEST_CASE("a backup holds nothing that was erased, and what is restored knows of it") {
  Ward ward;
  erase_path(ward.device, "secret/noise");
  const testing::TemporaryFolder folder;
  back_up(ward.device.repository(), folder / "b");
  CHECK(testing::slurp(folder / "b").find(noise(2'000, 1).substr(0, 64)) == std::string::npos);
  restore(folder / "b", folder / "r");
  Repository back = Repository::open(folder / "r");
  CHECK(error_code_of([&] { back.snapshot().get("secret/noise"); }) == ErrorCode::kErased);
  CHECK(back.fsck().empty());
}

TEST_CASE(
    "who reads one after the other is given nothing erased, while its bytes are still there") {
  Ward ward;
  Device& device = ward.device;
  device.repository().collect();  // into a pack, of which more is read ahead
  const Entry entry = *device.repository().snapshot().entry("patients/777");
  device.put(merge::erased_path(entry.content),
             repo::erasure_document(entry.content, entry.size, "because"));
  REQUIRE(erasures(device.repository()).size() == 1);
  int read = 0;
  for (DocumentCursor at = device.repository().snapshot().documents(); at.valid(); at.next()) {
    const bool erased = error_code_of([&] { at.bytes(); }) == ErrorCode::kErased;
    REQUIRE(erased == (at.path() == "patients/777"));
    ++read;
  }
  CHECK(read > 2'000);
}

TEST_CASE("a removal that was interrupted is gone on with by whoever opens to write") {
  Ward ward;
  Device& device = ward.device;
  // As it is where the power went after the commit.
  const Entry entry = *device.repository().snapshot().entry("secret/noise");
  device.put(merge::erased_path(entry.content),
             repo::erasure_document(entry.content, entry.size, "because"));
  device.repository().set_setting(repo::kSettingErasePending, "1");
  REQUIRE_FALSE(where_found(device.path(), noise(2'000, 1)).empty());
  device.open();
  CHECK(where_found(device.path(), noise(2'000, 1)) == Strings{});
  CHECK_FALSE(device.repository().setting(repo::kSettingErasePending));
  check_sound(device);
}

}  // namespace
}  // namespace isodb::sync
