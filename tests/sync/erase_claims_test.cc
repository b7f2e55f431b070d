// What peers only say is erased, and what branches of remotes do: nothing is dropped for either.

#include "isodb/erase.h"
#include "merge/erased.h"
#include "merge/members.h"
#include "objects/commit_codec.h"
#include "objects/content.h"
#include "repo/care.h"
#include "repo/erase_removal.h"
#include "repo/erasures.h"
#include "repo/kept_objects.h"
#include "sync/incoming_store.h"
#include "tests/support/byte_search.h"
#include "tests/support/sync_peers.h"

namespace isodb::sync {
namespace {

using testing::Device;
using testing::error_code_of;
using testing::meet;
using testing::Way;
using testing::where_found;
using Strings = std::vector<std::string>;

const std::string kNeeded = "a document that everybody needs, 5f0c1d";
const std::string kPersonal = "what somebody asks to be erased, 77a1e2";

void check_sound(Device& device) {
  for (const Finding& finding : device.repository().fsck()) {
    FAIL_CHECK("fsck: " << finding.where << ": " << finding.problem);
  }
}

EraseReport erase_path(Device& device, const std::string& path) {
  EraseRequest request;
  request.path = path;
  request.reason = "because";
  return erase(device.repository(), request);
}

Id content_at(Device& device, const std::string& path) {
  return device.repository().snapshot().entry(path)->content;
}

std::optional<ErrorCode> reading(Device& device, const std::string& path) {
  return error_code_of([&] { device.repository().snapshot().get(path); });
}

void make_admin(Device& office, const PublicKey& key) {
  office.put(merge::member_path(key),
             merge::member_document({"tablet", key, merge::Role::kAdmin, {}}));
}

/// A commit with the document, whether or not its author may write it; the branch moves to it.
CommitId forge(Device& device, const std::string& path, const Bytes& text) {
  RepositoryState& state = *device.state();
  const CommitId parent = device.repository().resolve_commit("@");
  IncomingStore staging(state);
  const Commit before = state.read_commit(parent);
  Commit commit;
  commit.parents = {parent};
  commit.writer = state.writer;
  commit.sequence = before.sequence + 65'536;
  commit.clock = HybridTime::of(before.clock.millis() + 1, before.clock.counter());
  const objects::ContentRef content = objects::write_content(staging, text);
  Entry entry;
  entry.content = content.id;
  entry.kind = content.kind;
  entry.size = content.size;
  entry.media_type = "application/json";
  entry.stamp = commit.stamp();
  commit.tree = objects::edit_tree({staging, *state.node_cache}, staging, before.tree,
                                   std::vector<objects::TreeChange>{{path, entry}});
  objects::sign_commit(commit, state.key(), state.root);
  const CommitId id(staging.put(ObjectType::kCommit, objects::encode_commit(commit)));
  refs::WriteBatch batch;
  batch.moves.push_back({"heads/main", parent, id, "forged"});
  REQUIRE_FALSE(staging.write(batch));
  return id;
}

TEST_CASE("who may not erase gets nothing dropped by saying so, whatever is collected then") {
  Device hub;
  hub.put("needed", kNeeded);
  hub.put("personal", kPersonal);
  Device writer{Device::Empty()};
  meet(writer, hub);
  const Id needed = content_at(hub, "needed");
  forge(writer, merge::erased_path(needed), repo::erasure_document(needed, 31, "mine"));
  const auto meeting = meet(writer, hub);
  REQUIRE(meeting.report_there.refused.size() == 1);
  hub.repository().collect();
  erase_path(hub, "personal");
  CHECK(hub.repository().snapshot().get("needed") == kNeeded);
  CHECK(erased_contents(hub.repository()).size() == 1);
  check_sound(hub);
  hub.open();
  CHECK(hub.repository().snapshot().get("needed") == kNeeded);
  check_sound(hub);
}

TEST_CASE("what a session that broke off did without is kept where it lies here") {
  Device hub;
  hub.put("needed", kNeeded);
  const std::string setting = std::string(repo::kSettingEraseClaims) + "5dd5";
  const std::vector<Id> claimed = {content_at(hub, "needed")};
  hub.repository().set_setting(setting, repo::kept_objects_text(claimed));
  hub.put("more", "something else");
  hub.repository().collect();
  hub.open();
  CHECK(hub.repository().snapshot().get("needed") == kNeeded);
  check_sound(hub);
}

TEST_CASE("wherever a session breaks off that brings what is erased, collecting goes on") {
  Device hub;
  hub.put("personal", kPersonal);
  hub.put("personal", "nothing any more");
  EraseRequest request;
  request.path = "personal";
  request.history = true;
  request.reason = "because";
  erase(hub.repository(), request);
  for (std::uint64_t bytes = 2'000; bytes < 8'000; bytes += 500) {
    Device late{Device::Empty()};
    meet(late, hub, Way::kSync, {.bytes_max = bytes});
    if (late.state() == nullptr) continue;
    late.open();
    CHECK_NOTHROW(late.repository().collect());
    check_sound(late);
    REQUIRE_FALSE(meet(late, hub).conversation.error);
    check_sound(late);
    CHECK(late.head() == hub.head());
  }
}

TEST_CASE("an erasure that was fetched removes nothing, until it is merged") {
  Device office;
  office.put("needed", kNeeded);
  Device tablet{Device::Empty()};
  meet(tablet, office);
  make_admin(office, tablet.key());
  meet(tablet, office);
  // The tablet also erases what the office never had.
  tablet.put("personal", kPersonal);
  tablet.put("personal", "nothing any more");
  EraseRequest request;
  request.path = "personal";
  request.history = true;
  request.reason = "because";
  erase(tablet.repository(), request);
  erase_path(tablet, "needed");
  REQUIRE_FALSE(meet(office, tablet, Way::kFetch).conversation.error);
  REQUIRE(office.head("remotes/there/main") == tablet.head());
  CHECK(office.repository().snapshot().get("needed") == kNeeded);
  office.repository().collect();
  CHECK(office.repository().snapshot().get("needed") == kNeeded);
  CHECK(erased_contents(office.repository()).empty());
  check_sound(office);

  SECTION("without the branch of the remote all is as it was") {
    REQUIRE(office.repository()
                .move_ref("remotes/there/main", office.head("remotes/there/main"), std::nullopt, "")
                .done);
    office.open();
    CHECK(office.repository().snapshot().get("needed") == kNeeded);
    check_sound(office);
    CHECK_NOTHROW(office.repository().collect());
    check_sound(office);
  }
  SECTION("merged, it removes what it erases") {
    office.repository().merge("remotes/there/main", {});
    CHECK(reading(office, "needed") == ErrorCode::kErased);
    CHECK(where_found(office.path(), kNeeded) == Strings{});
    check_sound(office);
  }
  SECTION("and so does a branch that is put there") {
    office.repository().move_ref("heads/main", office.head(), tablet.head(), "");
    CHECK(reading(office, "needed") == ErrorCode::kErased);
    CHECK(where_found(office.path(), kNeeded) == Strings{});
    check_sound(office);
  }
}

TEST_CASE("what was removed stays erased when a branch goes back to before the erasure") {
  Device device;
  device.put("personal", kPersonal);
  const Id before = *device.head();
  erase_path(device, "personal");
  REQUIRE(device.repository().move_ref("heads/main", device.head(), before, "").done);
  for (int round = 0; round < 2; ++round) {
    CHECK(reading(device, "personal") == ErrorCode::kErased);
    CHECK(error_code_of([&] { device.put("again", kPersonal); }) == ErrorCode::kErased);
    check_sound(device);
    CHECK_NOTHROW(device.repository().collect());
    CHECK(erasures(device.repository()).size() == 1);
    device.open();
  }
  CHECK(where_found(device.path(), kPersonal) == Strings{});
  // Who has the erasure brings it back; who knows nothing of it brings no bytes.
  Device late{Device::Empty()};
  CHECK(meet(late, device).conversation.error);  // nothing that came says who erased it
}

TEST_CASE("a collection that drops what is erased leaves the whole removal to be done") {
  Device device;
  device.put("personal", kPersonal);
  device.put("more", "something else");
  const Entry entry = *device.repository().snapshot().entry("personal");
  device.put(merge::erased_path(entry.content),
             repo::erasure_document(entry.content, entry.size, "because"));
  // As the background does it, and a program that ends then.
  repo::care_for(*device.state(), {});
  REQUIRE_FALSE(device.state()->store->contains(entry.content));
  CHECK(remove_erased(device.repository()));
  CHECK(where_found(device.path(), kPersonal) == Strings{});
  CHECK_FALSE(remove_erased(device.repository()));
  check_sound(device);
}

}  // namespace
}  // namespace isodb::sync
