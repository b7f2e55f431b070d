#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "objects/boundary.h"
#include "objects/tree.h"

namespace isodb::objects {

/// Checks whole trees against the format: that every node can be read, ends where the boundary rule
/// puts its end, and is what its parent says of it (level, last key, documents, flags), that keys
/// ascend across nodes, and that the root is the first level with one node. Together these say that
/// a tree is the one tree of its entries. It does not hash objects again: that is for who reads
/// them from storage. What was found sound is remembered and not read again, so that a history of
/// trees costs what differs between them. Memory: about 200 bytes a node. One thread at a time.
class TreeVerifier {
 public:
  /// A problem and the node that has it.
  using Report = std::function<void(const Id& node, const std::string& problem)>;

  explicit TreeVerifier(NodeReader nodes) : nodes_(nodes) {}

  /// Reports every problem below `root` that was not reported before; does not throw for damaged or
  /// missing nodes.
  void verify(const TreeId& root, const Report& report);
  /// Nodes read so far.
  std::uint64_t nodes_read() const { return nodes_read_; }

 private:
  /// What a parent has to agree with.
  struct Facts {
    std::uint8_t level = 0;
    std::uint8_t flags = 0;
    std::uint64_t documents = 0;
    std::size_t keys = 0;
    std::string first_path, last_path;  ///< below it
  };
  struct Checked {
    Facts facts;
    bool sound_anywhere = false;  ///< whatever stands before and behind it
  };
  enum class Place { kAmongOthers, kLastOfLevel };
  struct Walk;

  std::optional<Checked> check(const Walk& walk, const Id& id, std::optional<std::uint8_t> level,
                               Place place);
  std::optional<Checked> check_node(const Walk& walk, const Id& id,
                                    std::optional<std::uint8_t> level, Place place);
  bool check_children(const Walk& walk, const Id& id, const Node& node, Place place,
                      std::string& first_path);
  bool check_cut(const Walk& walk, const Id& id, const Node& node, Place place);
  bool next_node_explains(const Walk& walk, const Node& node, BoundaryFinder& finder);

  NodeReader nodes_;
  std::unordered_map<Id, Facts> sound_;
  std::set<std::pair<Id, std::string>> reported_;
  std::uint64_t nodes_read_ = 0;
};

/// Visits the nodes of a tree, each before its children, in the order of paths. `wanted` is asked
/// before a node is read: where it says no, the node and what is below it are left out. Throws what
/// reading throws.
void walk_tree_nodes(const NodeReader& nodes, const TreeId& root,
                     const std::function<bool(const Id&)>& wanted,
                     const std::function<void(const Id&, const NodePtr&)>& visit);

}  // namespace isodb::objects
