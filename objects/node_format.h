#pragma once

#include <cstddef>
#include <cstdint>

#include "isodb/entry.h"
#include "isodb/id.h"
#include "objects/boundary.h"
#include "objects/node.h"

// The numbers of docs/format.md, "Tree node", for the files that read and write nodes.
namespace isodb::objects {

inline constexpr std::uint8_t kNodeVersion = 1;
inline constexpr std::size_t kNodeHeaderBytes = 6;  // version, level, keys u16, prefix length u16
inline constexpr std::size_t kStampBytes = 16;
inline constexpr std::size_t kCountBytes = 8;

// The first byte of an entry's attributes; EntryFlag bits lie between.
inline constexpr std::uint8_t kKindMask = 0x03;
inline constexpr std::uint8_t kHasMetadata = 0x20;
inline constexpr std::uint8_t kMediaSpelledOut = 0xff;
inline constexpr std::size_t kMediaTypeBytesMax = 127;
inline constexpr std::uint64_t kDocumentBytesMax = std::uint64_t{1} << 62;
inline constexpr std::size_t kSizeVarintBytesMax = 9;

/// kind and flags, size, media type, merge digest tail, metadata id.
inline constexpr std::size_t kAttributeBytesMax =
    1 + kSizeVarintBytesMax + 2 + kMediaTypeBytesMax + 8 + Id::kSize;
static_assert(Id::kSize + kStampBytes + kAttributeBytesMax <= 256, "an entry's limit");
static_assert(kNodeKeysMax * kAttributeBytesMax <= UINT16_MAX, "offsets of attributes fit");
static_assert(kNodeWeightLimit <= UINT16_MAX, "offsets of keys fit");

// Inline twins of core's loads, for the inner loops of searching. Written out, for then compilers
// make one load of each; of a loop g++ 12 makes none at -O2.
inline std::uint64_t byte_at(const char* at, unsigned i) {
  return static_cast<std::uint8_t>(at[i]);
}
inline std::size_t load_key_offset(const char* at) {
  return byte_at(at, 0) | byte_at(at, 1) << 8;
}
inline std::uint64_t load_count(const char* at) {
  return byte_at(at, 0) | byte_at(at, 1) << 8 | byte_at(at, 2) << 16 | byte_at(at, 3) << 24 |
         byte_at(at, 4) << 32 | byte_at(at, 5) << 40 | byte_at(at, 6) << 48 | byte_at(at, 7) << 56;
}
/// The first eight bytes of a text as a number that orders as the bytes do, zeros behind its end.
/// Where two differ they say which text is less; most comparisons need no more. Reads eight bytes
/// whatever `bytes` is.
inline std::uint64_t load_head(const char* at, std::size_t bytes) {
  const std::uint64_t value = byte_at(at, 7) | byte_at(at, 6) << 8 | byte_at(at, 5) << 16 |
                              byte_at(at, 4) << 24 | byte_at(at, 3) << 32 | byte_at(at, 2) << 40 |
                              byte_at(at, 1) << 48 | byte_at(at, 0) << 56;
  if (bytes >= 8) return value;
  return bytes == 0 ? 0 : value >> (64 - 8 * bytes) << (64 - 8 * bytes);
}

/// A run of parts that lie one behind the other, given by where each ends.
struct PartRange {
  std::size_t begin;
  std::size_t end;
};
inline PartRange part_range(const char* ends, std::size_t i) {
  return {i == 0 ? 0 : load_key_offset(ends + 2 * (i - 1)), load_key_offset(ends + 2 * i)};
}

/// Bytes of an id and a number (stamp or count) of one value.
inline std::size_t number_size(std::uint8_t level) {
  return level == 0 ? kStampBytes : kCountBytes;
}

/// Checks that `payload` is the canonical encoding of some node and finds its parts. Reads nothing
/// outside it. Error(kCorrupt) otherwise.
NodeLayout check_node(ByteView payload);

/// The rule that an entry's fields break, for people; nullptr when there is none.
const char* entry_problem(const Entry& entry);
const char* size_problem(ContentKind kind, std::uint64_t size);
bool is_media_type_text(ByteView text);

}  // namespace isodb::objects
