// Sessions that stay open, and what happens beside a session: each change costs its own bytes,
// and nothing that another process does meanwhile is lost.
#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "sync/incoming.h"
#include "tests/support/sync_peers.h"

using namespace isodb;
using namespace isodb::testing;

namespace {

constexpr std::size_t kDocumentBytes = 20'000;

/// Two sessions that stay open, with a line between them.
class Watching {
 public:
  Watching(Device& initiator, Device& responder)
      : here_(initiator.state(), options(responder, true)),
        there_(responder.state(), options(initiator, false)) {}

  /// Until both have nothing more to say: bytes in both directions.
  std::uint64_t settle() {
    std::uint64_t all = 0;
    for (;;) {
      const Bytes out = here_.produce(1 << 20);
      there_.receive(out);
      const Bytes back = there_.produce(1 << 20);
      here_.receive(back);
      if (out.empty() && back.empty()) return all;
      all += out.size() + back.size();
    }
  }

 private:
  static sync::SessionOptions options(Device& other, bool initiator) {
    sync::SessionOptions options;
    options.peer = other.key();
    options.initiator = initiator;
    options.sends = options.takes = options.watches = true;
    options.destination = {.into_branches = true, .remote = "other"};
    options.sending.adapts = false;
    return options;
  }
  sync::Session here_, there_;
};

wire::ScopeClaim of_path(const std::string& path) {
  wire::ScopeClaim claim;
  claim.prefixes = {path};
  return claim;
}

}  // namespace

TEST_CASE("An open session sends each commit once") {
  std::mt19937_64 random(5);
  Device hub, field(Device::Empty{});
  meet(field, hub);
  Watching session(field, hub);
  session.settle();
  for (int i = 0; i < 5; ++i) {
    for (Device* writer : {&hub, &field}) {
      const std::string path = "d" + std::to_string(i) + (writer == &hub ? "h" : "f");
      writer->put(path, random_bytes(random, kDocumentBytes));
      const std::uint64_t bytes = session.settle();
      CHECK(bytes > kDocumentBytes);
      CHECK(bytes < kDocumentBytes + 1'000);
      CHECK(hub.head() == field.head());
    }
  }
}

TEST_CASE("A session does not bring hashes of what another process has come to hold meanwhile") {
  Device hub;
  hub.put("cows/1", "moo");
  hub.put("goats/1", "meh");
  Device partial(Device::Empty{of_path("cows")});
  meet(partial, hub);
  Watching session(partial, hub);
  session.settle();

  REQUIRE_FALSE(meet(partial, hub, Way::kFetch, {}, Scope{{"cows", "goats"}, {}})
                    .conversation.error.has_value());
  hub.put("goats/2", "another");
  try {
    session.settle();
    FAIL("the session went on");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kStale);
  }
  REQUIRE_FALSE(meet(partial, hub).conversation.error.has_value());
  CHECK(partial.repository().snapshot().get("goats/2") == "another");
  CHECK(partial.repository().fsck().empty());
}

TEST_CASE("Of two that widen a scope at once, the later learns that it has to do so again") {
  Device hub;
  for (const char* path : {"cows/1", "goats/1", "pigs/1"}) hub.put(path, path);
  Device partial(Device::Empty{of_path("cows")});
  meet(partial, hub);
  const auto widen = [&](const Scope& from, std::vector<std::string> prefixes) {
    sync::Incoming incoming(*partial.state(), hub.key());
    incoming.widen(from, Scope{std::move(prefixes), {}});
  };
  const Scope before = *partial.state()->reload_scope();
  widen(before, {"cows", "goats"});
  CHECK_THROWS_AS(widen(before, {"cows", "pigs"}), Error);
  const std::vector<std::string> now = partial.state()->reload_scope()->prefixes;
  CHECK(now == std::vector<std::string>{"cows", "goats"});
}

TEST_CASE("A branch that was deleted here comes back only where somebody went on with it") {
  Device hub, field(Device::Empty{});
  const auto branch = [](Device& device, const char* name) {
    REQUIRE(device.repository().move_ref(name, std::nullopt, *device.head(), "branch").done);
  };
  branch(hub, "heads/quiet");
  branch(hub, "heads/busy");
  meet(field, hub);
  REQUIRE(field.head("heads/quiet"));
  for (const char* name : {"heads/quiet", "heads/busy"}) {
    REQUIRE(field.repository().move_ref(name, field.head(name), std::nullopt, "delete").done);
  }
  hub.put("x", "1");
  REQUIRE(hub.repository().move_ref("heads/busy", hub.head("heads/busy"), *hub.head(), "on").done);
  for (int i = 0; i < 2; ++i) {
    REQUIRE_FALSE(meet(field, hub).conversation.error.has_value());
    CHECK_FALSE(field.head("heads/quiet"));
    CHECK(field.head("heads/busy") == hub.head());
    CHECK(hub.head("heads/quiet"));
  }
}

TEST_CASE("What one device brought before its line broke is not sent again by another") {
  std::mt19937_64 random(6);
  Device hub, first(Device::Empty{}), second(Device::Empty{});
  meet(first, hub);
  for (int i = 0; i < 20; ++i) first.put("d" + std::to_string(i), random_bytes(random, 10'000));
  meet(second, first);
  const Meeting broken = meet(first, hub, Way::kSync, {.bytes_max = 120'000});
  REQUIRE(broken.conversation.cut);
  REQUIRE_FALSE(hub.repository().refs("incoming/").empty());

  const Meeting rest = meet(second, hub);
  REQUIRE_FALSE(rest.conversation.error.has_value());
  CHECK(rest.conversation.bytes() < 120'000);
  CHECK(hub.head() == first.head());
  hub.repository().collect();
  CHECK(hub.repository().refs("incoming/").empty());
  for (const auto& [name, value] : hub.repository().settings()) {
    CHECK_FALSE(name.starts_with("incoming."));
  }
  CHECK(hub.repository().fsck().empty());
}
