#include "wire/messages.h"

#include <string>
#include <utility>

#include "isodb/error.h"
#include "wire/fields.h"
#include "wire/refs_list.h"

namespace isodb::wire {
namespace {

constexpr std::size_t kWantedBytesMin = Id::kSize + 1;
constexpr std::uint64_t kRankMax = std::uint64_t{1} << 62;

[[noreturn]] void throw_limit(const std::string& problem) {
  throw Error(ErrorCode::kLimit, problem);
}

}  // namespace

Bytes encode(const EndMessage& end) {
  Bytes out;
  core::put_u8(out, end.stream);
  core::put_varint(out, end.commits);
  core::put_varint(out, end.operations);
  return out;
}

EndMessage decode_end(ByteView payload) {
  FieldReader in(payload, "END");
  EndMessage end;
  end.stream = in.u8();
  end.commits = in.varint();
  end.operations = in.varint();
  in.expect_end();
  return end;
}

Bytes encode(const NeedMessage& need) {
  if (need.missing.size() > NeedMessage::kMissingMax) {
    throw_limit("a NEED of more than 1,024 missing ids");
  }
  if (!is_strictly_sorted(need.missing)) {
    throw Error(ErrorCode::kInvalid, "a NEED with ids that are not sorted, or one twice");
  }
  Bytes out;
  core::put_u8(out, need.stream);
  core::put_varint(out, need.commits);
  put_ids(out, need.missing);
  core::put_u8(out, need.as_objects ? 1 : 0);
  return out;
}

NeedMessage decode_need(ByteView payload) {
  FieldReader in(payload, "NEED");
  NeedMessage need;
  need.stream = in.u8();
  need.commits = in.varint();
  need.missing = in.ids<Id>(NeedMessage::kMissingMax);
  need.as_objects = in.flag();
  in.expect_end();
  return need;
}

Bytes encode(const AckMessage& ack) {
  Bytes out;
  core::put_u8(out, ack.stream);
  put_fixed(out, ack.agreement.bytes);
  put_refusals(out, ack.refused, AckMessage::kRefusedMax, "an ACK");
  return out;
}

AckMessage decode_ack(ByteView payload) {
  FieldReader in(payload, "ACK");
  AckMessage ack;
  ack.stream = in.u8();
  ack.agreement.bytes = in.fixed<8>();
  ack.refused = read_refusals(in, AckMessage::kRefusedMax);
  in.expect_end();
  return ack;
}

Bytes encode(const WantMessage& want) {
  const auto by_commit = [](const auto& a, const auto& b) { return a.commit >= b.commit; };
  const auto& wanted = want.wanted;
  if (wanted.empty() ||
      std::adjacent_find(wanted.begin(), wanted.end(), by_commit) != wanted.end()) {
    throw Error(ErrorCode::kInvalid, "a WANT of nothing, or with commits that are not sorted");
  }
  Bytes out;
  core::put_varint(out, wanted.size());
  for (const WantMessage::Entries& entries : wanted) {
    const bool has_none = entries.ranks.empty() && want.objects.empty();
    if (has_none || !is_strictly_sorted(entries.ranks)) {
      throw Error(ErrorCode::kInvalid, "a WANT of no entries, or with ranks that do not ascend");
    }
    out += entries.commit.bytes();
    core::put_varint(out, entries.ranks.size());
    std::uint64_t next = 0;
    for (const std::uint64_t rank : entries.ranks) {
      core::put_varint(out, rank - next);
      next = rank + 1;
    }
  }
  if (!want.objects.empty()) {
    if (!is_strictly_sorted(want.objects)) {
      throw Error(ErrorCode::kInvalid, "a WANT of objects that are not sorted, or one twice");
    }
    put_ids(out, want.objects);
  }
  const bool is_too_much =
      out.size() > kPayloadBytesMax || want.objects.size() > WantMessage::kObjectsMax;
  if (is_too_much) throw_limit("a WANT of more than 65,535 bytes or 900 objects");
  return out;
}

WantMessage decode_want(ByteView payload) {
  FieldReader in(payload, "WANT");
  WantMessage want;
  want.wanted.resize(in.count(kPayloadBytesMax, kWantedBytesMin));
  if (want.wanted.empty()) in.fail("nothing is wanted");
  bool lacks_entries = false;
  for (std::size_t i = 0; i < want.wanted.size(); ++i) {
    WantMessage::Entries& entries = want.wanted[i];
    entries.commit = CommitId(in.id());
    if (i > 0 && entries.commit <= want.wanted[i - 1].commit) in.fail("commits are not sorted");
    entries.ranks.resize(in.count(kPayloadBytesMax, 1));
    lacks_entries = lacks_entries || entries.ranks.empty();
    std::uint64_t next = 0;
    for (std::uint64_t& rank : entries.ranks) {
      const std::uint64_t gap = in.varint();
      if (gap > kRankMax - next) in.fail("a rank above 2^62");
      rank = next + gap;
      next = rank + 1;
    }
  }
  if (!in.at_end()) {
    want.objects = in.ids<Id>(WantMessage::kObjectsMax);
    if (want.objects.empty()) in.fail("no objects are wanted");
  } else if (lacks_entries) {
    in.fail("no entries of a commit");
  }
  in.expect_end();
  return want;
}

Bytes encode(const ErrorMessage& error) {
  Bytes out;
  core::put_varint(out, error.code);
  put_text(out, cut_text(error.text, ErrorMessage::kTextBytesMax));
  return out;
}

ErrorMessage decode_error(ByteView payload) {
  FieldReader in(payload, "ERROR");
  ErrorMessage error;
  error.code = in.varint();
  error.text = in.text(ErrorMessage::kTextBytesMax);
  in.expect_end();
  return error;
}

Bytes encode(const ExpectMessage& expect) {
  Bytes out;
  core::put_varint(out, expect.commits);
  core::put_varint(out, expect.documents);
  return out;
}

ExpectMessage decode_expect(ByteView payload) {
  FieldReader in(payload, "EXPECT");
  ExpectMessage expect;
  expect.commits = in.varint();
  expect.documents = in.varint();
  in.expect_end();
  return expect;
}

void check_ping(ByteView payload) {
  if (payload.size() <= kPingBytesMax) return;
  throw Error(ErrorCode::kCorrupt,
              "PING: " + std::to_string(payload.size()) + " bytes, at most 64, at offset 0");
}

void write_bundle(FrameWriter& out, const BundleHeader& bundle) {
  check_refs(bundle.refs);
  for (const RefHeads& ref : bundle.refs) {
    if (!ref.ids.empty()) continue;
    throw Error(ErrorCode::kInvalid, "a bundle with the ref '" + ref.name + "', which is gone");
  }
  if (bundle.part == 0 || bundle.part > bundle.parts) {
    throw Error(ErrorCode::kInvalid, "a bundle's part that is 0 or above the number of parts");
  }
  if (bundle.prerequisites.size() > BundleHeader::kPrerequisitesMax) {
    throw_limit("a bundle of more than 1,024 prerequisites");
  }
  if (!is_strictly_sorted(bundle.prerequisites)) {
    throw Error(ErrorCode::kInvalid, "a bundle with prerequisites that are not sorted");
  }
  Bytes head, prerequisites;
  core::put_u8(head, BundleHeader::kVersion);
  head += bundle.repository.bytes();
  core::put_varint(head, bundle.part);
  core::put_varint(head, bundle.parts);
  if (bundle.parts > 1) put_fixed(head, bundle.bundle);
  put_ids(prerequisites, bundle.prerequisites);
  RefsCutter refs(bundle.refs);
  const Bytes list = refs.next(kPayloadBytesMax - 1 - head.size() - prerequisites.size());
  core::put_u8(head, refs.at_end() ? 0 : 1);
  out.add(FrameType::kBundle, head.append(list).append(prerequisites));
  if (!refs.at_end()) write_rest(out, refs);
}

bool BundleReader::add(const Frame& frame) {
  if (state_ == State::kRefs && frame.type == FrameType::kRefs) {
    if (refs_.add(frame.payload)) state_ = State::kWhole;
    return state_ == State::kWhole;
  }
  if (state_ != State::kFirst || frame.type != FrameType::kBundle) {
    throw Error(ErrorCode::kCorrupt, "a frame of type " +
                                         std::to_string(static_cast<unsigned>(frame.type)) +
                                         " stands where a BUNDLE or its REFS have to");
  }
  FieldReader in(frame.payload, "BUNDLE");
  if (const std::uint8_t version = in.u8(); version != BundleHeader::kVersion) {
    throw Error(ErrorCode::kUnsupported,
                "a bundle of version " + std::to_string(version) + "; this program reads version 1",
                "bring this program up to date");
  }
  bundle_.repository = in.id();
  bundle_.part = in.varint();
  bundle_.parts = in.varint();
  if (bundle_.part == 0 || bundle_.part > bundle_.parts) {
    in.fail("the part is 0 or above the number of parts");
  }
  if (bundle_.parts > 1) bundle_.bundle = in.fixed<16>();
  const bool more = in.flag();
  refs_.add_list(in);
  bundle_.prerequisites = in.ids<CommitId>(BundleHeader::kPrerequisitesMax);
  in.expect_end();
  state_ = more ? State::kRefs : State::kWhole;
  return state_ == State::kWhole;
}

BundleHeader BundleReader::take() {
  bundle_.refs = refs_.take();
  for (const RefHeads& ref : bundle_.refs) {
    if (ref.ids.empty())
      throw Error(ErrorCode::kCorrupt, "BUNDLE: the ref '" + ref.name + "' is gone");
  }
  return std::move(bundle_);
}

Bytes encode(const BundleSignature& signature) {
  Bytes out;
  put_fixed(out, signature.key.bytes);
  put_fixed(out, signature.signature.bytes);
  return out;
}

BundleSignature decode_bundle_signature(ByteView payload) {
  FieldReader in(payload, "SIGNATURE");
  BundleSignature signature;
  signature.key.bytes = in.fixed<32>();
  signature.signature.bytes = in.fixed<64>();
  in.expect_end();
  return signature;
}

}  // namespace isodb::wire
