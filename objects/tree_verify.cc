#include "objects/tree_verify.h"

#include "isodb/error.h"
#include "objects/level_cursor.h"

namespace isodb::objects {

struct TreeVerifier::Walk {
  TreeId root;
  const Report& report;
  std::set<std::pair<Id, std::string>>& reported;

  void say(const Id& node, const std::string& problem) const {
    if (reported.emplace(node, problem).second) report(node, problem);
  }
};

void TreeVerifier::verify(const TreeId& root, const Report& report) {
  const Walk walk{root, report, reported_};
  if (root == empty_tree_id()) return;
  const auto checked = check(walk, root, std::nullopt, Place::kLastOfLevel);
  if (checked && checked->facts.level > 0 && checked->facts.keys < 2) {
    walk.say(root, "as a root it has a single child, which should be the root");
  }
}

std::optional<TreeVerifier::Checked> TreeVerifier::check(const Walk& walk, const Id& id,
                                                         std::optional<std::uint8_t> level,
                                                         Place place) {
  const auto known = sound_.find(id);
  if (known == sound_.end()) return check_node(walk, id, level, place);
  if (!level || known->second.level == *level) return Checked{known->second, true};
  walk.say(id, "it is not of the level below its parent's");
  return std::nullopt;
}

std::optional<TreeVerifier::Checked> TreeVerifier::check_node(const Walk& walk, const Id& id,
                                                              std::optional<std::uint8_t> level,
                                                              Place place) {
  NodePtr node;
  try {
    node = nodes_.node(id);
  } catch (const Error& error) {
    walk.say(id, error.what());
    return std::nullopt;
  }
  ++nodes_read_;
  // Falling levels are what ends the descent.
  if (level && node->level() != *level) {
    walk.say(id, "it is not of the level below its parent's");
    return std::nullopt;
  }
  if (node->size() == 0) {
    walk.say(id, "it is empty and not the root");
    return std::nullopt;
  }
  Checked checked;
  checked.facts = {node->level(), node->flags(), node->documents(),
                   node->size(),  node->key(0),  node->key(node->size() - 1)};
  checked.sound_anywhere = check_cut(walk, id, *node, place);
  if (node->level() > 0 && !check_children(walk, id, *node, place, checked.facts.first_path)) {
    checked.sound_anywhere = false;
  }
  if (checked.sound_anywhere) sound_.emplace(id, checked.facts);
  return checked;
}

/// Problems of the children, and of what the node says of them. True when all of it is sound
/// anywhere. `first_path` becomes the first one below the node.
bool TreeVerifier::check_children(const Walk& walk, const Id& id, const Node& node, Place place,
                                  std::string& first_path) {
  bool sound = true;
  for (std::size_t i = 0; i < node.size(); ++i) {
    const Child child = node.child(i);
    const bool last = place == Place::kLastOfLevel && i + 1 == node.size();
    const auto checked = check(walk, child.id, static_cast<std::uint8_t>(node.level() - 1),
                               last ? Place::kLastOfLevel : Place::kAmongOthers);
    if (!checked) {
      sound = false;
      continue;
    }
    const Facts& facts = checked->facts;
    const char* problem = nullptr;
    if (facts.last_path != node.key(i)) problem = "another last path";
    if (facts.documents != child.count) problem = "another number of documents";
    if (facts.flags != child.flags) problem = "other flags";
    if (i == 0) {
      first_path = facts.first_path;
    } else if (facts.first_path <= node.key(i - 1)) {
      problem = "a first path out of order";
    }
    if (problem != nullptr) walk.say(id, "its child " + child.id.hex() + " has " + problem);
    sound = sound && checked->sound_anywhere && problem == nullptr;
  }
  return sound;
}

/// Reports a node that does not end where it should. True when its end is right whatever follows.
bool TreeVerifier::check_cut(const Walk& walk, const Id& id, const Node& node, Place place) {
  BoundaryFinder finder(node.level());
  std::string key;
  for (std::size_t i = 0; i < node.size(); ++i) {
    node.copy_key(i, key);
    const auto cut = finder.add(key);
    if (!cut) continue;
    if (*cut == node.size()) return true;
    walk.say(id, "it should end with its key number " + std::to_string(*cut) + " of " +
                     std::to_string(node.size()));
    return false;
  }
  if (place == Place::kAmongOthers && !next_node_explains(walk, node, finder)) {
    walk.say(id, "it should not end where it does");
  }
  return false;
}

/// Whether `finder`, which has taken the node's keys, cuts behind them when it sees those of the
/// next node: a forced cut. All that it looks at lies in that one node (docs/format.md,
/// "Boundaries").
bool TreeVerifier::next_node_explains(const Walk& walk, const Node& node, BoundaryFinder& finder) {
  try {
    LevelCursor cursor(nodes_, walk.root, node.level());
    cursor.seek(node.key(node.size() - 1));
    if (cursor.at_last()) return false;
    cursor.next();
    const NodePtr next = cursor.node();
    std::string key;
    for (std::size_t i = 0; i < next->size(); ++i) {
      next->copy_key(i, key);
      if (const auto cut = finder.add(key)) return *cut == node.size();
    }
    return false;
  } catch (const Error&) {
    return true;  // the damage has its own report where the walk comes to it
  }
}

void walk_tree_nodes(const NodeReader& nodes, const TreeId& root,
                     const std::function<bool(const Id&)>& wanted,
                     const std::function<void(const Id&, const NodePtr&)>& visit) {
  struct Place {
    NodePtr node;
    std::size_t next;
  };
  std::vector<Place> path;
  const auto enter = [&](const Id& id, NodePtr node) {
    visit(id, node);
    if (node->level() > 0) path.push_back({std::move(node), 0});
  };
  if (!wanted(root)) return;
  enter(root, nodes.node(root));
  while (!path.empty()) {
    Place& place = path.back();
    if (place.next == place.node->size()) {
      path.pop_back();
      continue;
    }
    const std::size_t i = place.next++;
    const Id id = place.node->id(i);
    if (wanted(id)) enter(id, nodes.child(*place.node, i));
  }
}

}  // namespace isodb::objects
