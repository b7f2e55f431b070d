#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <string>

#include "tests/support/places.h"
#include "tests/support/testing.h"
#include "tests/support/wire_frames.h"
#include "wire/columns.h"
#include "wire/messages.h"
#include "wire/run.h"

using namespace isodb;
using namespace isodb::wire;
using namespace isodb::testing;

// The vectors were made by another implementation, from docs/protocol.md, and are permanent: a line
// is never edited.
namespace {

Bytes from_hex(const std::string& text) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

std::map<std::string, Bytes> vectors() {
  std::ifstream file(std::string(kTestVectors) + "/sync_frames.txt");
  std::map<std::string, Bytes> all;
  for (std::string line; std::getline(file, line);) {
    const std::size_t bar = line.find(" | ");
    if (line[0] != '#') all[line.substr(0, bar)] = from_hex(line.substr(bar + 3));
  }
  return all;
}

Id id_of(char byte) {
  return Id::from_bytes(Bytes(32, byte));
}
const Id kOld = id_of('\xa1'), kNew = id_of('\xb2');

Bytes repository() {
  Bytes id;
  for (char byte = 0; byte < 32; ++byte) id += byte;
  return id;
}

Bytes frame(FrameType type, const Bytes& payload) {
  Bytes bytes;
  FrameWriter(bytes).add(type, payload);
  return bytes;
}

Bytes frames(const Hello& hello) {
  Bytes bytes;
  FrameWriter writer(bytes);
  write_hello(writer, hello);
  return bytes;
}

Hello read_hello(const Bytes& bytes) {
  HelloReader reader;
  const auto all = frames_of(bytes);
  REQUIRE(all.size() == 1);
  REQUIRE(reader.add({all[0].first, all[0].second, 0}));
  return reader.take();
}

CommitElement commit() {
  CommitElement commit;
  commit.author.bytes.fill(0xc3);
  commit.writer.value = 0x0123456789abcdef;
  commit.sequence = 5;
  commit.millis = 1'700'000'000'000;
  commit.operations = 1;
  commit.parents = {CommitId(kOld)};
  commit.signature.bytes.fill(0xd4);
  return commit;
}

OperationElement operation() {
  OperationElement operation;
  operation.kind = OperationKind::kValues;
  operation.rank_gap = 7;
  operation.values = {{2, "412"}};
  return operation;
}

}  // namespace

