#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "isodb/id.h"
#include "objects/pack_format.h"

namespace isodb::objects {

/// What a writer knows of one object: 40 bytes.
struct PackEntry {
  Id id;
  std::uint8_t offset_bytes[kOffsetBytes] = {};
  std::uint8_t depth = 0;      ///< of its record
  std::uint16_t position = 0;  ///< versions since one that stands by itself (PackEncoder)

  std::uint64_t offset() const {
    return load_pack_offset(reinterpret_cast<const char*>(offset_bytes));
  }
  void set_offset(std::uint64_t offset) {
    for (std::size_t i = 0; i < kOffsetBytes; ++i) {
      offset_bytes[i] = static_cast<std::uint8_t>(offset >> (8 * i));
    }
  }
};
static_assert(sizeof(PackEntry) == 40);

/// The entries of a pack under construction, in the order in which they came, found by id through
/// an open hash table of numbers. Entries never move. One thread at a time, but other threads may
/// use entries that they were handed.
class PackEntries {
 public:
  PackEntries();
  static constexpr std::uint32_t kNone = UINT32_MAX;

  std::uint32_t find(const Id& id) const;
  /// `id` must not be there. Error(kLimit) when the pack is full.
  std::uint32_t add(const Id& id);
  PackEntry& operator[](std::uint32_t number) {
    return blocks_[number / kBlockEntries][number % kBlockEntries];
  }
  const PackEntry& operator[](std::uint32_t number) const {
    return blocks_[number / kBlockEntries][number % kBlockEntries];
  }
  std::uint32_t size() const { return size_; }

 private:
  static constexpr std::uint32_t kBlockEntries = 4096;
  std::size_t slot_of(const Id& id) const;
  void place(std::uint32_t number);
  void grow();

  std::vector<std::unique_ptr<PackEntry[]>> blocks_;
  std::vector<std::uint8_t> tags_;    // of the id in the slot; 0 where it is free
  std::vector<std::uint32_t> slots_;  // numbers
  std::uint32_t size_ = 0;
};

}  // namespace isodb::objects
