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

}  // namespace

std::size_t append_record(Bytes& out, ObjectType type, ByteView payload, const PutHint& hint,
                          const Object* base, unsigned base_depth, unsigned delta_depth_max) {
  check_object_size(payload.size());
  RecordHeader header;
  header.type = type;
  header.plain_bytes = payload.size();
  Bytes delta;
  const unsigned depth_max = std::min(delta_depth_max, kDeltaDepthLimit);
  if (!hint.compressed && hint.base && base != nullptr && base->type == type &&
      base_depth < depth_max) {
    append_delta(delta, payload, base->payload, kLevel);
  }
  Bytes plain;
  const bool clearly_small = !delta.empty() && is_clearly_small(delta.size(), payload.size());
  if (!clearly_small) {
    header.encoding = append_plain(plain, payload, hint.compressed, nullptr, kLevel);
  }
  if (!delta.empty() && (clearly_small || delta.size() + Id::kSize < plain.size())) {
    header.encoding = Encoding::kDeltaById;
    header.base = *hint.base;
    header.depth = base_depth + 1;
    return append_framed(out, header, delta);
  }
  return append_framed(out, header, plain);
}

Object read_record(ByteView records, const ObjectSource& others) {
  const RecordHeader header = parse_whole(records);
  const ByteView data =
      records.substr(header.header_bytes, static_cast<std::size_t>(header.data_bytes));
  check_record_data(header, data);
  if (!is_delta(header.encoding)) return {header.type, unpack_plain(header, data, nullptr)};
  const Object base = get_base(others, header.base);
  return {header.type,
          apply_delta(data, base.payload, static_cast<std::size_t>(header.plain_bytes))};
}

RecordSummary summarize_record(ByteView records) {
  const RecordHeader header = parse_whole(records);
  RecordSummary summary{header.type, header.plain_bytes, header.record_bytes(), header.depth, {},
                        {}};
  if (header.encoding == Encoding::kDeltaById) summary.base = header.base;
  return summary;
}

unsigned record_depth(ByteView records) {
  return parse_whole(records).depth;
}

}  // namespace isodb::objects
