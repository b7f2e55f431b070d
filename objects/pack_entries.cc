#include "objects/pack_entries.h"

#include <utility>

#include "isodb/error.h"

namespace isodb::objects {
namespace {

constexpr std::size_t kSlotsMin = 1024;

}  // namespace

PackEntries::PackEntries() : slots_(kSlotsMin, kNone) {}

/// The slot that holds `id`, or the free one where it would go. Ids are uniformly distributed.
std::size_t PackEntries::slot_of(const Id& id) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = static_cast<std::size_t>(id.prefix64()) & mask;
  while (slots_[slot] != kNone && (*this)[slots_[slot]].id != id) slot = (slot + 1) & mask;
  return slot;
}

std::uint32_t PackEntries::find(const Id& id) const {
  return slots_[slot_of(id)];
}

std::uint32_t PackEntries::add(const Id& id) {
  if (size_ == kNone) throw Error(ErrorCode::kLimit, "a pack cannot hold more objects");
  if (std::size_t{size_} * 3 >= slots_.size() * 2) grow();
  if (size_ % kBlockEntries == 0) {
    blocks_.push_back(std::make_unique<PackEntry[]>(kBlockEntries));
  }
  const std::uint32_t number = size_++;
  (*this)[number].id = id;
  slots_[slot_of(id)] = number;
  return number;
}

void PackEntries::grow() {
  slots_.assign(slots_.size() * 2, kNone);
  for (std::uint32_t number = 0; number < size_; ++number) {
    slots_[slot_of((*this)[number].id)] = number;
  }
}

}  // namespace isodb::objects
