#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "objects/tree.h"

namespace isodb::objects {

/// Stands on one node of one level of a tree and moves along that level. Holds the nodes above; a
/// value that can be copied to come back to a place. One thread at a time. Reads fail as
/// NodeReader's do.
class LevelCursor {
 public:
  /// On the first node of `level`, which is at most the root's.
  LevelCursor(const NodeReader& nodes, const Id& root, std::uint8_t level);

  /// Forward to the node whose keys span `key`: the first whose last key is not below it, or the
  /// last node.
  void seek(std::string_view key);
  void next();      ///< not at_last()
  void previous();  ///< not at_first()

  bool at_first() const;
  bool at_last() const;
  bool same_place(const LevelCursor& other) const;

  Id id() const;
  NodePtr node() const;
  /// The last key of this node and of the one before it, as the nodes above say.
  std::string key() const;
  std::string key_before() const;

 private:
  struct Parent {
    NodePtr node;
    std::size_t index;
  };
  void descend_to(std::string_view key);

  NodeReader nodes_;
  Id root_;
  std::uint8_t level_;
  std::vector<Parent> parents_;  // root first; empty when the level is the root's
};

}  // namespace isodb::objects
