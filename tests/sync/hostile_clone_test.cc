// A partial clone notices what was kept from it, whatever the peer says.
#include <algorithm>
#include <catch2/catch.hpp>

#include "repo/scope.h"
#include "sync/receiver.h"
#include "sync/session.h"
#include "tests/sync/hostile_peer.h"

using namespace isodb;
using namespace isodb::testing;
using wire::ScopeClaim;

namespace {

/// A clone, and a peer that answers what it likes.
class CloneOf {
 public:
  CloneOf(Device& hub, const ScopeClaim& asked) : hub_(hub), field_{Device::Empty{asked}} {
    options_.peer = hub.key();
    options_.initiator = options_.takes = true;
    options_.destination = {.into_branches = true, .remote = "hub"};
    options_.clone_scope = asked;
    options_.make_repository = [this](const CommitId& root, const Scope& scope) {
      return field_.make(root, scope);
    };
    begin();
  }

  void begin() {
    session_ = std::make_unique<sync::Session>(field_.state(), options_);
    error.reset();
    listen();
  }
  void hello(const Scope& scope) {
    wire::Hello hello;
    hello.features = wire::kFeaturePartial;
    hello.sends = true;
    hello.repository = Bytes(hub_.state()->root.bytes());
    hello.refs = {{"heads/main", {*hub_.head()}}};
    hello.scope = sync::claim_of(scope);
    Bytes frames;
    wire::FrameWriter writer(frames);
    wire::write_hello(writer, hello);
    say(frames);
  }
  void stream(const StreamParts& parts) {
    wire::EndMessage end{0, 0, 0};
    for (const StreamPart& part : parts) {
      if (part.ends) ++end.commits;
      if (std::holds_alternative<wire::OperationElement>(part.element)) ++end.operations;
    }
    for (const Bytes& payload : run_frames(0, testing::plain_run(parts, {}))) {
      frame(wire::FrameType::kRun, payload);
    }
    frame(wire::FrameType::kEnd, encode(end));
  }
  void frame(wire::FrameType type, ByteView payload) {
    Bytes frame;
    wire::FrameWriter(frame).add(type, payload);
    say(frame);
  }
  std::vector<wire::WantMessage> wants() const {
    std::vector<wire::WantMessage> wants;
    for (const auto& [type, payload] : heard_) {
      if (type == wire::FrameType::kWant) wants.push_back(wire::decode_want(payload));
    }
    return wants;
  }
  sync::Report end() {
    session_->ended(error);
    sync::Report report = session_->report();
    session_.reset();
    return report;
  }

  Device& field() { return field_; }
  std::optional<Error> error;

 private:
  void say(ByteView bytes) {
    if (error) return;
    try {
      session_->receive(bytes);
    } catch (const Error& thrown) {
      error = thrown;
    }
    listen();
  }
  void listen() {
    for (;;) {
      const Bytes said = session_->produce(1 << 20);
      if (said.empty()) return;
      for (auto& one : frames_of(said)) heard_.push_back(std::move(one));
    }
  }

  Device& hub_;
  Device field_;
  sync::SessionOptions options_;
  std::unique_ptr<sync::Session> session_;
  std::vector<std::pair<wire::FrameType, Bytes>> heard_;
};

ScopeClaim depth_of(std::uint64_t depth, std::vector<std::string> prefixes = {}) {
  ScopeClaim claim;
  claim.prefixes = std::move(prefixes);
  claim.boundary = ScopeClaim::Boundary::kDepth;
  claim.number = depth;
  return claim;
}

/// As for somebody who takes nothing but what has to come.
StreamParts hashes_of(Device& from, std::vector<CommitId> commits) {
  sync::Receiver receiver(*from.state(), Scope{{"none"}, {}});
  sync::Outgoing::Options options;
  options.receiver = &receiver;
  return parts_of(from, std::move(commits), std::move(options));
}

struct Farm {
  Farm() {
    root = hub.state()->root;
    begun = CommitId(*hub.head());
    // What is forged beside `old` is of the millisecond after `begun`: the others are later.
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
    old = hub.put("cows/1.json", R"({"n":1})");
    live = hub.put("cows/1.json", R"({"n":2})");
    pigs = hub.put("pigs/1.json", R"({"n":3})");
    head = hub.put("cows/2.json", R"({"n":4})");
  }
  Device hub;
  CommitId root, begun, old, live, pigs, head;
};

}  // namespace

