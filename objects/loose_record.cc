#include <algorithm>
#include <string>

#include "isodb/error.h"
#include "objects/delta.h"
#include "objects/pack.h"
#include "objects/record.h"
#include "objects/resolving.h"

namespace isodb::objects {
namespace {

constexpr int kLevel = 3;

RecordHeader parse_whole(ByteView records) {
  const RecordHeader header = parse_record_header(records);
  if (header.encoding == Encoding::kDictionary || header.encoding == Encoding::kDeltaNear) {
    throw Error(ErrorCode::kCorrupt, "record: its encoding occurs in packs only");
  }
  if (header.data_bytes > records.size() - header.header_bytes) {
    throw Error(ErrorCode::kCorrupt, "record: ends too early");
  }
  return header;
}

struct Change {
  Encoding encoding = Encoding::kPatchById;
  Bytes data;
};

/// The cheapest change that leads from `base` to the payload.
Change change_from(ByteView base, ByteView payload) {
  Change patch;
  const bool patched = append_patch(patch.data, payload, base);
  if (patched && is_clearly_small(patch.data.size(), payload.size())) return patch;
  Change delta{Encoding::kDeltaById, {}};
  append_delta(delta.data, payload, base, kLevel);
  return delta;
}

}  // namespace

bool is_stored_after(ObjectType type, std::uint64_t payload_bytes) {
  constexpr std::uint64_t kBytesMax = 4096;
  return type != ObjectType::kTree && payload_bytes <= kBytesMax;
}

std::size_t append_record(Bytes& out, ObjectType type, ByteView payload, const PutHint& hint,
                          const Object* base, unsigned base_depth, unsigned delta_depth_max) {
  check_object_size(payload.size());
  RecordHeader header;
  header.type = type;
  header.plain_bytes = payload.size();
  const bool is_foreign = base != nullptr && base->type != type;
  const bool is_delta_possible =
      base != nullptr && !is_foreign && base_depth < std::min(delta_depth_max, kDeltaDepthLimit);
  const bool is_deep_node = type == ObjectType::kTree && !is_foreign && !is_delta_possible;
  const bool waits_for_pack = is_deep_node || is_stored_after(type, payload.size());
  if (hint.base && !hint.compressed && waits_for_pack) {
    header.encoding = Encoding::kStoredAfter;
    header.base = *hint.base;
    return append_framed(out, header, payload);
  }
  std::optional<Change> change;
  if (!hint.compressed && hint.base && is_delta_possible) {
    change = change_from(base->payload, payload);
  }
  Bytes plain;
  if (!change || !is_clearly_small(change->data.size(), payload.size())) {
    const bool as_it_is = hint.compressed || is_stored_after(type, payload.size());
    header.encoding = append_plain(plain, payload, as_it_is, nullptr, kLevel);
    if (!change || change->data.size() + Id::kSize >= plain.size()) {
      return append_framed(out, header, plain);
    }
  }
  header.encoding = change->encoding;
  header.base = *hint.base;
  header.depth = base_depth + 1;
  return append_framed(out, header, change->data);
}

Object read_record(ByteView records, const ObjectSource& others) {
  const RecordHeader header = parse_whole(records);
  const ByteView data =
      records.substr(header.header_bytes, static_cast<std::size_t>(header.data_bytes));
  check_record_data(header, data);
  if (!is_delta(header.encoding)) return {header.type, unpack_plain(header, data, nullptr)};
  const Object base = get_base(others, header.base);
  const auto plain_bytes = static_cast<std::size_t>(header.plain_bytes);
  if (header.encoding == Encoding::kDeltaById) {
    return {header.type, apply_delta(data, base.payload, plain_bytes)};
  }
  return {header.type, apply_patch(data, base.payload, plain_bytes)};
}

RecordSummary summarize_record(ByteView records) {
  const RecordHeader header = parse_whole(records);
  RecordSummary summary{header.type, header.plain_bytes, header.record_bytes(), header.depth, {},
                        {}};
  if (names_base(header.encoding)) summary.base = header.base;
  return summary;
}

unsigned record_depth(ByteView records) {
  return parse_whole(records).depth;
}

}  // namespace isodb::objects
