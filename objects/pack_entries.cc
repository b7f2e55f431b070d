#include "objects/pack_entries.h"

#include <utility>

#include "isodb/error.h"

namespace isodb::objects {
namespace {

constexpr std::size_t kSlotsMin = 1024;

// Other bits than those that name the slot; never 0.
std::uint8_t tag_of(const Id& id) {
  return static_cast<std::uint8_t>(id.data()[0] | 1);
}

}  // namespace

PackEntries::PackEntries() : tags_(kSlotsMin), slots_(kSlotsMin) {}

/// The slot that holds `id`, or the free one where it would go. Ids are uniformly distributed.
std::size_t PackEntries::slot_of(const Id& id) const {
  const std::size_t mask = slots_.size() - 1;
  const std::uint8_t tag = tag_of(id);
  std::size_t slot = static_cast<std::size_t>(id.prefix64()) & mask;
  while (tags_[slot] != 0 && (tags_[slot] != tag || (*this)[slots_[slot]].id != id)) {
    slot = (slot + 1) & mask;
  }
  return slot;
}

std::uint32_t PackEntries::find(const Id& id) const {
  const std::size_t slot = slot_of(id);
  return tags_[slot] == 0 ? kNone : slots_[slot];
}

std::uint32_t PackEntries::add(const Id& id) {
  if (size_ == kNone) throw Error(ErrorCode::kLimit, "a pack cannot hold more objects");
  if (std::size_t{size_} * 3 >= slots_.size() * 2) grow();
  if (size_ % kBlockEntries == 0) {
    blocks_.push_back(std::make_unique<PackEntry[]>(kBlockEntries));
  }
  const std::uint32_t number = size_++;
  (*this)[number].id = id;
  place(number);
  return number;
}

void PackEntries::place(std::uint32_t number) {
  const Id& id = (*this)[number].id;
  const std::size_t slot = slot_of(id);
  tags_[slot] = tag_of(id);
  slots_[slot] = number;
}

void PackEntries::grow() {
  tags_.assign(tags_.size() * 2, 0);
  slots_.assign(tags_.size(), 0);
  for (std::uint32_t number = 0; number < size_; ++number) place(number);
}

}  // namespace isodb::objects
