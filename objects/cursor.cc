#include "objects/tree.h"

namespace isodb::objects {

Cursor::Cursor(NodeReader nodes, const TreeId& root) : nodes_(nodes), root_(root) {}

void Cursor::restart() {
  positions_.clear();
  positions_.push_back({nodes_.node(root_), 0});
}

/// Puts the child that the cursor's last position names on top.
void Cursor::enter_child() {
  const Position& at = positions_.back();
  NodePtr child = nodes_.child(*at.node, at.index);
  positions_.push_back({std::move(child), 0});
}

/// Leaves the nodes that end before `path`; false when all of them do.
bool Cursor::climb_to(std::string_view path) {
  for (; !positions_.empty(); positions_.pop_back()) {
    Position& at = positions_.back();
    at.index = at.node->lower_bound(path);
    if (at.index < at.node->size()) return true;
  }
  return false;
}

void Cursor::seek(std::string_view path) {
  if (!valid() || path < path_) restart();
  if (!climb_to(path)) return;
  while (leaf().node->level() > 0) {
    enter_child();
    // Beyond its last key only where a forged parent names another last key than the child has.
    Position& at = positions_.back();
    at.index = at.node->lower_bound(path);
    if (at.index == at.node->size()) return climb_to_next();
  }
  load_path();
}

void Cursor::seek_to_rank(std::uint64_t rank) {
  restart();
  if (rank >= leaf().node->documents()) return positions_.clear();
  for (;;) {
    Position& at = positions_.back();
    if (at.node->level() == 0) break;
    for (std::uint64_t count; (count = at.node->child(at.index).count) <= rank; ++at.index) {
      rank -= count;
      if (at.index + 1 == at.node->size()) return climb_to_next();
    }
    enter_child();
  }
  Position& at = positions_.back();
  at.index = static_cast<std::size_t>(rank);
  if (at.index >= at.node->size()) return climb_to_next();
  load_path();
}

void Cursor::seek_to_flag(std::uint8_t flags) {
  while (valid()) {
    Position& at = positions_.back();
    while (at.index < at.node->size() && (at.node->flags(at.index) & flags) == 0) ++at.index;
    if (at.index == at.node->size()) {
      positions_.pop_back();
      if (valid()) ++positions_.back().index;
    } else if (at.node->level() == 0) {
      return load_path();
    } else {
      enter_child();
    }
  }
}

void Cursor::next() {
  Position& at = positions_.back();
  if (++at.index < at.node->size()) return load_path();
  climb_to_next();
}

/// From the end of a node to the first entry behind it.
void Cursor::climb_to_next() {
  do {
    positions_.pop_back();
    if (!valid()) return;
  } while (++positions_.back().index == leaf().node->size());
  while (leaf().node->level() > 0) enter_child();
  load_path();
}

void Cursor::load_path() {
  if (leaf().node->size() == 0) return positions_.clear();  // the empty tree
  leaf().node->copy_key(leaf().index, path_);
}

Entry Cursor::entry() const {
  return leaf().node->entry(leaf().index);
}

ContentRef Cursor::content() const {
  return leaf().node->content(leaf().index);
}

std::uint8_t Cursor::flags() const {
  return leaf().node->flags(leaf().index);
}

}  // namespace isodb::objects
