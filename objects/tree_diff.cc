#include "objects/tree.h"

namespace isodb::objects {
namespace {

/// One side of a difference: a place in a tree that is either an entry or, until it has to be
/// entered, a whole subtree.
class Side {
 public:
  Side(const NodeReader& nodes, const Id& root, std::string_view prefix)
      : nodes_(nodes), subtree_(root), prefix_(prefix) {}

  bool at_end() const { return !subtree_ && positions_.empty(); }
  /// The subtree that starts here and was not entered.
  const std::optional<Id>& subtree() const { return subtree_; }
  /// Its level; above all others for the root, which was not read yet.
  std::uint8_t level() const {
    return positions_.empty() ? UINT8_MAX
                              : static_cast<std::uint8_t>(positions_.back().node->level() - 1);
  }

  void enter() {
    NodePtr node = positions_.empty()
                       ? nodes_.node(*subtree_)
                       : nodes_.child(*positions_.back().node, positions_.back().index);
    const std::size_t index = prefix_.empty() ? 0 : node->lower_bound(prefix_);
    positions_.push_back({std::move(node), index});
    arrive();
  }

  void advance() {
    if (positions_.empty()) return subtree_.reset();
    ++positions_.back().index;
    arrive();
  }

  const Node& leaf() const { return *positions_.back().node; }
  std::size_t index() const { return positions_.back().index; }
  std::string path() const { return leaf().key(index()); }
  Entry entry() const { return leaf().entry(index()); }

  /// The order of two entries' paths, put together only where the leaves' prefixes differ.
  int compare_path(const Side& other) const {
    if (leaf().prefix() != other.leaf().prefix()) return path().compare(other.path());
    return leaf().suffix(index()).compare(other.leaf().suffix(other.index()));
  }

 private:
  struct Position {
    NodePtr node;
    std::size_t index;
  };

  void arrive() {
    subtree_.reset();
    while (!positions_.empty() && index() >= leaf().size()) {
      positions_.pop_back();
      if (!positions_.empty()) ++positions_.back().index;
    }
    if (positions_.empty()) return;
    if (leaf().level() > 0) {
      subtree_ = leaf().id(index());
      return;
    }
    if (!prefix_.empty() && !path().starts_with(prefix_)) positions_.clear();
  }

  NodeReader nodes_;
  std::vector<Position> positions_;  // root first
  std::optional<Id> subtree_;
  std::string prefix_;
};

}  // namespace

struct TreeDiff::State {
  Side before, after;

  /// Moves both sides to the next entries to compare, past all that they share.
  void enter_subtrees() {
    while (before.subtree() || after.subtree()) {
      if (before.subtree() && before.subtree() == after.subtree()) {
        before.advance();
        after.advance();
      } else if (!after.subtree() || (before.subtree() && before.level() > after.level())) {
        before.enter();
      } else if (!before.subtree() || after.level() > before.level()) {
        after.enter();
      } else {
        before.enter();
        after.enter();
      }
    }
  }
};

TreeDiff::TreeDiff(NodeReader nodes, const TreeId& before, const TreeId& after, std::string prefix)
    : state_(
          std::make_unique<State>(State{Side(nodes, before, prefix), Side(nodes, after, prefix)})) {
}

TreeDiff::~TreeDiff() = default;
TreeDiff::TreeDiff(TreeDiff&&) noexcept = default;

std::optional<TreeDifference> TreeDiff::next() {
  Side& before = state_->before;
  Side& after = state_->after;
  for (;;) {
    state_->enter_subtrees();
    if (before.at_end() && after.at_end()) return std::nullopt;
    const int order = before.at_end() ? 1 : after.at_end() ? -1 : before.compare_path(after);
    if (order == 0 && before.leaf().same_value(before.index(), after.leaf(), after.index())) {
      before.advance();
      after.advance();
      continue;
    }
    TreeDifference difference;
    difference.path = order <= 0 ? before.path() : after.path();
    if (order <= 0) difference.before = before.entry();
    if (order >= 0) difference.after = after.entry();
    if (order <= 0) before.advance();
    if (order >= 0) after.advance();
    return difference;
  }
}

}  // namespace isodb::objects