TEST_CASE("HELLO is what the vectors say") {
  const auto all = vectors();
  Hello hello;
  hello.sends = hello.takes = true;
  hello.repository = repository().substr(0, 16);
  hello.agreement = agreement_digest({{"heads/main", {kOld}}});
  CHECK(frames(hello) == all.at("responder: HELLO"));
  CHECK(read_hello(all.at("responder: HELLO")) == hello);
  hello.refs = {{"heads/main", {kNew}}};
  CHECK(frames(hello) == all.at("initiator: HELLO"));
  CHECK(read_hello(all.at("initiator: HELLO")) == hello);

  hello.version_highest = 3;
  hello.features = 129;
  hello.watches = hello.unknown = true;
  hello.repository = repository();
  hello.agreement.reset();
  hello.refs = {{"heads/gone", {}}, {"tags/v1", {kNew}}};
  hello.extra_heads = {kOld, kNew};
  hello.hints = {{{5}, 300, {1, 2, 3, 4}}, {{9}, 1, {}}};
  hello.resume = ResumePoint{{{77}, {88}}, {}, 1000, 20'000};
  hello.resume->signature_prefix.fill(0xd4);
  hello.scope = ScopeClaim{
      {"cows", "sheep"}, ScopeClaim::Boundary::kCommits, {CommitId(kOld), CommitId(kNew)}};
  CHECK(frames(hello) == all.at("a HELLO of everything"));
  CHECK(read_hello(all.at("a HELLO of everything")) == hello);

  Hello refuses;
  refuses.sends = refuses.takes = true;
  refuses.repository = repository().substr(0, 16);
  refuses.refused = {{CommitId(kOld), "no"}, {CommitId(kNew), ""}};
  CHECK(frames(refuses) == all.at("a HELLO with refused commits"));
  CHECK(read_hello(all.at("a HELLO with refused commits")) == refuses);

  Hello clone;
  clone.features = kFeaturePartial;
  clone.takes = true;
  clone.scope = ScopeClaim{{"cows"}, ScopeClaim::Boundary::kDepth, {}, 300};
  CHECK(frames(clone) == all.at("HELLO of a clone with a scope"));
  CHECK(read_hello(all.at("HELLO of a clone with a scope")) == clone);
}

TEST_CASE("a RUN of one changed field is what the vectors say") {
  const auto all = vectors();
  RunWriter writer({CommitId(kOld)}, 3);
  writer.add(commit());
  writer.add(operation());
  writer.commit_is(CommitId(kNew));
  const auto payloads = writer.take_run(0);
  REQUIRE(payloads.size() == 1);
  CHECK(frame(FrameType::kEnd, encode(EndMessage{0, writer.commits(), writer.operations()})) ==
        all.at("initiator: END"));

  const auto run = frames_of(all.at("initiator: RUN"));
  Columns columns;
  StreamState state({CommitId(kOld)});
  put_element(columns, commit(), state);
  put_element(columns, operation(), state);
  Bytes joined;
  columns.take(joined);
  CHECK(Bytes(2, '\0') + joined == run.at(0).second);
  for (const Bytes& payload : {run.at(0).second, payloads[0]}) {  // plain, and as zstd packs it
    RunReader reader({CommitId(kOld)});
    reader.add_frame(payload);
    CHECK(std::get<CommitElement>(*reader.next()) == commit());
    CHECK(std::get<OperationElement>(*reader.next()) == operation());
    CHECK_FALSE(reader.next());
    reader.commit_is(CommitId(kNew));
    CHECK_NOTHROW(reader.expect_end());
  }
}

TEST_CASE("a RUN of a dictionary and a frame is what the vectors say") {
  CommitElement two = commit();
  two.operations = 2;
  DictionaryElement dictionary;
  for (int i = 0; i < 256; ++i) dictionary.bytes += static_cast<char>(i * 7 + 3);
  OperationElement packed;
  packed.kind = OperationKind::kFrame;
  packed.is_new = true;
  packed.rank_gap = 7;
  packed.rest = "a.json";
  packed.size = 300;
  packed.bytes = Bytes("\x00\x58\x29\x00\x00hello", 10);
  OperationElement whole;
  whole.is_new = true;
  whole.shared = 1;
  whole.rest = ".json";
  whole.bytes = "whole";
  const std::vector<Element> elements = {two, dictionary, packed, whole};
  RunWriter writer({CommitId(kOld)}, RunWriter::kPlain);
  for (const Element& element : elements) writer.add(element);
  const auto payloads = writer.take_run(0);
  REQUIRE(payloads.size() == 1);
  const Bytes expected = vectors().at("RUN of a dictionary and a frame");
  CHECK(frame(FrameType::kRun, payloads[0]) == expected);
  RunReader reader({CommitId(kOld)});
  const auto run = frames_of(expected);
  reader.add_frame(run.at(0).second);
  for (const Element& element : elements) CHECK(reader.next() == element);
  CHECK_FALSE(reader.next());
}

TEST_CASE("small frames are what the vectors say") {
  const auto all = vectors();
  const auto check = [&](const char* name, FrameType type, const Bytes& payload) {
    CHECK(frame(type, payload) == all.at(name));
  };
  check("responder: END", FrameType::kEnd, encode(EndMessage{}));
  check("responder: ACK", FrameType::kAck,
        encode(AckMessage{0, agreement_digest({{"heads/main", {kNew}}}), {}}));
  check("NEED", FrameType::kNeed, encode(NeedMessage{2, 300, {kOld, kNew}, true}));
  check(
      "ACK with a refusal", FrameType::kAck,
      encode(AckMessage{1, agreement_digest({{"heads/main", {kOld}}}), {{CommitId(kNew), "no"}}}));
  check("WANT", FrameType::kWant,
        encode(WantMessage{{{CommitId(kOld), {7, 8, 300}}, {CommitId(kNew), {0}}}}));
  check("ERROR", FrameType::kError, encode(ErrorMessage{300, "why"}));
  check("PING", FrameType::kPing, "hi");
  check("EXPECT", FrameType::kExpect, encode(ExpectMessage{300, 1'000'000}));
  BundleSignature signature;
  signature.key.bytes.fill(0xc3);
  signature.signature.bytes.fill(0xd4);
  check("SIGNATURE", FrameType::kSignature, encode(signature));
  BundleHeader bundle;
  bundle.repository = Id::from_bytes(repository());
  bundle.parts = 2;
  bundle.bundle.fill(0xb6);
  bundle.refs = {{"heads/main", {kOld, kNew}}, {"tags/v1", {kOld}}};
  bundle.prerequisites = {CommitId(kNew)};
  Bytes bytes;
  FrameWriter writer(bytes);
  write_bundle(writer, bundle);
  CHECK(bytes == all.at("BUNDLE"));
}
