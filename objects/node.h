#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "isodb/entry.h"
#include "isodb/id.h"

namespace isodb::objects {

/// One child of an inner node.
struct Child {
  Id id;
  std::uint64_t count = 0;  ///< documents below it
  std::uint8_t flags = 0;   ///< union of the EntryFlag bits below it
};

/// A tree node as it is hashed, searched in place (layout: docs/format.md, "Tree node"). Owns its
/// bytes; immutable, any number of threads. Constructing it checks the whole layout, so that
/// accessors need not: Error(kCorrupt) for bytes that are not the canonical encoding of some node.
class Node {
 public:
  static constexpr std::uint8_t kLevelMax = 24;

  explicit Node(Bytes payload);

  std::uint8_t level() const { return level_; }  ///< 0 for a leaf
  std::size_t size() const { return count_; }
  const Bytes& payload() const { return payload_; }

  /// Key i = prefix() ‖ suffix(i): a path in a leaf, the last path below the child in an inner
  /// node.
  std::string_view prefix() const;
  std::string_view suffix(std::size_t i) const;
  std::string key(std::size_t i) const;
  /// Index of the first key >= `key`; size() when there is none.
  std::size_t lower_bound(std::string_view key) const;

  Entry entry(std::size_t i) const;  ///< leaves only
  Id content(std::size_t i) const;   ///< leaves: the entry's content id, without decoding the rest
  Child child(std::size_t i) const;  ///< inner nodes only
  /// The bytes of value i exactly as stored, for comparing two nodes without decoding.
  bool same_value(std::size_t i, const Node& other, std::size_t j) const;

  std::uint64_t documents() const;  ///< below this node
  std::uint8_t flags() const;       ///< union of the EntryFlag bits below this node

 private:
  // offsets into payload_
  Bytes payload_;
  std::uint8_t level_ = 0;
  std::uint32_t count_ = 0, prefix_at_ = 0, prefix_bytes_ = 0, key_ends_at_ = 0, suffixes_at_ = 0,
                ids_at_ = 0;
  std::uint32_t stamps_at_ = 0, counts_at_ = 0, flags_at_ = 0, attribute_ends_at_ = 0,
                attributes_at_ = 0;
};

/// The canonical bytes of a leaf. Keys strictly ascending; at least one unless it is the empty
/// tree.
Bytes encode_leaf(std::span<const std::string_view> keys, std::span<const Entry> entries);
/// The canonical bytes of an inner node of `level` >= 1.
Bytes encode_inner(std::uint8_t level, std::span<const std::string_view> keys,
                   std::span<const Child> children);

}  // namespace isodb::objects
