#pragma once

#include <mutex>
#include <unordered_map>

#include "objects/source.h"

namespace isodb::objects {

/// Objects in a hash map: for tests and for what is thrown away. Thread-safe.
class MemoryStore : public ObjectStore {
 public:
  std::optional<Object> get(const Id& id) const override;
  bool contains(const Id& id) const override;
  Id put(ObjectType type, ByteView payload, const PutHint& hint = {}) override;
  std::size_t count() const;

 private:
  mutable std::mutex mutex_;
  std::unordered_map<Id, Object> objects_;
};

}  // namespace isodb::objects
