#include "wire/stream_state.h"

#include <algorithm>

#include "wire/run.h"

namespace isodb::wire {

ParentNames::ParentNames(std::vector<CommitId> known) : known_(std::move(known)) {
  std::sort(known_.begin(), known_.end());
  known_.erase(std::unique(known_.begin(), known_.end()), known_.end());
}

void ParentNames::add(const CommitId& id, bool is_stand_in) {
  const std::size_t slot = static_cast<std::size_t>(added_ % kBackReferenceMax);
  ++added_;
  if (ring_.size() < kBackReferenceMax) {
    ring_.push_back(id);
  } else {
    const auto old = places_.find(ring_[slot]);
    if (old != places_.end() && old->second + kBackReferenceMax == added_) places_.erase(old);
    stand_ins_.erase(ring_[slot]);
    ring_[slot] = id;
  }
  places_[id] = added_;
  if (is_stand_in) stand_ins_.insert(id);
}

std::uint64_t ParentNames::number_of(const CommitId& id) const {
  if (const auto place = places_.find(id); place != places_.end()) {
    return added_ - place->second + 1;
  }
  const auto known = std::lower_bound(known_.begin(), known_.end(), id);
  if (known == known_.end() || *known != id) return 0;
  return count() + 1 + static_cast<std::uint64_t>(known - known_.begin());
}

std::optional<CommitId> ParentNames::commit(std::uint64_t number) const {
  if (number <= count()) {
    return ring_[static_cast<std::size_t>((added_ - number) % kBackReferenceMax)];
  }
  const std::uint64_t index = number - count() - 1;
  if (index >= known_.size()) return std::nullopt;
  return known_[static_cast<std::size_t>(index)];
}

std::optional<std::uint64_t> DeviceNumbers::number_of(const PublicKey& key,
                                                      const WriterId& writer) const {
  const auto found = numbers_.find({key, writer});
  if (found == numbers_.end()) return std::nullopt;
  return found->second;
}

void DeviceNumbers::add(const Device& device) {
  if (devices_.size() == kDevicesMax) return;
  numbers_.emplace(std::pair(device.key, device.writer), devices_.size());
  devices_.push_back(device);
}

}  // namespace isodb::wire
