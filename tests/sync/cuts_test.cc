// A line that breaks at any byte: the next session ends right, and little is sent twice.
#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "tests/support/sync_corpus.h"
#include "tests/support/sync_peers.h"

using namespace isodb;
using namespace isodb::testing;

namespace {

constexpr std::uint64_t kDocuments = 300;
constexpr std::uint64_t kWasteMax = 64 * 1024;

void change(Device& device, std::uint64_t i, std::uint64_t weight) {
  device.put(SyncCorpus::path(i), SyncCorpus::document(i, weight));
}

/// Two devices with something to tell each other, before they meet.
struct Pair {
  Device hub;
  Device field{Device::Empty{}};

  Pair() {
    put_corpus(hub, kDocuments);
    REQUIRE_FALSE(meet(field, hub).conversation.error);
    REQUIRE_FALSE(meet(field, hub).conversation.error);
  }
};

/// Cuts a session of copies of the pair at every `stride`-th byte from `first` on; each time, the
/// next session has to bring what this one did not, for little more than it costs at once.
void cut_everywhere(const Pair& pair, std::uint64_t first, std::uint64_t stride) {
  std::uint64_t whole = 0;
  Id expected;
  {
    Device hub(pair.hub, 0), field(pair.field, 0);
    const Meeting meeting = meet(field, hub);
    REQUIRE_FALSE(meeting.conversation.error);
    whole = meeting.conversation.bytes();
    expected = *field.head();
    REQUIRE(hub.head() == expected);
  }
  for (std::uint64_t at = first; at < whole; at += stride) {
    INFO("cut after " << at << " of " << whole << " bytes");
    Device hub(pair.hub, 0), field(pair.field, 0);
    const Meeting broken = meet(field, hub, Way::kSync, {.bytes_max = at});
    REQUIRE(broken.conversation.cut);
    const Meeting next = meet(field, hub);
    REQUIRE_FALSE(next.conversation.error);
    REQUIRE_FALSE(next.conversation.error_there);
    REQUIRE(field.head() == expected);
    REQUIRE(hub.head() == expected);
    REQUIRE(at + next.conversation.bytes() < whole + kWasteMax);
  }
}

}  // namespace

TEST_CASE("A session of one changed field may break at every byte") {
  Pair pair;
  change(pair.hub, 17, 4321);
  cut_everywhere(pair, 0, 1);
}

TEST_CASE("A session of one commit with 100 documents may break at every byte") {
  Pair pair;
  pair.hub.commit([](Transaction& transaction) {
    for (std::uint64_t i = 0; i < 100; ++i) {
      transaction.put(SyncCorpus::path(i * 3), SyncCorpus::document(i * 3, 3000 + i * 37));
    }
  });
  cut_everywhere(pair, 0, 1);
}

// Four parts of one test, so that they run side by side.
TEMPLATE_TEST_CASE_SIG("A session of two histories that diverged may break at every byte", "",
                       ((std::uint64_t part), part), 0, 1, 2, 3) {
  Pair pair;
  for (std::uint64_t i = 0; i < 100; ++i) {
    change(pair.hub, i * 2, 3200 + i);
    change(pair.field, i * 2 + 1, 5200 + i);
  }
  cut_everywhere(pair, part, 4);
}

TEST_CASE("A clone may break anywhere and goes on where it was") {
  Device hub;
  put_corpus(hub, 20'000);
  std::uint64_t whole = 0;
  {
    Device field{Device::Empty{}};
    whole = meet(field, hub).conversation.bytes();
    REQUIRE(field.head() == hub.head());
  }
  std::mt19937_64 random(1);
  // A clone that breaks again and again: each session goes on where the one before was cut.
  int cuts = 0;
  while (cuts < 1000) {
    Device field{Device::Empty{}};
    std::uint64_t sent = 0;
    int sessions = 0;
    for (bool done = false; !done; ++sessions) {
      const std::uint64_t most = 1 + random() % (whole / 20);
      const Meeting meeting = meet(field, hub, Way::kFetch, {.bytes_max = most});
      sent += meeting.conversation.bytes();
      done = !meeting.conversation.cut;
      cuts += meeting.conversation.cut ? 1 : 0;
      REQUIRE(sessions < 200);
    }
    INFO(sessions << " sessions, " << sent << " bytes instead of " << whole);
    REQUIRE(sent < whole + static_cast<std::uint64_t>(sessions) * kWasteMax);
    REQUIRE(field.head("remotes/there/main") == hub.head());
    REQUIRE(field.repository().fsck().empty());
  }
}
