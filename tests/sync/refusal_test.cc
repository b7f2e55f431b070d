// What one side refuses is told to its author, and the rest goes on.
#include "tests/sync/hostile_peer.h"

using namespace isodb;
using namespace isodb::testing;

namespace {

constexpr std::uint64_t kHour = 60 * 60 * std::uint64_t{1000};

/// A hub, and a device whose key may write there.
struct Fixture {
  Fixture() {
    hub.put("a.json", R"({"n":1})");
    REQUIRE_FALSE(meet(device, hub).conversation.error);
  }
  /// A commit of the device's that the hub refuses: its clock is far ahead.
  CommitId put_ahead(const std::string& path, const std::string& document, std::uint64_t hours) {
    const CommitId head(*device.head());
    const std::uint64_t at = device.state()->read_commit(head).clock.millis();
    const std::uint64_t now = device.state()->environment.now_millis();
    const CommitId id =
        forge(device, head, {{path, document}}, {.millis_later = now - at + hours * kHour});
    refs::WriteBatch batch;
    batch.moves.push_back({"heads/main", device.head(), id, "test"});
    REQUIRE_FALSE(device.state()->database->write(batch).lost);
    return id;
  }
  Device hub;
  Device device{Device::Empty{}};
};

}  // namespace

TEST_CASE("a refusal and a commit wanted as objects in one stream: what follows goes on") {
  Device honest;
  Device hostile{Device::Empty{}};
  REQUIRE_FALSE(meet(hostile, honest).conversation.error);
  const CommitId root(*honest.head());
  const std::uint64_t day = 48 * kHour;
  // The refused one and what follows it, on both sides of one that comes so that it cannot be
  // rebuilt.
  const CommitId refused = forge(hostile, root, {{"x", "x"}}, {.millis_later = day + 1});
  const CommitId after = forge(hostile, refused, {{"y", "y"}});
  const CommitId good = forge(hostile, root, {{"good", "g"}}, {.sequence = 99 << 16});
  const CommitId later = forge(hostile, after, {{"z", "z"}});
  Attack attack(honest, hostile);
  attack.say(attack.hello({{"heads/main", {later}}, {"heads/other", {good}}}));
  StreamParts first = parts_of(hostile, {refused, after, good});
  for (StreamPart& part : first) {
    auto* const operation = std::get_if<wire::OperationElement>(&part.element);
    if (operation != nullptr && part.ends == good) operation->bytes = "changed";
  }
  attack.run(first);
  REQUIRE_FALSE(attack.error);
  REQUIRE(attack.count(wire::FrameType::kNeed) == 1);
  const wire::NeedMessage need = wire::decode_need(attack.last(wire::FrameType::kNeed));
  CHECK(need.commits == 2);
  // As a sender goes on: without the first two.
  attack.stream(parts_of(hostile, {good, later}, {.as_objects = {good}}), 1);
  REQUIRE_FALSE(attack.error);
  CHECK(attack.count(wire::FrameType::kNeed) == 1);
  const wire::AckMessage ack = wire::decode_ack(attack.last(wire::FrameType::kAck));
  REQUIRE(ack.refused.size() == 1);
  CHECK(ack.refused[0].commit == refused);
  CHECK(honest.head("heads/other") == Id(good));
  attack.check_sound();
}

TEST_CASE_METHOD(Fixture, "a tag of what is refused does not end the session") {
  const CommitId ahead = put_ahead("b.json", "1", 55);
  device.repository().create_tag("v1", ahead, "of what is refused");
  device.repository().create_tag("v0", CommitId(*hub.head()), "of what is here");
  for (int i = 0; i < 2; ++i) {
    const Meeting meeting = meet(device, hub);
    CHECK_FALSE(meeting.conversation.error);
    CHECK_FALSE(meeting.conversation.error_there);
    CHECK(meeting.report.refused_there.size() == 1);
    CHECK_FALSE(hub.head("tags/v1"));
    CHECK(hub.head("tags/v0"));
  }
}

