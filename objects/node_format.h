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

// Inline twins of core's loads, for the inner loops of searching.
inline std::size_t load_key_offset(const char* at) {
  return static_cast<std::size_t>(static_cast<std::uint8_t>(at[0])) |
         static_cast<std::size_t>(static_cast<std::uint8_t>(at[1])) << 8;
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
