#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "isodb/entry.h"
#include "isodb/id.h"
#include "objects/content.h"

namespace isodb::objects {

/// One child of an inner node.
struct Child {
  Id id;
  std::uint64_t count = 0;  ///< documents below it
  std::uint8_t flags = 0;   ///< union of the EntryFlag bits below it

  friend bool operator==(const Child&, const Child&) = default;
};

/// Where the parts of a node stand in its payload, and what they add up to.
struct NodeLayout {
  std::uint8_t level = 0;
  std::uint8_t flags = 0;  ///< union over all values
  std::uint32_t count = 0;
  std::uint32_t prefix_bytes = 0;
  std::uint32_t key_ends_at = 0;
  std::uint32_t suffixes_at = 0;
  std::uint32_t ids_at = 0;
  std::uint32_t numbers_at = 0;         ///< stamps in a leaf, counts in an inner node
  std::uint32_t attribute_ends_at = 0;  ///< leaves only
  std::uint32_t attributes_at = 0;      ///< attributes in a leaf, flags in an inner node
  std::uint64_t documents = 0;
};

/// A tree node as it is hashed, searched in place (layout: docs/format.md, "Tree node"). Owns its
/// bytes; immutable, any number of threads. Constructing it checks the whole layout, so that
/// accessors need not: Error(kCorrupt) for bytes that are not the canonical encoding of some node.
class Node {
 public:
  static constexpr std::uint8_t kLevelMax = 63;

  explicit Node(Bytes payload);

  std::uint8_t level() const { return layout_.level; }  ///< 0 for a leaf
  std::size_t size() const { return layout_.count; }
  const Bytes& payload() const { return payload_; }

  /// Key i = prefix() ‖ suffix(i): a path in a leaf, the last path below the child in an inner
  /// node.
  std::string_view prefix() const;
  std::string_view suffix(std::size_t i) const;
  std::string key(std::size_t i) const;
  /// The same without allocating anew: replaces `out`.
  void copy_key(std::size_t i, std::string& out) const;
  /// Index of the first key >= `key`; size() when there is none.
  std::size_t lower_bound(std::string_view key) const;
  /// True when key i is `key`.
  bool key_is(std::size_t i, std::string_view key) const;
  /// Index of `key`; size() when it is not there.
  std::size_t find(std::string_view key) const;
  /// Sum of the weights of its keys (docs/format.md, "Boundaries").
  std::uint64_t weight() const;

  Entry entry(std::size_t i) const;         ///< leaves only
  ContentRef content(std::size_t i) const;  ///< leaves only; without decoding the rest
  Child child(std::size_t i) const;         ///< inner nodes only
  Id id(std::size_t i) const;               ///< of the content or the child
  std::uint8_t flags(std::size_t i) const;  ///< EntryFlag bits of value i
  /// The bytes of value i exactly as stored, for comparing two nodes without decoding. Both of one
  /// level.
  bool same_value(std::size_t i, const Node& other, std::size_t j) const;

  std::uint64_t documents() const { return layout_.documents; }  ///< below this node
  std::uint8_t flags() const { return layout_.flags; }  ///< union of the bits below this node

 private:
  friend class NodeWriter;
  friend class NodeRewriter;
  void prefetch_keys() const;
  std::string_view number_bytes(std::size_t i) const;
  std::string_view attributes(std::size_t i) const;

  Bytes payload_;
  NodeLayout layout_;
};

/// The canonical bytes of a leaf. Keys are paths, strictly ascending; at least one unless it is the
/// empty tree. Error(kInvalid) for what breaks a rule of docs/format.md, "Tree node".
Bytes encode_leaf(std::span<const std::string_view> keys, std::span<const Entry> entries);
/// The canonical bytes of an inner node of `level` >= 1; fails like encode_leaf().
Bytes encode_inner(std::uint8_t level, std::span<const std::string_view> keys,
                   std::span<const Child> children);

}  // namespace isodb::objects
