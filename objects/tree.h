#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "isodb/entry.h"
#include "isodb/id.h"
#include "objects/content.h"
#include "objects/node.h"
#include "objects/source.h"

namespace isodb::objects {

using NodePtr = std::shared_ptr<const Node>;

class NodeStack;

/// Checked nodes by id, bounded by bytes; those not used of late are dropped first (second chance).
/// Thread-safe; nodes handed out stay valid. Shared by every tree of a repository, because nodes
/// are immutable.
class NodeCache {
 public:
  explicit NodeCache(std::size_t bytes_max);
  ~NodeCache();
  NodePtr find(const Id& id);
  void insert(const Id& id, NodePtr node);
  void clear();

 private:
  struct Shard;
  Shard& shard_of(const Id& id) const;
  std::vector<std::unique_ptr<Shard>> shards_;
};

/// Reads nodes from a source through a cache. A cheap value that borrows both; thread-safe.
class NodeReader {
 public:
  NodeReader(const ObjectSource& source, NodeCache& cache) : source_(&source), cache_(&cache) {}
  /// Error(kCorrupt) when the node is missing or damaged.
  NodePtr node(const Id& id) const;
  /// Child `i` of an inner node; also Error(kCorrupt) unless it is of the next level below.
  NodePtr child(const Node& parent, std::size_t i) const;
  const ObjectSource& source() const { return *source_; }
  NodeCache& cache() const { return *cache_; }

 private:
  const ObjectSource* source_;
  NodeCache* cache_;
};

/// The root id of the tree without entries.
TreeId empty_tree_id();

/// The entry of one path. O(log n).
std::optional<Entry> find_entry(const NodeReader& nodes, const TreeId& root, std::string_view path);
/// Only what reading the document takes: cheaper than the whole entry.
std::optional<ContentRef> find_content(const NodeReader& nodes, const TreeId& root,
                                       std::string_view path);
/// The entries of many paths in ascending order, at the same indexes: cheaper than one at a time
/// where they lie close together. Error(kInvalid) for another order.
std::vector<std::optional<Entry>> find_entries(const NodeReader& nodes, const TreeId& root,
                                               std::span<const std::string_view> paths);
/// How many documents the tree holds, and how many stand before `path`. O(1) and O(log n).
std::uint64_t count_documents(const NodeReader& nodes, const TreeId& root);
std::uint64_t rank_of(const NodeReader& nodes, const TreeId& root, std::string_view path);

/// Walks a tree's entries in path order. Holds the nodes on its way down; one thread at a time.
/// Invalid before the first seek and past the end. A seek forward starts from where it stands.
class Cursor {
 public:
  Cursor(NodeReader nodes, const TreeId& root);
  void seek(std::string_view path);       ///< to the first entry with a path >= `path`
  void seek_to_rank(std::uint64_t rank);  ///< to the entry with this many before it
  /// From here on (this entry included) to the next entry that has one of `flags`.
  void seek_to_flag(std::uint8_t flags);
  void next();
  bool valid() const { return !positions_.empty(); }
  const std::string& path() const { return path_; }
  Entry entry() const;
  ContentRef content() const;
  std::uint8_t flags() const;

 private:
  struct Position {
    NodePtr node;
    std::size_t index;
  };
  const Position& leaf() const { return positions_.back(); }
  void restart();
  void enter_child();
  bool climb_to(std::string_view path);
  void climb_to_next();
  void load_path();
  NodeReader nodes_;
  TreeId root_;
  std::vector<Position> positions_;  // root first
  std::string path_;
};

/// One change of a batch: the entry that `path` gets, or its removal.
struct TreeChange {
  std::string path;
  std::optional<Entry> entry;
};

/// Applies `changes` (sorted by path, each path once; Error(kInvalid) otherwise) to `root`: writes
/// each new node once to `sink`, with the node it replaces as its base, and returns the new root.
/// Removing an absent path changes nothing. The result depends on the resulting set of entries
/// alone. O(d log n).
TreeId edit_tree(const NodeReader& nodes, ObjectSink& sink, const TreeId& root,
                 std::span<const TreeChange> changes);

/// Changes that the caller holds in its own way, sorted by path, each path once. One thread at a
/// time.
class TreeChanges {
 public:
  virtual ~TreeChanges() = default;
  virtual std::size_t size() const = 0;
  virtual std::string_view path(std::size_t i) const = 0;
  /// nullptr: the path's removal. Valid until the next call.
  virtual const Entry* entry(std::size_t i) const = 0;
};
/// The same as edit_tree().
TreeId edit_tree_with(const NodeReader& nodes, ObjectSink& sink, const TreeId& root,
                      const TreeChanges& changes);

/// Builds a tree from entries that arrive in path order, writing nodes as they are finished.
/// Memory: a node a level.
class TreeBuilder {
 public:
  explicit TreeBuilder(ObjectSink& sink);
  ~TreeBuilder();
  /// Error(kInvalid) for a path that is not above the one before or breaks a rule of paths.
  void add(std::string_view path, const Entry& entry);
  /// Once.
  TreeId finish();

 private:
  ObjectSink& sink_;
  std::unique_ptr<NodeStack> levels_;
  std::string last_path_;
};

/// One path in which two trees differ; at least one side is there.
struct TreeDifference {
  std::string path;
  std::optional<Entry> before, after;
};

/// The paths in which two trees differ, in order, as a stream. Skips what both share by id, so it
/// costs O(d log n). One thread at a time.
class TreeDiff {
 public:
  /// Only paths that begin with `prefix`.
  TreeDiff(NodeReader nodes, const TreeId& before, const TreeId& after, std::string prefix = {});
  ~TreeDiff();
  TreeDiff(TreeDiff&&) noexcept;
  std::optional<TreeDifference> next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace isodb::objects
