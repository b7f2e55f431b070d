// Sessions over a line that takes all that is made: documents go as they lie in packs.
#include <catch2/catch.hpp>

#include "objects/tree.h"
#include "tests/support/sync_corpus.h"
#include "tests/support/sync_peers.h"
#include "wire/hello.h"
#include "wire/run.h"

using namespace isodb;
using namespace isodb::testing;

namespace {

constexpr std::uint64_t kDocuments = 12'000;  // they go into a pack at once
constexpr int kAllFeatures = wire::kFeaturePartial | wire::kFeatureFrames | wire::kFeatureObjects;

Device& hub() {
  static Device device;
  static const bool filled = [] {
    put_corpus(device, kDocuments);
    device.open();
    return true;
  }();
  static_cast<void>(filled);
  return device;
}

/// A clone, or what is left of one; `features`: what the clone says that it knows.
Conversation clone(Device& clone, const Line& line = {}, int features = kAllFeatures) {
  sync::SessionOptions here;
  here.peer = hub().key();
  here.initiator = here.takes = true;
  here.destination = {.into_branches = true, .remote = "there"};
  here.make_repository = [&](const CommitId& root, const Scope& scope) {
    return clone.make(root, scope);
  };
  sync::SessionOptions there;
  if (clone.state() != nullptr) there.peer = clone.key();
  there.sends = there.takes = true;
  there.sending = {.level = wire::RunWriter::kPlain, .adapts = false};
  sync::Session one(clone.state(), here), other(hub().state(), there);
  if (features != kAllFeatures) {
    constexpr std::size_t kFeatures = 4;  // length, type, lowest and highest version
    Bytes hello = one.produce(1'000);
    REQUIRE(hello.at(kFeatures) == kAllFeatures);
    hello[kFeatures] = static_cast<char>(features);
    other.receive(hello);
  }
  return talk(one, other, line);
}

/// How many of the documents lie in its packs as in the hub's.
std::uint64_t documents_as_they_came(Device& device) {
  std::uint64_t same = 0;
  objects::Cursor cursor(hub().state()->nodes(), hub().repository().snapshot().tree_id());
  for (cursor.seek({}); cursor.valid(); cursor.next()) {
    const auto here = device.state()->store->packed_blob(cursor.entry().content);
    const auto there = hub().state()->store->packed_blob(cursor.entry().content);
    if (here && there && here->frame == there->frame) ++same;
  }
  return same;
}

void check_whole(Device& device) {
  CHECK(device.head() == hub().head());
  CHECK(device.repository().fsck().empty());
  CHECK(device.repository().verify({.again = true}).empty());
}

}  // namespace

TEST_CASE("a clone over a quick line holds the documents as they lay in the sender's pack") {
  Device field{Device::Empty{}};
  const Conversation conversation = clone(field);
  REQUIRE_FALSE(conversation.error);
  CHECK(conversation.back < kDocuments * 200);
  CHECK(documents_as_they_came(field) > kDocuments / 2);
  check_whole(field);
}

TEST_CASE("who does not say that it takes frames is sent none") {
  Device field{Device::Empty{}};
  const Conversation conversation = clone(field, {}, 1);
  REQUIRE_FALSE(conversation.error);
  CHECK(conversation.back > kDocuments * 400);
  check_whole(field);
}

TEST_CASE("a clone over a quick line that breaks again and again ends right") {
  Device whole{Device::Empty{}};
  const std::uint64_t all = clone(whole).bytes();
  for (const std::uint64_t piece : {300'000, 170'003, 1'000'001}) {
    Device field{Device::Empty{}};
    std::uint64_t sent = 0;
    int sessions = 0;
    for (bool is_cut = true; is_cut; ++sessions) {
      REQUIRE(sessions < 50);
      const Conversation conversation = clone(field, {.bytes_max = piece});
      is_cut = conversation.cut;
      sent += conversation.bytes();
    }
    CHECK(sessions > 1);
    // Each session needs the dictionary anew, and until it is worth its bytes sends whole
    // documents.
    CHECK(sent < all + static_cast<std::uint64_t>(sessions) * 450'000);
    check_whole(field);
  }
}
