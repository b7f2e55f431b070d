#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>

#include "isodb/bytes.h"
#include "isodb/id.h"

namespace isodb::objects {

/// A pack's layout (docs/storage.md, "Packs"): header, records, dictionary, index, footer.
inline constexpr ByteView kPackMagic{"isodbpk\x01", 8};  // the last byte is the version
inline constexpr std::size_t kPackHeaderBytes = 8;
inline constexpr std::size_t kPackFooterBytes = 6 * 8 + 8;
inline constexpr std::string_view kPackSuffix = ".pack";
/// A pack under construction is "tmp-<process id>-<random>".
inline constexpr std::string_view kTemporaryPrefix = "tmp-";

inline constexpr std::size_t kOffsetBytes = 5;
inline constexpr std::uint64_t kPackBytesMax = std::uint64_t{1} << (8 * kOffsetBytes);
inline constexpr std::uint64_t kPackObjectsMax = UINT32_MAX;
inline constexpr std::size_t kIndexEntryBytes = Id::kSize + kOffsetBytes;
inline constexpr std::size_t kFanOutEntryBytes = 4 + 4;  // ids up to here, checksum of the bucket

/// Bits of an id that name its bucket: so many that a bucket holds 4 to 8 ids. A
/// look-up hashes its bucket, so a small one is worth the longer fan-out table.
inline unsigned fan_out_bits(std::uint64_t objects) {
  constexpr int kBucketBits = 3;
  const int bits = std::bit_width(objects) - kBucketBits;
  return bits > 0 ? static_cast<unsigned>(bits) : 0;
}
inline std::uint64_t bucket_of(const Id& id, unsigned bits) {
  return bits == 0 ? 0 : id.prefix64() >> (64 - bits);
}

inline void put_offset(Bytes& out, std::uint64_t offset) {
  for (unsigned shift = 0; shift < 8 * kOffsetBytes; shift += 8) {
    out.push_back(static_cast<char>(offset >> shift));
  }
}
inline std::uint64_t load_pack_offset(const char* at) {
  std::uint64_t offset = 0;
  for (std::size_t i = 0; i < kOffsetBytes; ++i) {
    offset |= std::uint64_t{static_cast<std::uint8_t>(at[i])} << (8 * i);
  }
  return offset;
}

/// What stands at a pack's end. A plain value.
struct PackFooter {
  std::uint64_t objects = 0;
  std::uint64_t dictionary_offset = 0;  ///< where the records end
  std::uint64_t index_offset = 0;       ///< where the dictionary ends
  std::uint64_t dictionary_checksum = 0;
  std::uint64_t file_checksum = 0;  ///< of every byte before the footer

  std::uint64_t index_bytes() const {
    return (std::uint64_t{1} << fan_out_bits(objects)) * kFanOutEntryBytes +
           objects * kIndexEntryBytes;
  }
};

Bytes encode_footer(const PackFooter& footer);
/// Error(kCorrupt) unless it is whole and its numbers fit a file of `file_bytes`.
PackFooter decode_footer(ByteView bytes, std::uint64_t file_bytes);

/// The checksum over a file of any size: xxh3 of each 64 KiB, seeded with the one before.
class ChainedChecksum {
 public:
  static constexpr std::size_t kBlockBytes = 64 * 1024;
  /// Any amount but the last: whole blocks.
  void add(ByteView data);
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0;
};

/// "<32 hex>.pack", from SHA-256 over index and footer.
std::string pack_name(const Id& digest);

}  // namespace isodb::objects
