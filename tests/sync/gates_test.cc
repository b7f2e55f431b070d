// How many bytes a session takes, and how many times one side waits for the other: the gates of
// docs/protocol.md, "Gates", on a corpus of 20,000 documents.
#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/support/sync_corpus.h"
#include "tests/support/sync_peers.h"

using namespace isodb;
using namespace isodb::testing;

namespace {

constexpr std::uint64_t kDocuments = 20'000;

/// A hub with the corpus in one commit.
Device& hub() {
  static Device device;
  static const bool filled = [] {
    put_corpus(device, kDocuments);
    return true;
  }();
  static_cast<void>(filled);
  return device;
}

void change(Device& device, std::uint64_t i, std::uint64_t weight) {
  device.put(SyncCorpus::path(i), SyncCorpus::document(i, weight));
}

void check_clean(Device& device) {
  CHECK(device.repository().fsck().empty());
  CHECK(device.repository().verify().empty());
}

void say(const char* what, const Conversation& conversation) {
  WARN(what << ": " << conversation.bytes() << " bytes, " << conversation.turns << " turns");
}

}  // namespace

TEST_CASE("A session keeps to its gates of bytes and turns") {
  Device field{Device::Empty{}};
  const Meeting clone = meet(field, hub());
  say("a: a clone", clone.conversation);
  REQUIRE_FALSE(clone.conversation.error);
  CHECK(clone.conversation.bytes() <= 2'000'000);
  CHECK(clone.conversation.turns == 1);
  CHECK(field.head() == hub().head());
  check_clean(field);

  // The first meeting by name agrees on what the clone brought.
  REQUIRE_FALSE(meet(field, hub()).conversation.error);

  const Meeting nothing = meet(field, hub());
  say("b: nothing new", nothing.conversation);
  CHECK(nothing.conversation.bytes() <= 200);
  CHECK(nothing.conversation.turns == 1);

  change(hub(), 17, 4321);
  const Meeting one = meet(field, hub());
  say("c: one field", one.conversation);
  CHECK(one.conversation.bytes() <= 420);
  CHECK(one.conversation.turns == 1);
  CHECK(field.head() == hub().head());

  hub().commit([](Transaction& transaction) {
    for (std::uint64_t i = 0; i < 100; ++i) {
      transaction.put(SyncCorpus::path(i * 197), SyncCorpus::document(i * 197, 3000 + i * 37));
    }
  });
  const Meeting hundred = meet(field, hub());
  say("d: one commit, 100 documents", hundred.conversation);
  CHECK(hundred.conversation.bytes() <= 1'400);
  CHECK(hundred.conversation.turns == 1);
  CHECK(field.head() == hub().head());

  for (std::uint64_t i = 0; i < 1000; ++i) change(hub(), i * 19, 3100 + i % 4000);
  const Meeting thousand = meet(field, hub());
  say("e: 1,000 commits", thousand.conversation);
  CHECK(thousand.conversation.bytes() <= 90'000);
  CHECK(thousand.conversation.turns == 1);
  CHECK(field.head() == hub().head());

  for (std::uint64_t i = 0; i < 100; ++i) {
    change(hub(), i * 7, 3200 + i);
    change(field, i * 7 + 3, 5200 + i);
  }
  const Meeting both = meet(field, hub());
  say("f: diverged by 100", both.conversation);
  CHECK(both.conversation.bytes() <= 19'000);
  CHECK(both.conversation.turns <= 2);
  REQUIRE_FALSE(both.conversation.error);
  CHECK(field.head() == hub().head());
  check_clean(field);
  check_clean(hub());
}
