#include "wire/messages.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

#include "core/varint.h"
#include "tests/support/testing.h"
#include "tests/support/wire_frames.h"

using namespace isodb;
using namespace isodb::wire;
using namespace isodb::testing;

namespace {

std::vector<Id> sorted_ids(std::size_t count) {
  std::vector<Id> ids;
  for (std::size_t i = 0; i < count; ++i) ids.push_back(numbered_id(i));
  std::sort(ids.begin(), ids.end());
  return ids;
}

AckMessage ack_of(std::size_t refused) {
  AckMessage ack{7, {{8, 7, 6, 5, 4, 3, 2, 1}}, {}};
  for (const Id& id : sorted_ids(refused)) ack.refused.push_back({CommitId(id), "may not write"});
  return ack;
}

WantMessage want_of(std::size_t commits) {
  WantMessage want;
  for (const Id& id : sorted_ids(commits)) want.wanted.push_back({CommitId(id), {0, 1, 300}});
  return want;
}

/// `again` decodes and encodes. Every change of one bit, every cut and a byte more is refused or is
/// the encoding of something else.
void check_strict(const Bytes& good, const std::function<Bytes(ByteView)>& again) {
  CHECK(again(good) == good);
  const auto check = [&](const Bytes& changed) {
    Bytes back;
    const auto error = error_of([&] { back = again(changed); });
    if (error) {
      CHECK(error->code() == ErrorCode::kCorrupt);
      CHECK(std::string(error->what()).find(" at offset ") != std::string::npos);
    } else {
      CHECK(back == changed);
    }
    return error.has_value();
  };
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      Bytes changed = good;
      changed[i] = static_cast<char>(changed[i] ^ 1 << bit);
      check(changed);
    }
    CHECK(check(good.substr(0, i)));
  }
  CHECK(check(good + '\0'));
}

Bytes bundle_bytes(const BundleHeader& bundle) {
  Bytes bytes;
  FrameWriter writer(bytes);
  write_bundle(writer, bundle);
  return bytes;
}

BundleHeader bundle_of(ByteView bytes) {
  BundleReader reader;
  for (const auto& [type, payload] : frames_of(bytes)) {
    if (reader.add({type, payload, 0})) return reader.take();
  }
  throw std::runtime_error("no whole bundle");
}

}  // namespace

