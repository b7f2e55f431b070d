#include "objects/level_cursor.h"

#include <algorithm>

namespace isodb::objects {

LevelCursor::LevelCursor(const NodeReader& nodes, const Id& root, std::uint8_t level)
    : nodes_(nodes), root_(root), level_(level) {
  NodePtr top = nodes_.node(root_);
  if (top->level() <= level_) return;
  parents_.push_back({std::move(top), 0});
  descend_to({});
}

/// From the last of parents_ down to the level above this one, to the child that spans `key`.
void LevelCursor::descend_to(std::string_view key) {
  while (parents_.back().node->level() > level_ + 1) {
    NodePtr child = nodes_.child(*parents_.back().node, parents_.back().index);
    const std::size_t index = std::min(child->lower_bound(key), child->size() - 1);
    parents_.push_back({std::move(child), index});
  }
}

void LevelCursor::seek(std::string_view key) {
  if (parents_.empty()) return;
  std::size_t index = 0;
  for (;;) {
    const Node& node = *parents_.back().node;
    index = node.lower_bound(key);
    if (index < node.size()) break;
    if (parents_.size() == 1) {
      index = node.size() - 1;  // above all keys
      break;
    }
    parents_.pop_back();
  }
  parents_.back().index = index;
  descend_to(key);
}

void LevelCursor::next() {
  while (parents_.back().index + 1 == parents_.back().node->size()) parents_.pop_back();
  ++parents_.back().index;
  descend_to({});
}

void LevelCursor::previous() {
  while (parents_.back().index == 0) parents_.pop_back();
  --parents_.back().index;
  while (parents_.back().node->level() > level_ + 1) {
    NodePtr child = nodes_.child(*parents_.back().node, parents_.back().index);
    const std::size_t last = child->size() - 1;
    parents_.push_back({std::move(child), last});
  }
}

bool LevelCursor::at_first() const {
  return std::all_of(parents_.begin(), parents_.end(),
                     [](const Parent& parent) { return parent.index == 0; });
}

bool LevelCursor::at_last() const {
  return std::all_of(parents_.begin(), parents_.end(),
                     [](const Parent& parent) { return parent.index + 1 == parent.node->size(); });
}

bool LevelCursor::same_place(const LevelCursor& other) const {
  return std::equal(parents_.begin(), parents_.end(), other.parents_.begin(), other.parents_.end(),
                    [](const Parent& a, const Parent& b) { return a.index == b.index; });
}

Id LevelCursor::id() const {
  return parents_.empty() ? root_ : parents_.back().node->id(parents_.back().index);
}

NodePtr LevelCursor::node() const {
  if (parents_.empty()) return nodes_.node(root_);
  return nodes_.child(*parents_.back().node, parents_.back().index);
}

std::string LevelCursor::key() const {
  if (parents_.empty()) {
    const NodePtr top = nodes_.node(root_);
    return top->size() == 0 ? std::string() : top->key(top->size() - 1);
  }
  return parents_.back().node->key(parents_.back().index);
}

std::string LevelCursor::key_before() const {
  std::size_t depth = parents_.size() - 1;
  while (parents_[depth].index == 0) --depth;
  return parents_[depth].node->key(parents_[depth].index - 1);
}

}  // namespace isodb::objects
