// A hostile peer for each way to harm a session: authenticated, and saying what it likes. What the
// honest side thinks, what it says, and that it holds what it held.
//
// Shown elsewhere, and not again here:
// - who is not let in, and what is sent before a key is proved: tests/unit/net/hostile_test.cc;
// - a peer that says nothing for 60 s, and a line that dies: tests/unit/net/talk_test.cc ("a silent
//   peer is given up…"), server_test.cc for the server's side of it;
// - a peer that does not read, and one that is not read, as the line sees them: server_test.cc ("a
//   device that does not read…", "a server that takes no input…");
// - a second connection of a device: server_test.cc ("the newest connection of a device wins…");
// - every byte of HELLO, REFS and RUN changed: tests/unit/wire and tests/property/wire; elements
//   that were changed one by one: tests/unit/sync/hostile_test.cc;
// - documents that are hard to merge: tests/unit/merge/hostile_merge_test.cc.
#include "tests/sync/hostile_peer.h"

#include <filesystem>
#include <limits>

#include "core/compress.h"
#include "core/compress_stream.h"
#include "isodb/bundle.h"

using namespace isodb;
using namespace isodb::testing;
using wire::ErrorReason;
using wire::FrameType;

namespace {

/// A RUN's payload of one packed run that says it has `plain_bytes`.
Bytes packed_run(std::uint64_t plain_bytes, ByteView packed) {
  return Bytes{'\0', '\1'} + varint(plain_bytes) + Bytes(packed);
}

}  // namespace

