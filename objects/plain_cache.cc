#include "objects/plain_cache.h"

#include <utility>

namespace isodb::objects {
namespace {

// Of list, map and allocations, for what holds many small objects.
constexpr std::size_t kItemBytes = 200;

std::size_t cost(const Object& object) {
  return object.payload.size() + kItemBytes;
}

}  // namespace

std::size_t PlainCache::Hash::operator()(const Key& key) const {
  constexpr std::uint64_t kMix = 0x9e3779b97f4a7c15;  // 2^64 divided by the golden ratio
  return static_cast<std::size_t>((key.offset ^ key.file * kMix) * kMix >> 16);
}

ObjectPtr PlainCache::find(std::uint64_t file, std::uint64_t offset) {
  const std::lock_guard lock(mutex_);
  const auto found = places_.find({file, offset});
  if (found == places_.end()) return nullptr;
  items_.splice(items_.begin(), items_, found->second);
  return found->second->object;
}

void PlainCache::insert(std::uint64_t file, std::uint64_t offset, ObjectPtr object) {
  const std::size_t bytes = cost(*object);
  if (bytes > bytes_max_ / 4) return;
  const std::lock_guard lock(mutex_);
  const Key key{file, offset};
  if (places_.contains(key)) return;
  items_.push_front({key, std::move(object)});
  places_.emplace(key, items_.begin());
  bytes_ += bytes;
  while (bytes_ > bytes_max_) {
    bytes_ -= cost(*items_.back().object);
    places_.erase(items_.back().key);
    items_.pop_back();
  }
}

}  // namespace isodb::objects
