#pragma once

#include <cstdint>

#include "core/compress.h"
#include "isodb/bytes.h"
#include "isodb/id.h"

namespace isodb::objects {

/// How a record holds its payload (docs/storage.md, "Records"). The numbers are part of the format.
enum class Encoding : std::uint8_t {
  kStored = 0,       ///< as it is
  kPacked = 1,       ///< zstd
  kDictionary = 2,   ///< zstd with the pack's dictionary
  kDeltaNear = 3,    ///< delta to a record so many bytes before this one
  kDeltaById = 4,    ///< delta to an object named by id
  kPatchById = 5,    ///< patch of an object named by id; in loose rows only
  kStoredAfter = 6,  ///< as it is, and the id of an object to make a delta to; in loose rows only
};

inline bool is_stored(Encoding encoding) {
  return encoding == Encoding::kStored || encoding == Encoding::kStoredAfter;
}
inline bool is_delta(Encoding encoding) {
  return encoding == Encoding::kDeltaNear || encoding == Encoding::kDeltaById ||
         encoding == Encoding::kPatchById;
}
inline bool names_base(Encoding encoding) {
  return encoding == Encoding::kStoredAfter ||
         (is_delta(encoding) && encoding != Encoding::kDeltaNear);
}
inline bool occurs_in_packs(Encoding encoding) {
  return encoding <= Encoding::kDeltaById;
}

/// Type and encoding, two sizes, depth, a base and the checksum.
inline constexpr std::size_t kRecordHeaderBytesMax = 1 + 10 + 10 + 1 + Id::kSize + 4;

/// What stands before a record's data. A plain value.
struct RecordHeader {
  ObjectType type = ObjectType::kBlob;
  Encoding encoding = Encoding::kStored;
  std::uint64_t plain_bytes = 0;
  std::uint64_t data_bytes = 0;
  unsigned depth = 0;          ///< deltas: records to read before this one; 0 for others
  std::uint64_t distance = 0;  ///< kDeltaNear: from the base's first byte to this record's
  Id base;                     ///< where names_base()
  std::uint32_t checksum = 0;  ///< set by parse_record_header() and used by check_record_data()
  std::uint64_t header_hash = 0;
  std::size_t header_bytes = 0;

  std::uint64_t record_bytes() const { return header_bytes + data_bytes; }
};

/// Appends header (its sizes but plain_bytes are computed) and data; returns the record's size.
std::size_t append_framed(Bytes& out, const RecordHeader& header, ByteView data);

/// Reads a header from the front of `bytes`, which may end anywhere behind it. Error(kCorrupt) for
/// one that append_framed() would not write.
RecordHeader parse_record_header(ByteView bytes);

/// Error(kCorrupt) unless header and data are what was written.
void check_record_data(const RecordHeader& header, ByteView data);

/// The smallest form of a payload that stands by itself, found cheaply: appends the data to `out`.
Encoding append_plain(Bytes& out, ByteView payload, bool compressed,
                      const core::Dictionary* dictionary, int level);

/// The payload of a record of one of the first three encodings. `dictionary` may be null when there
/// is none.
Bytes unpack_plain(const RecordHeader& header, ByteView data, const core::Dictionary* dictionary);

}  // namespace isodb::objects
