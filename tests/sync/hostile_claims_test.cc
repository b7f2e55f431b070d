// A hostile peer, continued: what it asks for, what it claims, how much of it, and when.
#include <cstdio>
#include <limits>
#include <random>

#include "tests/sync/hostile_peer.h"

using namespace isodb;
using namespace isodb::testing;
using wire::ErrorReason;
using wire::FrameType;

TEST_CASE_METHOD(HostileFixture, "probing: NEED is answered alike, whatever ids it names") {
  // A branch that was, and is no more: its commit is still here.
  const CommitId before = head();
  const CommitId hidden = forge(honest, before, {{"secret.json", "1"}});
  hostile.put("b.json", "1");
  honest.put("c.json", "1");
  const auto answer = [&](const Id& missing) {
    Attack attack(honest, hostile);
    attack.say(attack.hello(main_at(before)));
    attack.heard.clear();
    attack.say(wire::NeedMessage{0, 0, {missing}, false});
    attack.say(wire::NeedMessage{1, 0, {missing}, true});
    attack.end();
    return attack.heard;
  };
  CHECK(answer(hidden) == answer(numbered_id(1)));
  CHECK(answer(hidden).size() == 4);  // RUN and END, twice
}

TEST_CASE_METHOD(HostileFixture,
                 "probing: NEED may be said three times, as there is work behind it") {
  honest.put("c.json", "1");
  Attack attack(honest, hostile);
  attack.say(attack.hello());
  for (std::uint8_t stream = 0; stream < 4; ++stream) {
    CHECK_FALSE(attack.error);
    attack.say(wire::NeedMessage{stream, 0, {numbered_id(1)}, false});
  }
  attack.check_refused(ErrorCode::kCorrupt, ErrorReason::kProtocol, "NEED");
}

TEST_CASE_METHOD(HostileFixture, "probing: NEED of more than was sent, or after ACK, is refused") {
  honest.put("c.json", "1");
  Attack attack(honest, hostile);
  attack.say(attack.hello());
  SECTION("more commits than there were") {
    attack.say(wire::NeedMessage{0, 1'000'000, {}, false});
  }
  SECTION("of what was acknowledged") {
    attack.say(wire::AckMessage{0, {}, {}});
    CHECK_FALSE(attack.error);
    attack.say(wire::NeedMessage{0, 0, {}, false});
  }
  attack.check_refused(ErrorCode::kCorrupt, ErrorReason::kProtocol, "");
}

TEST_CASE_METHOD(HostileFixture,
                 "hint floods: hints of unknown writers change nothing, nor do wrong ones") {
  honest.put("c.json", "1");
  const auto answer = [&](const std::vector<wire::Hint>& hints) {
    Attack attack(honest, hostile);
    wire::Hello hello = attack.hello(main_at(*hostile.head()));
    hello.hints = hints;
    attack.say(hello);
    CHECK_FALSE(attack.error);
    attack.check_unchanged();
    return attack.heard;
  };
  std::vector<wire::Hint> hints;
  for (std::uint64_t i = 0; i < wire::kHintsMax; ++i) {
    hints.push_back({WriterId{i << 32}, std::numeric_limits<std::uint64_t>::max(), {1, 2, 3, 4}});
  }
  CHECK(answer(hints) == answer({}));
  // The writer's number, with a commit that it never made: told apart by the commit's id.
  const Commit own = honest.state()->read_commit(head());
  CHECK(answer({{own.writer, own.sequence, {1, 2, 3, 4}}}) == answer({}));
  // One that claims all there is keeps from itself what it has not, until it says NEED.
  Attack attack(honest, hostile);
  wire::Hello hello = attack.hello();
  hello.hints = {{own.writer, own.sequence + 1, {1, 2, 3, 4}}};
  attack.say(hello);
  CHECK(wire::decode_end(attack.last(FrameType::kEnd)).commits == 0);
  attack.say(wire::NeedMessage{0, 0, {numbered_id(1)}, false});
  CHECK(wire::decode_end(attack.last(FrameType::kEnd)).commits > 1);
}

