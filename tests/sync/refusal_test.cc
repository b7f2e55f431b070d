// What one side refuses does not come again, its author is told, and the rest goes on.
#include <random>

#include "isodb/bundle.h"
#include "sync/refused.h"
#include "tests/sync/hostile_peer.h"

using namespace isodb;
using namespace isodb::testing;

namespace {

constexpr std::uint64_t kHour = 60 * 60 * std::uint64_t{1000};

/// The machine's, or a later time.
class LaterClock final : public core::Environment {
 public:
  std::uint64_t now_millis() override {
    return core::system_environment().now_millis() + millis_later;
  }
  void random_bytes(std::uint8_t* out, std::size_t count) override {
    core::system_environment().random_bytes(out, count);
  }
  std::uint64_t millis_later = 0;
};

/// As another process has it open.
std::shared_ptr<RepositoryState> opened_with(Device& device, core::Environment& environment) {
  return std::make_shared<RepositoryState>(
      device.path(), OpenOptions{},
      refs::Database::open(device.path() / RepositoryState::kDatabaseName, {}), environment);
}

sync::SessionOptions options(Device& other, bool initiator) {
  sync::SessionOptions options;
  options.peer = other.key();
  options.initiator = initiator;
  options.sends = options.takes = true;
  options.destination = {.into_branches = true, .remote = "other"};
  options.sending.adapts = false;
  return options;
}

/// A hub, and a device whose key may write there.
struct Fixture {
  Fixture() {
    hub.put("a.json", R"({"n":1})");
    REQUIRE_FALSE(meet(device, hub).conversation.error);
  }
  static std::string bytes(std::size_t count, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    return random_bytes(random, count);
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
  std::vector<sync::RefusedCommit> standing() {
    return sync::standing_refusals(*hub.state(), device.key());
  }

  Device hub;
  Device device{Device::Empty{}};
};

}  // namespace

TEST_CASE_METHOD(Fixture, "what was refused is not sent again, and both sides go on saying so") {
  const CommitId ahead = put_ahead("large", bytes(300'000, 1), 55);
  const CommitId after = put_ahead("b.json", "1", 56);
  const Meeting first = meet(device, hub);
  REQUIRE_FALSE(first.conversation.error);
  CHECK(first.conversation.bytes() > 300'000);
  REQUIRE(first.report.refused_there.size() == 1);
  REQUIRE(standing().size() == 1);
  CHECK(standing()[0].commit == ahead);
  CHECK(standing()[0].until_millis > hub.state()->environment.now_millis() + 30 * kHour);
  for (const bool by_hub : {false, true, false}) {
    const Meeting again = by_hub ? meet(hub, device) : meet(device, hub);
    REQUIRE_FALSE(again.conversation.error);
    CHECK(again.conversation.bytes() < 1'500);
    const sync::Report& here = by_hub ? again.report_there : again.report;
    const sync::Report& there = by_hub ? again.report : again.report_there;
    REQUIRE(here.refused_there.size() == 1);
    CHECK(here.refused_there[0].commit == ahead);
    CHECK(here.refused_there[0].rule.find("24 hours ahead") != std::string::npos);
    REQUIRE(there.refused.size() == 1);
    CHECK(there.refused[0].commit == ahead);
    CHECK_FALSE(here.agreed);
    CHECK_FALSE(there.agreed);
  }
  CHECK_FALSE(hub.state()->store->contains(after));
}

TEST_CASE_METHOD(Fixture, "what descends from a refused commit is left out, and other work comes") {
  put_ahead("large", bytes(300'000, 1), 55);
  REQUIRE_FALSE(meet(device, hub).conversation.error);
  device.put("after.json", "1");
  const CommitId good = forge(device, CommitId(*hub.head()), {{"good.json", "1"}});
  refs::WriteBatch batch;
  batch.moves.push_back({"heads/other", std::nullopt, good, "test"});
  REQUIRE_FALSE(device.state()->database->write(batch).lost);
  hub.put("of-the-hub.json", "1");
  const Meeting again = meet(device, hub);
  REQUIRE_FALSE(again.conversation.error);
  CHECK(again.conversation.there < 2'000);
  CHECK(again.report.commits_sent == 1);
  CHECK(hub.head("heads/other") == Id(good));
  CHECK(device.state()->store->contains(*hub.head()));
}

TEST_CASE_METHOD(Fixture,
                 "a line that always breaks at the same place gets behind what is refused") {
  // Only admins write there.
  const CommitId root(*hub.head());
  const CommitId refused =
      forge(device, root, {{".isodb/mine.json", "1"}, {"large", bytes(900'000, 1)}});
  const CommitId good = forge(device, root, {{"good", bytes(900'000, 2)}}, {.millis_later = 50});
  refs::WriteBatch batch;
  batch.moves.push_back({"heads/main", device.head(), refused, "test"});
  batch.moves.push_back({"heads/other", std::nullopt, good, "test"});
  REQUIRE_FALSE(device.state()->database->write(batch).lost);
  int attempts = 0;
  bool is_told = false;
  for (; attempts < 12 && hub.head("heads/other") != Id(good); ++attempts) {
    const Meeting meeting = meet(device, hub, Way::kSync, {.bytes_max = 400'000});
    is_told = is_told || !meeting.report.refused_there.empty();
  }
  CHECK(attempts < 8);
  CHECK(is_told);
}

TEST_CASE_METHOD(Fixture, "what was refused for its clock comes when its time has come") {
  put_ahead("b.json", "1", 25);
  REQUIRE(meet(device, hub).report.refused_there.size() == 1);
  REQUIRE(standing().size() == 1);
  LaterClock clock;
  const auto later = opened_with(hub, clock);
  CHECK(sync::standing_refusals(*later, device.key()).size() == 1);
  clock.millis_later = 2 * kHour;
  CHECK(sync::standing_refusals(*later, device.key()).empty());
  sync::Session there(later, options(device, false));
  sync::Session here(device.state(), options(hub, true));
  CHECK_FALSE(talk(here, there).error);
  CHECK(there.report().refused.empty());
  CHECK(there.report().commits_received == 1);
  CHECK(hub.head() == device.head());
  CHECK(sync::refused_commits(hub.repository()).empty());
}

TEST_CASE_METHOD(Fixture, "a refusal that time does not mend ends after a week") {
  const CommitId refused = forge(device, CommitId(*hub.head()), {{".isodb/mine.json", "1"}});
  refs::WriteBatch batch;
  batch.moves.push_back({"heads/main", device.head(), refused, "test"});
  REQUIRE_FALSE(device.state()->database->write(batch).lost);
  REQUIRE(meet(device, hub).report.refused_there.size() == 1);
  LaterClock clock;
  const auto later = opened_with(hub, clock);
  clock.millis_later = 7 * 24 * kHour - kHour;
  // A session in which it stays out does not renew it.
  sync::Session there(later, options(device, false));
  sync::Session here(device.state(), options(hub, true));
  CHECK_FALSE(talk(here, there).error);
  CHECK(there.report().refused.size() == 1);
  CHECK(sync::standing_refusals(*later, device.key()).size() == 1);
  clock.millis_later = 7 * 24 * kHour;
  CHECK(sync::standing_refusals(*later, device.key()).empty());
  CHECK(sync::refused_commits(hub.repository()).size() == 1);
}

TEST_CASE_METHOD(Fixture, "an open session ends when the time of what was refused has come") {
  put_ahead("b.json", "1", 25);
  LaterClock clock;
  const auto later = opened_with(hub, clock);
  sync::SessionOptions watches = options(device, false);
  watches.watches = true;
  sync::Session there(later, watches);
  watches = options(hub, true);
  watches.watches = true;
  sync::Session here(device.state(), watches);
  const auto settle = [&] {
    for (Bytes out, back; out = here.produce(1 << 20), back = there.produce(1 << 20),
                          !out.empty() || !back.empty();) {
      there.receive(out);
      here.receive(back);
    }
  };
  settle();
  REQUIRE(here.report().refused_there.size() == 1);
  device.repository().create_tag("v0", CommitId(*hub.head()), "news");
  settle();
  CHECK(hub.head("tags/v0"));
  clock.millis_later = 2 * kHour;
  device.repository().create_tag("v1", CommitId(*hub.head()), "more news");
  CHECK(error_code_of(settle) == ErrorCode::kBusy);
  there.ended(Error(ErrorCode::kBusy, "ended"));
  CHECK(sync::standing_refusals(*later, device.key()).empty());
}

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

TEST_CASE_METHOD(Fixture, "a refused commit does not stop a split bundle, and all else arrives") {
  const CommitId root(*hub.head());
  // Only admins write there. What is large makes parts end within commits: refused or not.
  const CommitId refused =
      forge(device, root, {{".isodb/mine.json", "1"}, {"large", bytes(2'500'000, 1)}});
  const CommitId after = forge(device, refused, {{"after", bytes(2'500'000, 2)}, {"b", "b"}});
  const CommitId last = forge(device, after, {{"last", bytes(1'200'000, 3)}});
  const CommitId good = forge(device, root, {{"good", bytes(2'500'000, 4)}}, {.millis_later = 50});
  const CommitId later = forge(device, last, {{"z", "z"}}, {.millis_later = 100});
  refs::WriteBatch batch;
  batch.moves.push_back({"heads/main", device.head(), later, "test"});
  batch.moves.push_back({"heads/other", std::nullopt, good, "test"});
  REQUIRE_FALSE(device.state()->database->write(batch).lost);
  const TemporaryFolder folder;
  const auto parts = sync::create_bundle(device.repository(), folder / "b",
                                         {.since = root.hex(), .split_bytes = 1 << 20});
  REQUIRE(parts.size() > 6);
  std::size_t refusals = 0;
  for (const sync::BundleInfo& part : parts) {
    INFO(part.part);
    const sync::BundleApplied applied = sync::apply_bundle(hub.repository(), part.file);
    refusals += applied.report.refused.size();
    CHECK(applied.lacks_refused == (refusals > applied.report.refused.size()));
  }
  CHECK(refusals == 1);
  CHECK(hub.head("heads/other") == Id(good));
  CHECK(hub.head() == Id(root));
  for (const CommitId& id : {refused, after, last, later}) {
    CHECK_FALSE(hub.state()->store->contains(id));
  }
  CHECK(hub.repository().fsck().empty());
  CHECK(hub.repository().refs("incoming/").empty());
}