TEST_CASE("small frames have one encoding each") {
  check_strict(encode(EndMessage{1, 300, 70'000}),
               [](ByteView bytes) { return encode(decode_end(bytes)); });
  check_strict(encode(NeedMessage{2, 1000, sorted_ids(3), true}),
               [](ByteView bytes) { return encode(decode_need(bytes)); });
  check_strict(encode(ack_of(2)), [](ByteView bytes) { return encode(decode_ack(bytes)); });
  check_strict(encode(want_of(3)), [](ByteView bytes) { return encode(decode_want(bytes)); });
  check_strict(encode(ExpectMessage{300, 70'000}),
               [](ByteView bytes) { return encode(decode_expect(bytes)); });
  check_strict(encode(ErrorMessage{300, "no"}),
               [](ByteView bytes) { return encode(decode_error(bytes)); });
  BundleSignature signature;
  signature.key.bytes.fill(1);
  signature.signature.bytes.fill(2);
  check_strict(encode(signature),
               [](ByteView bytes) { return encode(decode_bundle_signature(bytes)); });
}

TEST_CASE("small frames are read as they were written") {
  const EndMessage end{255, UINT64_MAX, 0};
  CHECK(decode_end(encode(end)) == end);
  const NeedMessage need{0, 5, sorted_ids(NeedMessage::kMissingMax), false};
  CHECK(decode_need(encode(need)) == need);
  const WantMessage want = want_of(1500);
  CHECK(decode_want(encode(want)) == want);
  const ExpectMessage expect{UINT64_MAX, 0};
  CHECK(decode_expect(encode(expect)) == expect);
  const ErrorMessage error{static_cast<std::uint64_t>(ErrorReason::kVersion), "speak 1"};
  CHECK(decode_error(encode(error)) == error);
}

TEST_CASE("the largest NEED and ACK there can be fit in a frame") {
  CHECK(encode(NeedMessage{0, UINT64_MAX, sorted_ids(NeedMessage::kMissingMax), true}).size() <=
        kPayloadBytesMax);
  AckMessage ack = ack_of(AckMessage::kRefusedMax);
  for (Refusal& refusal : ack.refused) refusal.rule.assign(Refusal::kRuleBytesMax, 'r');
  const Bytes bytes = encode(ack);
  CHECK(bytes.size() <= kPayloadBytesMax);
  CHECK(decode_ack(bytes) == ack);
}

TEST_CASE("messages above their limits are not written") {
  CHECK(error_code_of([] { encode(ack_of(257)); }) == ErrorCode::kLimit);
  CHECK(error_code_of([] {
          encode(NeedMessage{0, 0, sorted_ids(1025), false});
        }) == ErrorCode::kLimit);
  NeedMessage need{0, 0, sorted_ids(2), false};
  std::swap(need.missing[0], need.missing[1]);
  CHECK(error_code_of([&] { encode(need); }) == ErrorCode::kInvalid);
}

TEST_CASE("a WANT names something, in order, and fits in a frame") {
  const auto code = [](const WantMessage& want) { return error_code_of([&] { encode(want); }); };
  CHECK(code(want_of(1500)) == std::nullopt);
  CHECK(code(want_of(3000)) == ErrorCode::kLimit);
  CHECK(code({}) == ErrorCode::kInvalid);
  WantMessage want = want_of(2);
  std::swap(want.wanted[0], want.wanted[1]);
  CHECK(code(want) == ErrorCode::kInvalid);
  want = want_of(1);
  want.wanted[0].ranks = {5, 5};
  CHECK(code(want) == ErrorCode::kInvalid);
  want.wanted[0].ranks.clear();
  CHECK(code(want) == ErrorCode::kInvalid);
  // A gap that leads beyond every number.
  Bytes far = "\1" + Bytes(32, 'c') + "\2";
  core::put_varint(far, 5);
  core::put_varint(far, UINT64_MAX - 3);
  CHECK(error_code_of([&] { decode_want(far); }) == ErrorCode::kCorrupt);
  // More entries than bytes are left for.
  Bytes many = "\1" + Bytes(32, 'c');
  core::put_varint(many, 60'000);
  CHECK(error_code_of([&] { decode_want(many); }) == ErrorCode::kCorrupt);
}

TEST_CASE("a WANT of objects names them, and places that may have no entries") {
  const auto code = [](const WantMessage& want) { return error_code_of([&] { encode(want); }); };
  WantMessage want = want_of(3);
  want.wanted[1].ranks.clear();
  want.objects = sorted_ids(5);
  CHECK(decode_want(encode(want)) == want);
  check_strict(encode(want), [](ByteView bytes) { return encode(decode_want(bytes)); });
  std::swap(want.objects[0], want.objects[1]);
  CHECK(code(want) == ErrorCode::kInvalid);
  want.objects = sorted_ids(WantMessage::kObjectsMax + 1);
  CHECK(code(want) == ErrorCode::kLimit);
  // The largest there can be, each object of a commit of its own, fits in a frame.
  want = want_of(WantMessage::kObjectsMax);
  for (WantMessage::Entries& entries : want.wanted) entries.ranks = {std::uint64_t{1} << 40};
  want.objects = sorted_ids(WantMessage::kObjectsMax);
  CHECK(code(want) == std::nullopt);
}

TEST_CASE("a text that is too long is cut where a character begins") {
  std::string text(255, 'x');
  text += "é";
  CHECK(decode_error(encode(ErrorMessage{1, text})).text == std::string(255, 'x'));
  CHECK(decode_error(encode(ErrorMessage{1, std::string(300, 'y')})).text.size() == 256);
  CHECK(decode_error(encode(ErrorMessage{1, std::string(300, '\x80')})).text.size() == 252);
  AckMessage ack = ack_of(1);
  ack.refused[0].rule.assign(300, 'z');
  CHECK(decode_ack(encode(ack)).refused[0].rule.size() == Refusal::kRuleBytesMax);
}

TEST_CASE("a PING is at most 64 bytes") {
  CHECK_NOTHROW(check_ping(Bytes(64, 'x')));
  CHECK(error_code_of([] { check_ping(Bytes(65, 'x')); }) == ErrorCode::kCorrupt);
}

TEST_CASE("a bundle's head is read as it was written, with as many REFS as it takes") {
  BundleHeader bundle;
  bundle.repository = numbered_id(1);
  bundle.part = 2;
  bundle.parts = 300;
  bundle.bundle = {1, 2, 3};
  for (const Id& id : sorted_ids(3)) bundle.prerequisites.emplace_back(id);
  bundle.refs = {{"heads/main", sorted_ids(2)}, {"tags/v1", sorted_ids(1)}};
  CHECK(bundle_of(bundle_bytes(bundle)) == bundle);
  bundle.refs = {{"heads/a", sorted_ids(kRefHeadsMax)}, {"heads/b", sorted_ids(1)}};
  const Bytes bytes = bundle_bytes(bundle);
  CHECK(frames_of(bytes).size() == 3);
  CHECK(bundle_of(bytes) == bundle);
}

TEST_CASE("every change of a bit of a bundle's head is refused or is another head") {
  BundleHeader bundle;
  bundle.repository = numbered_id(1);
  bundle.refs = {{"heads/main", sorted_ids(1)}};
  bundle.prerequisites = {CommitId(numbered_id(2))};
  const Bytes good = frames_of(bundle_bytes(bundle))[0].second;
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes changed = good;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ 1 << bit % 8);
    BundleReader reader;
    bool is_whole = false;
    Bytes back = changed;
    const auto error = error_of([&] {
      is_whole = reader.add({FrameType::kBundle, changed, 0});
      if (is_whole) back = frames_of(bundle_bytes(reader.take()))[0].second;
    });
    if (error) {
      CHECK((error->code() == ErrorCode::kCorrupt || error->code() == ErrorCode::kUnsupported));
    } else {
      CHECK(back == changed);
    }
  }
}

TEST_CASE("a bundle's head that breaks a rule is not written") {
  BundleHeader bundle;
  bundle.refs = {{"heads/main", {}}};
  CHECK(error_code_of([&] { bundle_bytes(bundle); }) == ErrorCode::kInvalid);
  bundle.refs.clear();
  bundle.part = 2;
  CHECK(error_code_of([&] { bundle_bytes(bundle); }) == ErrorCode::kInvalid);
  bundle.part = 1;
  bundle.prerequisites.resize(2);
  CHECK(error_code_of([&] { bundle_bytes(bundle); }) == ErrorCode::kInvalid);
}