TEST_CASE_METHOD(HostileFixture, "huge frame: the length alone ends the session") {
  for (const std::uint64_t length :
       {std::uint64_t{65'537}, std::uint64_t{1} << 32, std::numeric_limits<std::uint64_t>::max()}) {
    Attack attack(honest, hostile);
    attack.say(attack.hello());
    attack.bytes(varint(length));
    attack.check_refused(ErrorCode::kCorrupt, ErrorReason::kProtocol, "65,536");
  }
  Attack first(honest, hostile);  // before any HELLO
  first.bytes(varint(1 << 20));
  first.check_refused(ErrorCode::kCorrupt, ErrorReason::kProtocol, "65,536");
}

TEST_CASE_METHOD(HostileFixture,
                 "decompression bomb: no run is more than it says, or than a run may be") {
  const auto check = [&](const Bytes& payload, const std::string& words) {
    Attack attack(honest, hostile);
    attack.say(attack.hello());
    attack.frame(FrameType::kRun, payload);
    attack.check_refused(ErrorCode::kCorrupt, ErrorReason::kProtocol, words);
  };
  Bytes zeros;
  core::CompressStream(3).add(zeros, Bytes(std::size_t{64} << 20, '\0'));
  REQUIRE(zeros.size() < 60'000);
  check(packed_run(std::uint64_t{64} << 20, zeros), "262,144");
  check(packed_run(262'145, zeros), "262,144");
  check(packed_run(262'144, zeros), "compressed");
  check(packed_run(1, zeros), "compressed");
  // A frame of zstd whose window is 128 MiB, with a raw block of one byte.
  check(packed_run(1, Bytes("\x00\x88\x08\x00\x00x", 6)), "compressed");
  check(packed_run(1, Bytes("\x00\xf8\x08\x00\x00x", 6)), "compressed");
  check_still_serves();
}

TEST_CASE_METHOD(HostileFixture, "decompression bomb: what an object says it has is bounded, too") {
  for (const ObjectType type :
       {ObjectType::kBlob, ObjectType::kTree, ObjectType::kCommit, ObjectType::kTag}) {
    Attack attack(honest, hostile);
    attack.say(attack.hello());
    core::CompressStream zstd(3);
    // The same quarter of a megabyte again and again, in a few bytes each.
    for (int i = 0; i < 2'000 && !attack.error; ++i) {
      wire::Columns columns;
      wire::StreamState state(attack.known);
      if (i == 0) put_element(columns, wire::ObjectElement{type, wire::kObjectBytesMax}, state);
      for (int piece = 0; piece < 15; ++piece) {
        put_element(columns, wire::PieceElement{Bytes(wire::PieceElement::kBytesMax, 'x')}, state);
      }
      Bytes run;
      columns.take(run);
      Bytes packed;
      zstd.add(packed, run);
      Bytes payload = packed_run(run.size(), packed);
      if (i > 0) payload[1] = '\2';
      attack.frame(FrameType::kRun, payload);
    }
    attack.check_refused(ErrorCode::kCorrupt, ErrorReason::kProtocol, "cannot have");
  }
}

TEST_CASE_METHOD(HostileFixture, "delta bomb: an edit's result has its limit before it is made") {
  const std::uint64_t rank = rank_of_large();
  const auto check = [&](wire::OperationElement operation, const std::string& words) {
    operation.rank_gap = rank;
    Attack attack(honest, hostile);
    attack.say(attack.hello());
    attack.run(commit_with(operation));
    attack.check_refused(ErrorCode::kCorrupt, ErrorReason::kProtocol, words);
  };
  wire::OperationElement patch;
  patch.kind = wire::OperationKind::kPatch;
  for (const std::uint64_t size :
       {std::uint64_t{65'537}, std::uint64_t{1} << 40, std::numeric_limits<std::uint64_t>::max()}) {
    patch.size = size;
    patch.bytes = "x";
    check(patch, "65,536");
  }
  // A frame of a megabyte, for a document that is said to have 100 bytes.
  patch.size = 100;
  core::CompressStream(3).add(patch.bytes = {}, Bytes(1 << 20, 'y'));
  check(patch, "");
  wire::OperationElement splice;
  splice.kind = wire::OperationKind::kSplice;
  splice.bytes = Bytes(60'000, 'y');
  check(splice, "65,536");
  splice.bytes = "y";
  splice.removed = std::numeric_limits<std::uint64_t>::max();
  check(splice, "SPLICE");
  wire::OperationElement values;
  values.kind = wire::OperationKind::kValues;
  values.values = {{0, Bytes(65'000, 'y')}, {0, Bytes(65'000, 'y')}};
  check(values, "");
  wire::OperationElement whole;
  whole.kind = wire::OperationKind::kWhole;
  whole.bytes = Bytes(65'537, 'y');
  check(whole, "");
}

TEST_CASE_METHOD(HostileFixture,
                 "deep JSON and many members: documents are bytes until they are merged") {
  const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
  std::string wide = "{";
  for (int i = 0; i < 100'000; ++i) wide += "\"" + std::to_string(i) + "\":1,";
  wide += "\"x\":1}";
  hostile.commit([&](Transaction& transaction) {
    transaction.put("a.json", deep);
    transaction.put("wide.json", wide);
  });
  honest.commit([&](Transaction& transaction) {
    transaction.put("a.json", R"({"n":2,"t":"text"})");
    transaction.put("wide.json", R"({"n":2})");
  });
  const auto begun = std::chrono::steady_clock::now();
  const Meeting meeting = meet(hostile, honest);
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(20));
  REQUIRE_FALSE(meeting.conversation.error);
  REQUIRE_FALSE(meeting.conversation.error_there);
  CHECK(honest.head() == hostile.head());
  CHECK(honest.repository().fsck().empty());
  check_still_serves();
}

TEST_CASE_METHOD(HostileFixture,
                 "deep JSON and many members: rules and members that are none count little") {
  // The founder's own device turns hostile: nobody else may write there.
  Device peer(honest, 0);
  const std::string deep = std::string(30'000, '[') + std::string(30'000, ']');
  std::string rules = "{\"rules\":[";
  for (int i = 0; i < 2'000; ++i) rules += "{\"path\":\"**/*a*b*/x\",\"merge\":\"text\"},";
  rules += "{}]}";
  std::map<std::string, std::string> writes{{".isodb/merge.json", deep},
                                            {".isodb/repository.json", deep}};
  for (int i = 0; i < 300; ++i) {
    writes[".isodb/members/" + numbered_id(static_cast<std::uint64_t>(i)).hex() + ".json"] = deep;
  }
  const CommitId bad = forge(peer, head(), writes);
  const CommitId worse = forge(peer, bad, {{".isodb/merge.json", rules}});
  honest.put("a.json", R"({"n":2,"t":"text"})");
  Attack attack(honest, peer);
  attack.say(attack.hello(main_at(worse)));
  // It has the founder's key, whose clone this session is then with.
  attack.stream(parts_of(peer, {bad, worse}));
  INFO((attack.error ? attack.error->what() : ""));
  CHECK_FALSE(attack.error);
  attack.check_sound();
  honest.put("after.json", "1");
  CHECK(honest.repository().fsck().empty());
  check_still_serves();
}

TEST_CASE_METHOD(HostileFixture, "hash mismatch: once more as objects, then the session is over") {
  hostile.put("b.json", "1");
  const CommitId commit(*hostile.head());
  StreamParts parts = parts_of(hostile, {commit});
  std::get<wire::OperationElement>(parts.back().element).bytes = "2";
  Attack attack(honest, hostile);
  attack.say(attack.hello(main_at(commit)));
  attack.stream(parts);
  REQUIRE_FALSE(attack.error);
  const wire::NeedMessage need = wire::decode_need(attack.last(FrameType::kNeed));
  CHECK(need.as_objects);
  CHECK(need.commits == 0);
  SECTION("objects that were not signed so") {
    StreamParts objects = parts_of(hostile, {commit}, {.as_objects = {commit}});
    // The commit itself comes last, and its signature is the last that it says.
    Bytes& bytes = std::get<wire::PieceElement>(objects.back().element).bytes;
    char& digit = bytes[bytes.find_last_of("0123456789abcdef") - 70];
    digit = digit == '0' ? '1' : '0';
    attack.stream(objects, 1);
  }
  SECTION("the same again, four times") {
    for (std::uint8_t stream = 1; stream <= 3; ++stream) attack.stream(parts, stream);
    CHECK(attack.count(FrameType::kNeed) == 3);
  }
  attack.check_refused(ErrorCode::kUnverified, ErrorReason::kUnverified, "signature");
  for (const auto& ref : honest.state()->database->refs("incoming/")) FAIL(ref.name);
  CHECK_FALSE(honest.state()->store->contains(commit));
}

TEST_CASE_METHOD(HostileFixture,
                 "hash mismatch: objects that are not what they are called are not stored") {
  hostile.put("b.json", "1");
  const CommitId commit(*hostile.head());
  StreamParts objects = parts_of(hostile, {commit}, {.as_objects = {commit}});
  Attack attack(honest, hostile);
  attack.say(attack.hello(main_at(commit)));
  for (StreamPart& part : objects) {
    // Whatever holds the document now holds another, so that its name is that of nothing here.
    auto* const piece = std::get_if<wire::PieceElement>(&part.element);
    if (piece != nullptr && piece->bytes == "1") piece->bytes = "2";
  }
  attack.stream(objects);
  attack.check_refused(ErrorCode::kCorrupt, ErrorReason::kProtocol, "");
  CHECK_FALSE(honest.state()->store->contains(commit));
}

TEST_CASE_METHOD(HostileFixture,
                 "missing object: a parent that never comes is asked for three times") {
  hostile.put("b.json", "1");
  const CommitId first(*hostile.head());
  hostile.put("b.json", "2");
  const CommitId second(*hostile.head());
  Attack attack(honest, hostile);
  attack.say(attack.hello(main_at(second)));
  for (std::uint8_t stream = 0; stream < 4; ++stream) {
    attack.stream(parts_of(hostile, {second}), stream);
    if (stream < 3) CHECK_FALSE(attack.error);
  }
  CHECK(attack.count(FrameType::kNeed) == 3);
  CHECK(wire::decode_need(attack.last(FrameType::kNeed)).missing == std::vector<Id>{first});
  attack.check_refused(ErrorCode::kCorrupt, ErrorReason::kProtocol, "without the commits before");
}

TEST_CASE_METHOD(HostileFixture, "missing object: a head that never comes moves no ref") {
  Attack attack(honest, hostile);
  attack.say(attack.hello(main_at(numbered_id(1))));
  for (std::uint8_t stream = 0; stream < 4; ++stream) attack.say(wire::EndMessage{stream, 0, 0});
  CHECK(attack.count(FrameType::kNeed) == 3);
  attack.check_refused(ErrorCode::kCorrupt, ErrorReason::kProtocol, "");
}

TEST_CASE_METHOD(HostileFixture,
                 "missing object: a base or old content that is not there is refused") {
  const auto check = [&](const wire::OperationElement& operation, const std::string& words) {
    Attack attack(honest, hostile);
    attack.say(attack.hello());
    attack.run(commit_with(operation));
    attack.check_refused(ErrorCode::kCorrupt, ErrorReason::kProtocol, words);
  };
  wire::OperationElement beyond;
  beyond.rank_gap = 1'000'000;
  check(beyond, "");
  wire::OperationElement copy;
  copy.kind = wire::OperationKind::kCopy;
  copy.rank_delta = 1'000'000;
  check(copy, "beyond the base tree");
  wire::OperationElement large;
  large.kind = wire::OperationKind::kLarge;
  large.rank_gap = rank_of_large();
  large.size = 100'000;
  large.parts = {{0, 5, 0}};
  check(large, "chunks of a document that has none");
}

TEST_CASE("quarantine: what was refused is in no ref, is bounded, and goes with a collection") {
  Device honest;
  Device hostile{Device::Empty{}};
  REQUIRE_FALSE(meet(hostile, honest).conversation.error);
  // From here on only members write, and the other device is none.
  honest.put(".isodb/repository.json", "{\"format\":1}\n");
  REQUIRE_FALSE(meet(hostile, honest).conversation.error);
  honest.repository().collect();
  const CommitId head(*honest.head());
  std::vector<CommitId> forged;
  for (std::uint64_t i = 0; i < 600; ++i) {
    forged.push_back(forge(hostile, head, {{"x" + std::to_string(i), std::string(1'000, 'x')}},
                           {.sequence = (i + 2) << 16, .millis_later = i + 1}));
  }
  const CommitId after = forge(hostile, forged.back(), {{"y", "y"}});
  forged.push_back(after);
  Attack attack(honest, hostile);
  attack.say(attack.hello({{"heads/main", {after}}, {"heads/other", {forged.front()}}}));
  attack.stream(parts_of(hostile, forged));
  REQUIRE_FALSE(attack.error);
  const wire::AckMessage ack = wire::decode_ack(attack.last(FrameType::kAck));
  CHECK(ack.refused.size() == wire::AckMessage::kRefusedMax);
  CHECK(ack.refused.front().rule.find("is no member") != std::string::npos);
  CHECK(attack.session().report().refused.size() == wire::AckMessage::kRefusedMax);
  attack.check_unchanged();
  CHECK(honest.state()->database->refs("incoming/").empty());
  for (const CommitId& id : forged) CHECK_FALSE(honest.state()->store->contains(id));
  honest.repository().collect();
  const Id blob = core::object_id(ObjectType::kBlob, std::string(1'000, 'x'));
  CHECK_FALSE(honest.state()->store->contains(blob));
}

TEST_CASE_METHOD(HostileFixture,
                 "quarantine: what came before the lie is kept apart until a session is whole") {
  hostile.put("b.json", "1");
  const CommitId good(*hostile.head());
  hostile.put("b.json", "2");
  const CommitId bad(*hostile.head());
  StreamParts parts = parts_of(hostile, {good, bad});
  Attack attack(honest, hostile);
  attack.say(attack.hello(main_at(bad)));
  attack.run(parts);
  attack.frame(FrameType::kRun, Bytes(3, '\0'));
  attack.check_refused(ErrorCode::kCorrupt, ErrorReason::kProtocol, "");
  // Signed and allowed, so that it need not come again; but of no branch.
  CHECK(honest.state()->database->refs("incoming/").size() == 1);
  REQUIRE_FALSE(meet(hostile, honest).conversation.error);
  CHECK(honest.state()->database->refs("incoming/").empty());
  CHECK(honest.head() == hostile.head());
}

TEST_CASE_METHOD(HostileFixture, "replay: what was said in an earlier session moves nothing back") {
  hostile.put("b.json", "1");
  std::vector<Bytes> recorded;
  {
    sync::SessionOptions options;
    options.peer = honest.key();
    options.initiator = options.sends = options.takes = true;
    options.destination = {.into_branches = true, .remote = "there"};
    sync::Session peer(hostile.state(), options);
    options.peer = hostile.key();
    options.initiator = false;
    sync::Session session(honest.state(), options);
    for (int round = 0; round < 10; ++round) {
      recorded.push_back(peer.produce(1 << 20));
      session.receive(recorded.back());
      peer.receive(session.produce(1 << 20));
    }
    REQUIRE(session.finished());
    REQUIRE(honest.head() == hostile.head());
  }
  honest.put("b.json", "2");
  honest.put("c.json", "3");
  const auto before = agreements();
  SECTION("all of it") {
    Attack attack(honest, hostile);
    for (const Bytes& bytes : recorded) attack.bytes(bytes);
    attack.check_unchanged();
  }
  SECTION("to a session that watches, twice") {
    Attack attack(honest, hostile, {.watches = true});
    for (const Bytes& bytes : recorded) attack.bytes(bytes);
    for (const Bytes& bytes : recorded) attack.bytes(bytes);
    attack.check_unchanged();
  }
  SECTION("the ACK alone, to another stream") {
    Attack attack(honest, hostile);
    attack.say(attack.hello(main_at(head())));
    attack.say(wire::EndMessage{0, 0, 0});
    attack.say(wire::AckMessage{7, {}, {}});     // of a stream that is not this one
    attack.say(wire::AckMessage{0, {{1}}, {}});  // with a digest of long ago
    CHECK_FALSE(attack.session().report().agreed);
    attack.check_unchanged();
  }
  CHECK(agreements() == before);
  check_still_serves();
}

TEST_CASE_METHOD(HostileFixture,
                 "equivocation: two commits of one writer and number are both kept") {
  const CommitId base = head();
  const ForgedAs twin{.sequence = std::uint64_t{9} << 32};
  const CommitId one = forge(hostile, base, {{"b.json", "1"}}, twin);
  const CommitId two = forge(hostile, base, {{"b.json", "2"}}, twin);
  for (const CommitId& id : {one, two}) {
    Attack attack(honest, hostile);
    attack.say(attack.hello(main_at(id)));
    attack.stream(parts_of(hostile, {id}));
    INFO((attack.error ? attack.error->what() : ""));
    REQUIRE_FALSE(attack.error);
    attack.check_sound();
  }
  const std::vector<CommitId> heads = branch_heads_of(honest);
  CHECK(std::find(heads.begin(), heads.end(), one) != heads.end());
  CHECK(std::find(heads.begin(), heads.end(), two) != heads.end());
  // What either wrote is there to be seen.
  CHECK(honest.repository().conflict_count() == 1);
  check_still_serves();
}

TEST_CASE_METHOD(HostileFixture,
                 "another repository's commits are refused, and its root above all") {
  Device other;
  other.put("b.json", "1");
  const CommitId root = other.repository().id();
  const CommitId commit(*other.head());
  SECTION("HELLO names the other repository") {
    Attack attack(honest, hostile);
    wire::Hello hello = attack.hello();
    hello.repository = Bytes(root.bytes().substr(0, 16));
    attack.say(hello);
    attack.check_refused(ErrorCode::kNotFound, ErrorReason::kRepository, "another repository");
  }
  SECTION("its root comes as objects") {
    Attack attack(honest, hostile);
    attack.say(attack.hello({{"heads/main", {root}}, {"heads/other", {root}}}));
    attack.stream(parts_of(other, {root}));
    REQUIRE_FALSE(attack.error);
    const wire::AckMessage ack = wire::decode_ack(attack.last(FrameType::kAck));
    REQUIRE(ack.refused.size() == 1);
    CHECK(ack.refused[0].rule == "it is the root of another repository");
    attack.check_unchanged();
  }
  SECTION("its commit comes on top of this history") {
    StreamParts parts = parts_of(other, {commit});
    auto& element = std::get<wire::CommitElement>(parts.front().element);
    element.parents = {head()};
    element.operations = 0;
    parts.resize(1);
    parts.front().ends = commit;
    Attack attack(honest, hostile);
    attack.say(attack.hello(main_at(commit)));
    attack.run(parts);
    REQUIRE_FALSE(attack.error);
    CHECK(wire::decode_need(attack.last(FrameType::kNeed)).as_objects);
    attack.check_unchanged();
  }
  SECTION("a commit of the same key, signed for the other repository") {
    RepositoryState& state = *hostile.state();
    Commit signed_there = state.read_commit(CommitId(*hostile.head()));
    objects::sign_commit(signed_there, state.key(), root);
    const Bytes bytes = objects::encode_commit(signed_there);
    Attack attack(honest, hostile);
    attack.say(attack.hello());
    attack.run({{wire::ObjectElement{ObjectType::kCommit, bytes.size()}, std::nullopt},
                {wire::PieceElement{bytes}, named_commit(1)}});
    attack.check_refused(ErrorCode::kUnverified, ErrorReason::kUnverified, "signature");
  }
}

TEST_CASE_METHOD(HostileFixture,
                 "cross-role reuse: a commit's signature is no tag's and no bundle's") {
  const Commit commit = honest.state()->read_commit(head());
  Tag tag;
  tag.object = head();
  tag.name = "v1";
  tag.author = commit.author;
  tag.clock = commit.clock;
  tag.signature = commit.signature;
  const Bytes bytes = objects::encode_tag(tag);
  const Id id = core::object_id(ObjectType::kTag, bytes);
  Attack attack(honest, hostile);
  attack.say(attack.hello({{"tags/v1", {id}}}));
  attack.run({{wire::ObjectElement{ObjectType::kTag, bytes.size()}, std::nullopt},
              {wire::PieceElement{bytes}, std::nullopt}});
  attack.check_refused(ErrorCode::kUnverified, ErrorReason::kUnverified, "the tag 'v1'");

  const TemporaryFolder folder;
  sync::create_bundle(hostile.repository(), folder / "good");
  Bytes bundle = slurp(folder / "good");
  const Bytes own(reinterpret_cast<const char*>(commit.signature.bytes.data()), 64);
  bundle.replace(bundle.size() - 64, 64, own);
  spill(folder / "bad", bundle);
  const auto before = refs_of(honest);
  CHECK(error_code_of([&] { sync::apply_bundle(honest.repository(), folder / "bad"); }) ==
        ErrorCode::kUnverified);
  CHECK(refs_of(honest) == before);
}

TEST_CASE_METHOD(HostileFixture,
                 "cross-role reuse: a ref names a commit or tag, and no document or tree") {
  const Id blob = core::object_id(ObjectType::kBlob, R"({"n":1,"t":"text"})");
  const Id tree = honest.state()->read_commit(head()).tree;
  for (const Id& id : {blob, tree}) {
    for (const char* name : {"heads/main", "heads/new", "tags/new"}) {
      INFO(name);
      Attack attack(honest, hostile);
      attack.say(attack.hello({{name, {id}}}));
      attack.say(wire::EndMessage{0, 0, 0});
      CHECK_FALSE(attack.error);
      // A branch's head that is no commit is one that is not here.
      const bool is_tag = std::string_view(name).starts_with("tags/");
      CHECK(attack.count(FrameType::kNeed) == (is_tag ? 0 : 1));
      attack.check_unchanged();
    }
  }
  check_still_serves();
}
