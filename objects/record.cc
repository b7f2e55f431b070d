#include "objects/record.h"

#include <algorithm>
#include <string>

#include "core/hash.h"
#include "core/varint.h"
#include "isodb/error.h"
#include "objects/delta.h"
#include "objects/pack.h"

namespace isodb::objects {
namespace {

constexpr unsigned kEncodingShift = 3;
constexpr std::uint8_t kTypeMask = (1 << kEncodingShift) - 1;
// zstd's frame takes 5 bytes or more: what is this short does not shrink.
constexpr std::size_t kPackBytesMin = 16;

std::uint32_t record_checksum(std::uint64_t header_hash, ByteView data) {
  return static_cast<std::uint32_t>(core::xxh3(data, header_hash));
}

}  // namespace

std::size_t append_framed(Bytes& out, const RecordHeader& header, ByteView data) {
  const std::size_t start = out.size();
  core::put_u8(out,
               static_cast<std::uint8_t>(static_cast<unsigned>(header.encoding) << kEncodingShift |
                                         static_cast<unsigned>(header.type)));
  core::put_varint(out, header.plain_bytes);
  if (!is_stored(header.encoding)) core::put_varint(out, data.size());
  if (is_delta(header.encoding)) core::put_u8(out, static_cast<std::uint8_t>(header.depth));
  if (header.encoding == Encoding::kDeltaNear) core::put_varint(out, header.distance);
  if (names_base(header.encoding)) out.append(header.base.bytes());
  const std::uint64_t header_hash = core::xxh3(ByteView(out).substr(start));
  core::put_u32(out, record_checksum(header_hash, data));
  out.append(data);
  return out.size() - start;
}

RecordHeader parse_record_header(ByteView bytes) {
  core::ByteReader reader(bytes, "record");
  RecordHeader header;
  const std::uint8_t first = reader.u8();
  const unsigned type = first & kTypeMask;
  const unsigned encoding = first >> kEncodingShift;
  if (type < static_cast<unsigned>(ObjectType::kBlob) ||
      type > static_cast<unsigned>(ObjectType::kTag)) {
    reader.fail("unknown object type");
  }
  if (encoding > static_cast<unsigned>(Encoding::kStoredAfter)) reader.fail("unknown encoding");
  header.type = static_cast<ObjectType>(type);
  header.encoding = static_cast<Encoding>(encoding);
  header.plain_bytes = reader.varint();
  if (header.plain_bytes > kObjectBytesMax) reader.fail("claims too large an object");
  header.data_bytes = header.plain_bytes;
  if (!is_stored(header.encoding)) header.data_bytes = reader.varint();
  if (header.data_bytes > kObjectBytesMax) reader.fail("claims too much data");
  if (is_delta(header.encoding)) {
    header.depth = reader.u8();
    if (header.depth == 0 || header.depth > kDeltaDepthLimit) reader.fail("depth out of range");
  }
  if (header.encoding == Encoding::kDeltaNear) {
    header.distance = reader.varint();
    if (header.distance == 0) reader.fail("is its own base");
  }
  if (names_base(header.encoding)) header.base = reader.id();
  header.header_hash = core::xxh3(bytes.substr(0, reader.offset()));
  header.checksum = reader.u32();
  header.header_bytes = reader.offset();
  return header;
}

void check_record_data(const RecordHeader& header, ByteView data) {
  if (record_checksum(header.header_hash, data) == header.checksum) return;
  throw Error(ErrorCode::kCorrupt, "record: wrong checksum");
}

Encoding append_plain(Bytes& out, ByteView payload, bool compressed,
                      const core::Dictionary* dictionary, int level) {
  const std::size_t before = out.size();
  if (!compressed && payload.size() >= kPackBytesMin) {
    if (dictionary != nullptr) {
      core::compress(out, payload, *dictionary);
    } else {
      core::compress(out, payload, level);
    }
    if (out.size() - before < payload.size()) {
      return dictionary != nullptr ? Encoding::kDictionary : Encoding::kPacked;
    }
    out.resize(before);
  }
  out.append(payload);
  return Encoding::kStored;
}

Bytes unpack_plain(const RecordHeader& header, ByteView data, const core::Dictionary* dictionary) {
  if (is_stored(header.encoding)) return Bytes(data);
  Bytes plain(static_cast<std::size_t>(header.plain_bytes), '\0');
  if (header.encoding == Encoding::kPacked) {
    core::decompress(plain.data(), plain.size(), data);
  } else if (dictionary != nullptr) {
    core::decompress(plain.data(), plain.size(), data, *dictionary);
  } else {
    throw Error(ErrorCode::kCorrupt, "record: needs a dictionary where there is none");
  }
  return plain;
}

}  // namespace isodb::objects
