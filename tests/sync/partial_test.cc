// Partial repositories: whatever the scope and the history, all commits come, what is in scope is
// there, what others need is not lost, and a line may break anywhere.
#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "sync/absent_contents.h"
#include "tests/support/sync_corpus.h"
#include "tests/support/sync_peers.h"

using namespace isodb;
using namespace isodb::testing;
using wire::ScopeClaim;

namespace {

constexpr const char* kFolders[] = {"a", "b", "c/d", "c/e"};

ScopeClaim claim(std::vector<std::string> prefixes, std::uint64_t depth = 0) {
  ScopeClaim claim;
  claim.prefixes = std::move(prefixes);
  if (depth > 0) claim.boundary = ScopeClaim::Boundary::kDepth;
  claim.number = depth;
  return claim;
}

Meeting expect_whole(const Meeting& meeting) {
  if (meeting.conversation.error_there) FAIL(meeting.conversation.error_there->what());
  if (meeting.conversation.error) FAIL(meeting.conversation.error->what());
  REQUIRE_FALSE(meeting.conversation.cut);
  REQUIRE(meeting.report.waiting.empty());
  REQUIRE(meeting.report.contents_missing.empty());
  return meeting;
}

/// Devices that write the same few documents, apart, and meet now and then.
class World {
 public:
  explicit World(std::uint64_t seed, std::uint64_t large_one_in = 8)
      : random_(seed), large_one_in_(large_one_in) {
    for (int i = 0; i < 2; ++i) {
      others_.push_back(std::make_unique<Device>(Device::Empty{}));
      expect_whole(meet(*others_.back(), hub));
    }
  }

  void work(int steps) {
    for (int step = 0; step < steps; ++step) {
      const std::size_t who = random_() % 3;
      Device& device = who == 0 ? hub : *others_[who - 1];
      if (random_() % 3 == 0 && who != 0) {
        expect_whole(meet(device, hub));
      } else {
        change(device, kFolders[random_() % 4]);
      }
    }
    for (int round = 0; round < 2; ++round) {
      for (auto& device : others_) expect_whole(meet(*device, hub));
    }
  }

  void change(Device& device, const std::string& folder) {
    device.commit([&](Transaction& transaction) {
      for (std::uint64_t i = random_() % 3 + 1; i > 0; --i) {
        std::string path = folder + "/" + std::to_string(random_() % 4);
        if (random_() % large_one_in_ == 0) {
          transaction.put(path, random_bytes(random_, 66'000 + random_() % 100'000));
          continue;
        }
        path += ".json";
        if (random_() % 6 == 0) {
          transaction.remove(path);
        } else {
          const auto number = [&] { return std::to_string(random_() % 9); };
          std::string document = R"({"n":)" + number() + R"(,"m":)" + number();
          transaction.put(path, document + R"(,"of":")" + folder + "\"}");
        }
      }
      transaction.put(folder + "/count", std::to_string(++writes_));
    });
  }

  std::mt19937_64& random() { return random_; }
  Device hub;

 private:
  std::mt19937_64 random_;
  const std::uint64_t large_one_in_;
  std::vector<std::unique_ptr<Device>> others_;
  std::uint64_t writes_ = 0;
};

/// How many contents that are in this scope are not there.
std::uint64_t absent_from(Device& device, const Scope& scope) {
  sync::AbsentContents absent(*device.state(), scope);
  std::uint64_t count = 0;
  while (absent.next()) ++count;
  return count;
}

Scope scope_of(Device& device) {
  return *device.state()->reload_scope();
}

ScopeClaim random_claim(std::mt19937_64& random) {
  ScopeClaim claim;
  for (const char* folder : {"a", "b", "c"}) {
    if (random() % 2 == 0) claim.prefixes.emplace_back(folder);
  }
  if (random() % 2 == 0) claim.prefixes.clear();
  if (random() % 2 == 0 || claim.prefixes.empty()) {
    claim.boundary = ScopeClaim::Boundary::kDepth;
    claim.number = random() % 8 + 1;
  }
  return claim;
}

