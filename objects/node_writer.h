#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "objects/boundary.h"
#include "objects/node.h"
#include "objects/source.h"

namespace isodb::objects {

/// Gathers keys and values of one level in order and encodes the first of them as a node. Holds
/// them as columns, as nodes do, so that moving an unchanged value from a node copies bytes. One
/// thread at a time.
class NodeWriter {
 public:
  explicit NodeWriter(std::uint8_t level) : level_(level) {}

  /// Each in ascending order of keys. Error(kInvalid) for an entry that breaks a rule of the
  /// format.
  void add(std::string_view key, const Entry& entry);
  void add(std::string_view key, const Child& child);
  void add(const Node& from, std::size_t i);

  /// Room for about what `node` holds.
  void reserve(const Node& node);

  std::uint8_t level() const { return level_; }
  std::size_t size() const { return key_ends_.size(); }
  std::string_view key(std::size_t i) const;
  Id id(std::size_t i) const;  ///< of content or child i

  /// The payload of a node of the first `n` keys.
  Bytes encode(std::size_t n) const;
  /// What a parent says of that node, but for its id.
  Child summary(std::size_t n) const;
  void drop(std::size_t n);

 private:
  void append_key(std::string_view head, std::string_view tail);
  void append_keys_to(Bytes& out, std::size_t n) const;

  std::uint8_t level_;
  Bytes keys_;
  std::vector<std::uint32_t> key_ends_;
  Bytes ids_;
  Bytes numbers_;
  Bytes attributes_;
  std::vector<std::uint32_t> attribute_ends_;
};

/// Exchanges values of a node whose keys stay: all else is copied as a whole. Borrows the node. One
/// thread at a time.
class NodeRewriter {
 public:
  explicit NodeRewriter(const Node& node) : node_(node), payload_(node.payload()) {}

  /// Error(kInvalid) as NodeWriter::add().
  void set(std::size_t i, const Entry& entry);
  void set(std::size_t i, const Child& child);
  Bytes take() { return std::move(payload_); }

 private:
  void set_id(std::size_t i, const Id& id);
  void set_attributes(std::size_t i, ByteView attributes);

  const Node& node_;
  Bytes payload_;
};

/// The upper part of a tree that grows at its right end: the levels from `first_level` up, each cut
/// into nodes that are written as soon as they are finished. Memory: a node a level.
class NodeStack {
 public:
  NodeStack(ObjectSink& sink, std::uint8_t first_level);
  ~NodeStack();

  void add(std::string_view key, const Entry& entry);  ///< first level 0
  void add(std::string_view key, const Child& child);  ///< first level above 0
  /// Writes what is left and returns the root; nullopt when nothing was added. Once.
  std::optional<Id> finish();

 private:
  struct Level;
  void grow();
  void settle(std::size_t level);
  void emit(std::size_t level, std::size_t keys);

  ObjectSink& sink_;
  std::uint8_t first_level_;
  std::vector<std::unique_ptr<Level>> levels_;
};

}  // namespace isodb::objects