TEST_CASE_METHOD(HostileFixture,
                 "stall: PING keeps a line open and is neither answered nor counted") {
  // That 60 s without a frame end a session is the line's to know: net::talk_test, server_test.
  Attack attack(honest, hostile);
  attack.say(attack.hello(main_at(head())));
  attack.heard.clear();
  for (int i = 0; i < 100'000; ++i) attack.frame(FrameType::kPing, Bytes(64, 'p'));
  CHECK(attack.heard.empty());
  CHECK_FALSE(attack.error);
  attack.frame(FrameType::kPing, Bytes(65, 'p'));
  attack.check_refused(ErrorCode::kCorrupt, ErrorReason::kProtocol, "PING");
}

TEST_CASE_METHOD(HostileFixture,
                 "deadlock: who sends and never reads cannot make answers pile up") {
  Attack attack(honest, hostile, {.watches = true, .honest_sends = true});
  wire::Hello hello = attack.hello(main_at(head()));
  hello.watches = true;
  attack.say(hello);
  attack.say(wire::EndMessage{0, 0, 0});
  attack.listen();
  attack.say(wire::AckMessage{0, {}, {}});
  REQUIRE_FALSE(attack.error);
  attack.reads = false;
  Bytes refs;
  wire::FrameWriter writer(refs);
  wire::write_refs(writer, {{"heads/other", {head()}}});
  for (int i = 1; i < 100'000 && !attack.error; ++i) {
    attack.bytes(refs);
    attack.say(wire::EndMessage{static_cast<std::uint8_t>(i), 0, 0});
  }
  attack.reads = true;
  attack.listen();
  REQUIRE(attack.error);
  INFO(attack.error->what());
  CHECK(attack.error->code() == ErrorCode::kCorrupt);
  CHECK(std::string(attack.error->what()).find("ACK") != std::string::npos);
  CHECK(attack.count(FrameType::kAck) < 10);
  attack.check_sound();
}

TEST_CASE_METHOD(
    HostileFixture,
    "deadlock: who reads nothing has nothing made for it, and who is silent nothing kept") {
  std::mt19937_64 random(1);
  for (int i = 0; i < 40; ++i) {
    honest.put("more/" + std::to_string(i), random_bytes(random, 1'000'000));
  }
  Attack attack(honest, hostile);
  attack.reads = false;
  const std::size_t before = resident_bytes();
  attack.say(attack.hello());
  attack.say(wire::EndMessage{0, 0, 0});
  CHECK(resident_bytes() < before + (std::size_t{8} << 20));
  // Reads now and then, and never says a word.
  std::size_t read = 0;
  for (;;) {
    const std::size_t bytes = attack.session().produce(net::Protocol::kProduceBytesMin).size();
    CHECK(bytes <= net::Protocol::kProduceBytesMin);
    if (bytes == 0) break;
    read += bytes;
  }
  CHECK(read > 39'000'000);
  CHECK_FALSE(attack.session().finished());
  attack.check_unchanged();
}

TEST_CASE_METHOD(HostileFixture,
                 "floods of refs: too many are refused, and as many as may be cost little") {
  const auto flood = [&](std::size_t refs, std::size_t heads) {
    std::vector<wire::RefHeads> all;
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < refs; ++i) {
      char name[32];
      std::snprintf(name, sizeof name, "heads/%08zu", i);
      wire::RefHeads ref{name, {}};
      for (std::size_t head = 0; head < heads; ++head) ref.ids.push_back(numbered_id(number++));
      std::sort(ref.ids.begin(), ref.ids.end());
      all.push_back(std::move(ref));
    }
    return all;
  };
  SECTION("65,536 branches of two heads that nobody has") {
    Attack attack(honest, hostile);
    attack.say(attack.hello(flood(65'536, 2)));
    REQUIRE_FALSE(attack.error);
    attack.say(wire::EndMessage{0, 0, 0});
    CHECK(wire::decode_need(attack.last(FrameType::kNeed)).missing.size() == 1'024);
    for (std::uint8_t stream = 1; stream < 4; ++stream) attack.say(wire::EndMessage{stream, 0, 0});
    attack.check_refused(ErrorCode::kCorrupt, ErrorReason::kProtocol, "");
  }
  SECTION("32 branches of 4,096 heads each") {
    Attack attack(honest, hostile);
    attack.say(attack.hello(flood(32, 4'096)));
    REQUIRE_FALSE(attack.error);
    attack.check_unchanged();
  }
  SECTION("more REFS than there may be refs") {
    Attack attack(honest, hostile);
    Bytes frames;
    wire::FrameWriter writer(frames);
    wire::write_hello(writer, attack.hello(flood(65'536, 1)));
    // The last frame says that it is not the last, and another follows.
    auto all = frames_of(frames);
    all.back().second[0] = '\1';
    Bytes one_more{'\0', '\1'};
    one_more += varint(7) + "heads/z" + varint(1) + Bytes(numbered_id(0).bytes());
    all.emplace_back(FrameType::kRefs, one_more);
    for (const auto& [type, payload] : all) attack.frame(type, payload);
    attack.check_refused(ErrorCode::kCorrupt, ErrorReason::kProtocol, "65,536");
  }
  SECTION("REFS that go on for ever without refs") {
    Attack attack(honest, hostile);
    wire::Hello hello = attack.hello();
    hello.agreement = wire::AgreementDigest{{1, 2, 3}};
    attack.say(hello);  // a digest that nobody knows: the honest side asks for all refs
    attack.frame(FrameType::kRefs, Bytes{'\1', '\0'});
    attack.check_refused(ErrorCode::kCorrupt, ErrorReason::kProtocol, "no refs");
  }
}

TEST_CASE_METHOD(
    HostileFixture,
    "ACK with a false digest is no agreement, and refusals of the unsent are refused") {
  honest.put("c.json", "1");
  const auto before = agreements();
  const auto begin = [&](Attack& attack) {
    attack.say(attack.hello(main_at(*hostile.head())));
    attack.say(wire::EndMessage{0, 0, 0});
    REQUIRE_FALSE(attack.error);
  };
  SECTION("digest") {
    Attack attack(honest, hostile);
    begin(attack);
    attack.say(wire::AckMessage{0, {{1, 2, 3}}, {}});
    CHECK_FALSE(attack.error);
    CHECK_FALSE(attack.session().report().agreed);
    attack.check_unchanged();
  }
  SECTION("refusals") {
    Attack attack(honest, hostile);
    begin(attack);
    attack.say(wire::AckMessage{0, {}, {{named_commit(1), "because"}}});
    CHECK(attack.session().report().refused_there.empty());
    attack.check_refused(ErrorCode::kCorrupt, ErrorReason::kProtocol, "not sent");
  }
  SECTION("a refusal of what was sent is told, fit for a terminal") {
    Attack attack(honest, hostile);
    begin(attack);
    attack.say(wire::AckMessage{0, {}, {{head(), "\x1b[2J\nno"}}});
    CHECK_FALSE(attack.error);
    REQUIRE(attack.session().report().refused_there.size() == 1);
    CHECK(attack.session().report().refused_there[0].rule == "?[2J?no");
    attack.check_unchanged();
  }
  SECTION("twice") {
    Attack attack(honest, hostile);
    begin(attack);
    attack.say(wire::AckMessage{0, {}, {}});
    attack.say(wire::AckMessage{0, {}, {}});
    attack.check_refused(ErrorCode::kCorrupt, ErrorReason::kProtocol, "an ACK");
  }
  CHECK(agreements() == before);
}

TEST_CASE_METHOD(HostileFixture, "END with wrong counts ends the session, and no ref moves") {
  hostile.put("b.json", "1");
  const CommitId commit(*hostile.head());
  const std::vector<wire::EndMessage> wrong{{0, 0, 0},
                                            {0, 1, 0},
                                            {0, 2, 1},
                                            {0, 1, 2},
                                            {0, std::numeric_limits<std::uint64_t>::max(), 1}};
  for (const wire::EndMessage& end : wrong) {
    Attack attack(honest, hostile);
    attack.say(attack.hello(main_at(commit)));
    attack.run(parts_of(hostile, {commit}));
    attack.say(end);
    attack.check_refused(ErrorCode::kCorrupt, ErrorReason::kProtocol, "were sent");
  }
  Attack attack(honest, hostile);
  attack.say(attack.hello(main_at(commit)));
  attack.say(wire::EndMessage{1, 0, 0});
  attack.check_refused(ErrorCode::kCorrupt, ErrorReason::kProtocol, "not begun");
}

TEST_CASE_METHOD(HostileFixture, "EXPECT of any numbers, at any time, changes a hint alone") {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  const CommitId commit = hostile.put("b.json", "1");
  Attack attack(honest, hostile);
  const auto expect = [&](std::uint64_t commits, std::uint64_t documents) {
    attack.frame(FrameType::kExpect, encode(wire::ExpectMessage{commits, documents}));
    CHECK(attack.session().bytes_ahead() <= std::uint64_t{1} << 50);
  };
  expect(1, 1);
  attack.say(attack.hello(main_at(commit)));
  expect(0, 0);
  expect(kMost, kMost);
  attack.run(parts_of(hostile, {commit}));
  CHECK(attack.session().bytes_ahead() == std::uint64_t{1} << 50);
  expect(0, kMost);
  attack.say(wire::EndMessage{0, 1, 1});
  expect(kMost, 0);
  CHECK_FALSE(attack.error);
  CHECK(attack.session().bytes_ahead() == 0);
  CHECK(honest.head() == commit);
  attack.frame(FrameType::kExpect, "too few bytes, or more");
  REQUIRE(attack.error);
  CHECK(attack.error->code() == ErrorCode::kCorrupt);
  attack.check_sound();
}

TEST_CASE_METHOD(HostileFixture, "frames where they may not come end the session") {
  const Bytes run = run_frames(0, testing::plain_run(commit_with({}), {head()})).front();
  const Bytes end = encode(wire::EndMessage{}), need = encode(wire::NeedMessage{});
  const Bytes ack = encode(wire::AckMessage{});
  const std::vector<std::pair<FrameType, Bytes>> all{{FrameType::kRun, run},
                                                     {FrameType::kEnd, end},
                                                     {FrameType::kNeed, need},
                                                     {FrameType::kAck, ack},
                                                     {FrameType::kRefs, Bytes{'\0', '\0'}}};
  for (const auto& [type, payload] : all) {
    INFO(static_cast<int>(type));
    Attack attack(honest, hostile);  // before HELLO
    attack.frame(type, payload);
    attack.check_refused(ErrorCode::kCorrupt, ErrorReason::kProtocol, "");
  }
  for (const auto& [type, payload] : all) {
    INFO(static_cast<int>(type));
    Attack attack(honest, hostile);  // while the refs are awaited that the honest side asked for
    wire::Hello hello = attack.hello();
    hello.agreement = wire::AgreementDigest{{1, 2, 3}};
    attack.say(hello);
    attack.frame(type, payload);
    if (type == FrameType::kRefs) {
      CHECK_FALSE(attack.error);
    } else {
      attack.check_refused(ErrorCode::kCorrupt, ErrorReason::kProtocol, "where it may not");
    }
  }
  for (const FrameType type : {FrameType::kHello, FrameType::kRefs, FrameType::kBundle,
                               FrameType::kSignature, static_cast<FrameType>(77)}) {
    INFO(static_cast<int>(type));
    Attack attack(honest, hostile);  // among streams
    attack.say(attack.hello());
    attack.frame(type, Bytes(100, '\0'));
    attack.check_refused(ErrorCode::kCorrupt, ErrorReason::kProtocol, "");
  }
  Attack later(honest, hostile);  // of a later version
  later.say(later.hello());
  later.frame(static_cast<FrameType>(200), Bytes(1'000, 'x'));
  CHECK_FALSE(later.error);
  for (const FrameType type : {FrameType::kRun, FrameType::kEnd}) {
    Attack attack(honest, hostile);  // by a side that has said it sends nothing
    wire::Hello hello = attack.hello();
    hello.sends = false;
    attack.say(hello);
    attack.frame(type, type == FrameType::kRun ? run : end);
    attack.check_refused(ErrorCode::kCorrupt, ErrorReason::kProtocol, "where it may not");
  }
  Attack second(honest, hostile);  // a stream after the one that was taken
  second.say(second.hello(main_at(head())));
  second.say(wire::EndMessage{0, 0, 0});
  second.frame(FrameType::kRun, run);
  second.check_refused(ErrorCode::kCorrupt, ErrorReason::kProtocol, "where it may not");
}

TEST_CASE_METHOD(HostileFixture, "versions: both ranges are told where they have none in common") {
  for (const bool answers : {false, true}) {
    Attack attack(honest, hostile, {.answers = answers});
    wire::Hello hello = attack.hello(main_at(head()));
    hello.version_lowest = 2;
    hello.version_highest = 9;
    attack.say(hello);
    attack.check_refused(ErrorCode::kUnsupported, ErrorReason::kVersion, "2 to 9");
    CHECK(std::string(attack.error->what()).find("1 to 1") != std::string::npos);
  }
  for (const bool answers : {false, true}) {
    Attack attack(honest, hostile, {.answers = answers});
    wire::Hello hello = attack.hello(main_at(head()));
    hello.version_highest = 9;
    hello.features = std::numeric_limits<std::uint64_t>::max() ^ wire::kFeaturePartial;
    attack.say(hello);
    CHECK_FALSE(attack.error);
    attack.say(wire::EndMessage{0, 0, 0});
    CHECK_FALSE(attack.error);
    CHECK(attack.last(FrameType::kHello).substr(0, 2) == Bytes("\1\1"));
    attack.check_unchanged();
  }
  for (const Bytes& range : {Bytes{'\0', '\0'}, Bytes{'\0', '\1'}, Bytes{'\2', '\1'}}) {
    Attack attack(honest, hostile);
    attack.frame(FrameType::kHello, range + Bytes(100, '\0'));
    attack.check_refused(ErrorCode::kCorrupt, ErrorReason::kProtocol, "version");
  }
}

TEST_CASE_METHOD(HostileFixture,
                 "a second session of one device: the one that is late is told to try again") {
  hostile.put("b.json", "1");
  const CommitId first(*hostile.head());
  hostile.put("b.json", "2");
  const CommitId second(*hostile.head());
  Attack one(honest, hostile), other(honest, hostile);
  for (Attack* attack : {&one, &other}) {
    attack->say(attack->hello(main_at(second)));
    attack->run(parts_of(hostile, {first, second}));
    REQUIRE_FALSE(attack->error);
  }
  // Both break off: what either has taken is kept once, and the late one harms nothing.
  one.error = other.error = Error(ErrorCode::kIo, "the line broke");
  one.session().ended(one.error);
  const auto late = error_of([&] { other.session().ended(other.error); });
  if (late) CHECK(late->code() == ErrorCode::kBusy);
  CHECK(honest.state()->database->refs("incoming/").size() == 1);
  REQUIRE_FALSE(meet(hostile, honest).conversation.error);
  CHECK(honest.head() == hostile.head());
  CHECK(honest.repository().fsck().empty());
}

TEST_CASE_METHOD(HostileFixture, "floods of heads: what was set aside leaves room in HELLO") {
  refs::WriteBatch batch;
  for (std::uint64_t i = 0; i < 5'000; ++i) {
    const Id id = numbered_id(i);
    batch.moves.push_back({"peeled/heads/main/" + id.hex(), std::nullopt, id, "test"});
  }
  REQUIRE_FALSE(honest.state()->database->write(batch).lost);
  const wire::Agreement refs = sync::local_refs(*honest.state());
  const std::vector<Id>& heads = refs.at("heads/main");
  CHECK(heads.size() == wire::kRefHeadsMax);
  CHECK(std::find(heads.begin(), heads.end(), head()) != heads.end());
  CHECK(sync::local_refs(*honest.state()) == refs);
  Bytes frames;
  wire::FrameWriter writer(frames);
  wire::write_refs(writer, sync::changed_refs({}, refs));
}