TEST_CASE("A clone with a boundary wants what was kept from it, and is not done without it") {
  Farm farm;
  CloneOf clone(farm.hub, depth_of(1, {"cows"}));
  const Scope scope{{"cows"}, {farm.pigs}};
  clone.hello(scope);
  StreamParts parts = hashes_of(farm.hub, {farm.root, farm.begun, farm.old, farm.live, farm.pigs});
  for (StreamPart& part : parts_of(farm.hub, {farm.head})) parts.push_back(std::move(part));
  clone.stream(parts);
  if (clone.error) FAIL(clone.error->what());
  // Of the four that were kept back, the one that was live at the boundary.
  REQUIRE(clone.wants().size() == 1);
  REQUIRE(clone.wants()[0].wanted.size() == 1);
  CHECK(clone.wants()[0].wanted[0].commit == farm.live);
  CHECK(clone.wants()[0].wanted[0].ranks.size() == 1);
  clone.frame(wire::FrameType::kEnd, encode(wire::EndMessage{1, 0, 0}));
  if (clone.error) FAIL(clone.error->what());
  CHECK(clone.end().contents_missing == std::vector<std::string>{"cows/1.json"});

  // Asked again it looks again; from an honest one it gets what it lacks.
  const Meeting next = meet(clone.field(), farm.hub, Way::kFetch, {}, scope);
  CHECK_FALSE(next.conversation.error);
  CHECK(next.report.contents_missing.empty());
  CHECK(clone.field().repository().snapshot().get("cows/1.json") == R"({"n":2})");
  CHECK(clone.field().repository().fsck().empty());
}

TEST_CASE("What is after a boundary that is here cannot be kept back") {
  Farm farm;
  CloneOf clone(farm.hub, depth_of(1, {"cows"}));
  clone.hello({{"cows"}, {farm.pigs}});
  StreamParts parts = parts_of(farm.hub, {farm.root, farm.begun, farm.old, farm.live, farm.pigs});
  for (StreamPart& part : hashes_of(farm.hub, {farm.head})) parts.push_back(std::move(part));
  clone.stream(parts);
  REQUIRE(clone.error);
  CHECK(clone.error->code() == ErrorCode::kCorrupt);
  CHECK(std::string(clone.error->what()).find("'cows/2.json'") != std::string::npos);
  clone.end();
}

TEST_CASE("What was written beside the boundary by an older clock cannot be kept back") {
  Farm farm;
  Device field{Device::Empty{depth_of(1, {"cows"})}};
  REQUIRE_FALSE(meet(field, farm.hub).conversation.error);
  // As if written long ago, on a device that nobody has met since.
  const CommitId beside = forge(farm.hub, farm.begun, {{"cows/9.json", R"({"n":9})"}});
  REQUIRE(farm.hub.state()->read_commit(beside).clock <
          farm.hub.state()->read_commit(farm.pigs).clock);
  const auto take = [&](StreamParts parts) {
    sync::Incoming incoming(*field.state(), farm.hub.key());
    incoming.begin_stream();
    return error_of([&] {
      for (StreamPart& part : parts) incoming.take(std::move(part.element));
    });
  };
  const auto refused = take(hashes_of(farm.hub, {beside}));
  REQUIRE(refused);
  CHECK(refused->code() == ErrorCode::kCorrupt);
  CHECK(std::string(refused->what()).find("'cows/9.json'") != std::string::npos);
  CHECK_FALSE(take(parts_of(farm.hub, {beside})));
}

TEST_CASE("A clone without a boundary takes no hash for what it is to hold, whatever form it has") {
  Farm farm;
  for (const bool is_whole : {true, false}) {
    ScopeClaim cows;
    cows.prefixes = {"cows"};
    const Scope scope = is_whole ? Scope{} : Scope{{"cows"}, {}};
    for (const bool as_objects : {true, false}) {
      CAPTURE(is_whole, as_objects);
      Device field{is_whole ? Device::Empty{} : Device::Empty{cows}};
      const auto state = field.make(farm.root, scope);
      sync::Receiver receiver(*farm.hub.state(), Scope{{"none"}, {}});
      sync::Outgoing::Options options;
      options.receiver = &receiver;
      if (as_objects) options.as_objects = {farm.old};
      sync::Incoming incoming(*state, farm.hub.key());
      incoming.begin_stream();
      const auto refused = error_of([&] {
        for (StreamPart& part : parts_of(farm.hub, {farm.root, farm.begun, farm.old}, options)) {
          incoming.take(std::move(part.element));
        }
      });
      REQUIRE(refused);
      CHECK(refused->code() == ErrorCode::kCorrupt);
      CHECK_FALSE(incoming.objects().contains(farm.old));
    }
  }
}
