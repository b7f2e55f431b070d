#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "objects/source.h"

namespace isodb::objects {

using ObjectPtr = std::shared_ptr<const Object>;

/// Rebuilt objects by file and offset, bounded by bytes, the least recently used dropped first:
/// successive versions are read and written with the same bases. Thread-safe.
class PlainCache {
 public:
  explicit PlainCache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  ObjectPtr find(std::uint64_t file, std::uint64_t offset);
  void insert(std::uint64_t file, std::uint64_t offset, ObjectPtr object);

 private:
  struct Key {
    std::uint64_t file, offset;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const;
  };
  struct Item {
    Key key;
    ObjectPtr object;
  };
  std::mutex mutex_;
  const std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::list<Item> items_;  // the most recently used first
  std::unordered_map<Key, std::list<Item>::iterator, Hash> places_;
};

}  // namespace isodb::objects
