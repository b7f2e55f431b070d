#include "objects/memory_store.h"

#include "core/hash.h"

namespace isodb::objects {

std::optional<Object> MemoryStore::get(const Id& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(id);
  return found == objects_.end() ? std::nullopt : std::optional<Object>(found->second);
}

bool MemoryStore::contains(const Id& id) const {
  const std::lock_guard lock(mutex_);
  return objects_.contains(id);
}

Id MemoryStore::put(ObjectType type, ByteView payload, const PutHint&) {
  const Id id = core::object_id(type, payload);
  const std::lock_guard lock(mutex_);
  objects_.try_emplace(id, Object{type, Bytes(payload)});
  return id;
}

std::size_t MemoryStore::count() const {
  const std::lock_guard lock(mutex_);
  return objects_.size();
}

}  // namespace isodb::objects