std::string folder_in(const ScopeClaim& claim) {
  const std::string first = claim.prefixes.empty() ? "a" : claim.prefixes.front();
  return first == "c" ? "c/d" : first;
}

}  // namespace

TEST_CASE("A partial device has what its scope says, works, and becomes whole") {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    INFO("seed " << seed);
    World world(seed);
    world.work(24);
    const ScopeClaim asked = random_claim(world.random());
    Device field{Device::Empty{asked}};
    expect_whole(meet(field, world.hub));
    REQUIRE(field.head() == world.hub.head());
    REQUIRE(scope_of(field).prefixes == asked.prefixes);
    REQUIRE(absent_from(field, scope_of(field)) == 0);

    // Everybody goes on working; the device in its own scope.
    for (int round = 0; round < 3; ++round) {
      world.work(8);
      world.change(field, folder_in(asked));
      expect_whole(meet(field, world.hub));
      expect_whole(meet(field, world.hub));
      REQUIRE(field.head() == world.hub.head());
      REQUIRE(absent_from(field, scope_of(field)) == 0);
      REQUIRE(field.repository().fsck().empty());
    }
    REQUIRE(world.hub.repository().verify({.again = true}).empty());

    expect_whole(meet(field, world.hub, Way::kFetch, {}, Scope{}));
    REQUIRE(scope_of(field).is_whole());
    REQUIRE(absent_from(field, {}) == 0);
    REQUIRE(field.repository().fsck().empty());
    REQUIRE(field.repository().verify({.again = true}).empty());
    Device whole{Device::Empty{}};
    expect_whole(meet(whole, field));
    REQUIRE(whole.head() == world.hub.head());
  }
}

TEST_CASE("A partial clone and what widens it may break anywhere") {
  World world(7, 50);
  world.work(60);
  const ScopeClaim asked = claim({"a"}, 3);
  std::mt19937_64 random(1);
  int cuts = 0;
  while (cuts < 60) {
    Device field{Device::Empty{asked}};
    const auto again = [&](const std::optional<Scope>& wider) {
      for (int sessions = 0;; ++sessions) {
        REQUIRE(sessions < 100);
        const Line line{.bytes_max = 500 + random() % 60'000};
        const Meeting meeting = meet(field, world.hub, Way::kSync, line, wider);
        if (!meeting.conversation.cut) {
          expect_whole(meeting);
          return;
        }
        ++cuts;
      }
    };
    again({});
    REQUIRE(field.head() == world.hub.head());
    REQUIRE(absent_from(field, scope_of(field)) == 0);
    REQUIRE_FALSE(scope_of(field).is_whole());
    again(Scope{});
    REQUIRE(scope_of(field).is_whole());
    REQUIRE(absent_from(field, {}) == 0);
    REQUIRE(field.repository().fsck().empty());
  }
}

TEST_CASE("A clone of a hundredth of 20,000 documents takes the ids of all and its own bytes") {
  Device hub;
  hub.commit([](Transaction& transaction) {
    for (std::uint64_t i = 0; i < 20'000; ++i) {
      const std::string folder = i % 100 == 0 ? "mine/" : "theirs/";
      transaction.put(folder + SyncCorpus::path(i), SyncCorpus::document(i));
    }
  });
  Device field{Device::Empty{claim({"mine"})}};
  const Meeting meeting = expect_whole(meet(field, hub));
  WARN("a clone of 1 % of 20,000 documents: " << meeting.conversation.bytes() << " bytes");
  CHECK(field.head() == hub.head());
  CHECK(absent_from(field, scope_of(field)) == 0);
  CHECK(meeting.conversation.bytes() < 1'000'000);
  const Meeting nothing = expect_whole(meet(field, hub));
  WARN("nothing new: " << expect_whole(meet(field, hub)).conversation.bytes() << " bytes");
  CHECK(nothing.conversation.bytes() < 300);
}
