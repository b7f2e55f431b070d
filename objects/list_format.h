#pragma once

#include <cstddef>
#include <cstdint>

#include "isodb/id.h"
#include "objects/chunker.h"

namespace isodb::objects {

/// Numbers of the list format (docs/format.md, "Blob and list"). Permanent.
inline constexpr std::uint8_t kListVersion = 1;
/// A list ends after an item whose id begins with six zero bits, from this many items on: 96 on
/// average.
inline constexpr std::size_t kListItemsMin = 32;
inline constexpr std::size_t kListItemsMax = 512;
inline constexpr unsigned kListCutShift = 64 - 6;
/// 32 items a list and 16 KiB a chunk at least: level 10 holds more than any document.
inline constexpr std::uint8_t kListLevelMax = 10;
/// 2^62 bytes: sums of sizes cannot overflow.
inline constexpr std::uint64_t kDocumentBytesMax = std::uint64_t{1} << 62;

/// Whether a list ends after its item `id`, the `count`th.
inline bool list_ends_after(const Id& id, std::size_t count) {
  if (count < kListItemsMin) return false;
  return count >= kListItemsMax || id.prefix64() >> kListCutShift == 0;
}

}  // namespace isodb::objects
