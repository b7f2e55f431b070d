#include <algorithm>
#include <deque>

#include "isodb/error.h"
#include "objects/level_cursor.h"
#include "objects/node_writer.h"
#include "objects/tree.h"

namespace isodb::objects {
namespace {

/// The changes of one level's sequence of keys, in their order: what each key gets, or its removal.
class LevelChanges {
 public:
  virtual ~LevelChanges() = default;
  virtual std::size_t size() const = 0;
  virtual std::string_view key(std::size_t i) const = 0;
  virtual bool removes(std::size_t i) const = 0;
  virtual void add_value(NodeWriter& writer, std::size_t i) const = 0;
  virtual void set_value(NodeRewriter& rewriter, std::size_t place, std::size_t i) const = 0;
};

class EntryChanges final : public LevelChanges {
 public:
  explicit EntryChanges(const TreeChanges& changes) : changes_(changes) {}
  std::size_t size() const override { return changes_.size(); }
  std::string_view key(std::size_t i) const override { return changes_.path(i); }
  bool removes(std::size_t i) const override { return changes_.entry(i) == nullptr; }
  void add_value(NodeWriter& writer, std::size_t i) const override {
    writer.add(changes_.path(i), *changes_.entry(i));
  }
  void set_value(NodeRewriter& rewriter, std::size_t place, std::size_t i) const override {
    rewriter.set(place, *changes_.entry(i));
  }

 private:
  const TreeChanges& changes_;
};

/// A change of one level's sequence of nodes: the node that now ends with `key`, or its removal.
struct NodeChange {
  std::string key;
  std::optional<Child> child;
};

class ChildChanges final : public LevelChanges {
 public:
  explicit ChildChanges(const std::vector<NodeChange>& changes) : changes_(changes) {}
  std::size_t size() const override { return changes_.size(); }
  std::string_view key(std::size_t i) const override { return changes_[i].key; }
  bool removes(std::size_t i) const override { return !changes_[i].child; }
  void add_value(NodeWriter& writer, std::size_t i) const override {
    writer.add(changes_[i].key, *changes_[i].child);
  }
  void set_value(NodeRewriter& rewriter, std::size_t place, std::size_t i) const override {
    rewriter.set(place, *changes_[i].child);
  }

 private:
  const std::vector<NodeChange>& changes_;
};

class SpanOfChanges final : public TreeChanges {
 public:
  explicit SpanOfChanges(std::span<const TreeChange> changes) : changes_(changes) {}
  std::size_t size() const override { return changes_.size(); }
  std::string_view path(std::size_t i) const override { return changes_[i].path; }
  const Entry* entry(std::size_t i) const override {
    return changes_[i].entry ? &*changes_[i].entry : nullptr;
  }

 private:
  const std::span<const TreeChange> changes_;
};

/// Nodes of larger edits are not kept in memory: they would push out what is read, and take as much
/// as the cache may.
constexpr std::size_t kChangesOfCachedNodes = 16384;

/// Applies changes to one level of a tree. Nodes are cut anew from the start of the first one that
/// a change touches (or, where what follows had a say in how the node before was cut, from there)
/// until a new cut falls on an old one; the nodes from there to the next change stay as they are
/// and are not read.
class LevelEdit {
 public:
  LevelEdit(const NodeReader& nodes, ObjectSink& sink, const Id& root, std::uint8_t level,
            const LevelChanges& changes)
      : nodes_(nodes),
        sink_(sink),
        level_(level),
        is_top_(nodes.node(root)->level() == level),
        changes_(changes),
        cursor_(nodes, root, level),
        resume_(cursor_),
        writer_(level),
        finder_(level) {}

  void run();
  /// What the level above has to change. In the order of keys.
  std::vector<NodeChange> take_node_changes() { return std::move(node_changes_); }
  /// The root, where this level turned out to lie above it: it has one key, or none.
  const std::optional<Id>& root_below() const { return root_below_; }

 private:
  /// A node of the old tree that was reached since the last place where old and new cuts agreed.
  struct Start {
    LevelCursor cursor;
    NodePtr node;
    std::size_t next_change;
    std::size_t items;  ///< keys that stand before it, counted from the start of the run
    std::size_t ordinal;
  };
  struct OldNode {
    std::string key;
    Id id;
  };
  enum class Progress { kGoesOn, kRewound };

  std::size_t changes_end() const;
  bool replace_values(std::size_t end);
  void step_back_before_forced_cut();
  void recut();
  void start_node();
  Progress feed(const Node& node, std::size_t end);
  Progress settle();
  void emit(std::size_t keys);
  void finish_level();
  void finish_run();
  bool has_nothing_before() const { return !skipped_ && emitted_ == 0; }
  bool is_remembered() const { return changes_.size() <= kChangesOfCachedNodes; }
  NodePtr remember(const Id& id, Bytes payload);
  Child write(Child summary, Bytes payload, const Id& old_id, const Node& old, const PutHint& hint);

  const NodeReader& nodes_;
  ObjectSink& sink_;
  const std::uint8_t level_;
  const bool is_top_;  // what is above it is built anew, from all of its nodes
  const LevelChanges& changes_;

  LevelCursor cursor_;
  LevelCursor resume_;  // where the last run ended; nodes before it are not to be looked at again
  std::size_t next_change_ = 0;
  bool skipped_ = false;     // some old node before the cursor stays as it is
  std::size_t emitted_ = 0;  // new nodes before the cursor

  // The current run. Items are counted from its start.
  NodeWriter writer_;
  BoundaryFinder finder_;
  std::size_t given_ = 0;    // of the writer's keys, to the finder
  std::size_t written_ = 0;  // items in nodes emitted
  bool last_item_is_old_ = false;
  std::deque<Start> starts_;
  std::vector<OldNode> old_nodes_;
  std::vector<NodeChange> new_nodes_;

  std::vector<NodeChange> node_changes_;
  std::optional<Id> root_below_;
};

void LevelEdit::run() {
  while (next_change_ < changes_.size() && !root_below_) {
    cursor_.seek(changes_.key(next_change_));
    const std::size_t end = changes_end();
    if (end == next_change_) {
      throw Error(ErrorCode::kCorrupt, "tree: nodes of two levels disagree about their last keys",
                  "run fsck; fetch the tree again from a peer that has it");
    }
    if (replace_values(end)) continue;
    if (!cursor_.same_place(resume_)) step_back_before_forced_cut();
    skipped_ = skipped_ || !cursor_.same_place(resume_);
    recut();
  }
}

/// The end of the changes that fall into the cursor's node.
std::size_t LevelEdit::changes_end() const {
  if (cursor_.at_last()) return changes_.size();
  const std::string last = cursor_.key();
  std::size_t end = next_change_;
  while (end < changes_.size() && changes_.key(end) <= last) ++end;
  return end;
}

/// The common case: the cursor's node keeps its keys, so every cut stays where it is, and only
/// values are exchanged. False where that is not so.
bool LevelEdit::replace_values(std::size_t end) {
  const NodePtr node = cursor_.node();
  if (node->size() <= 1) return false;  // it may have become the root of a tree that ends below
  for (std::size_t i = next_change_; i < end; ++i) {
    if (changes_.removes(i) || node->find(changes_.key(i)) == node->size()) return false;
  }
  // Had the next node a say in where this one ends, a change there would have to come back here.
  std::string last = node->key(node->size() - 1);
  if (!cursor_.at_last() && !surely_ends_naturally(level_, last)) return false;

  NodeRewriter rewriter(*node);
  for (; next_change_ < end; ++next_change_) {
    changes_.set_value(rewriter, node->find(changes_.key(next_change_)), next_change_);
  }
  ++emitted_;
  Bytes payload = rewriter.take();
  if (payload == node->payload()) return true;
  PutHint hint;
  hint.base = cursor_.id();
  hint.base_bytes = node->payload();
  const Id id = sink_.put(ObjectType::kTree, payload, hint);
  const NodePtr fresh = remember(id, std::move(payload));
  node_changes_.push_back({std::move(last), Child{id, fresh->documents(), fresh->flags()}});
  return true;
}

/// The next edit most likely starts from what this one wrote.
NodePtr LevelEdit::remember(const Id& id, Bytes payload) {
  auto node = std::make_shared<const Node>(std::move(payload));
  if (is_remembered()) nodes_.cache().insert(id, node);
  return node;
}

/// A node that was cut by force was so in view of the keys behind it. If the one before the cursor
/// was, a change here may move its end. What the run before wrote was cut in view of the changes.
void LevelEdit::step_back_before_forced_cut() {
  if (cursor_.at_first()) return;
  const std::string last = cursor_.key_before();
  if (surely_ends_naturally(level_, last)) return;
  LevelCursor before = cursor_;
  before.previous();
  const NodePtr node = before.node();
  if (!ends_naturally(level_, last, node->weight(), node->size())) cursor_ = before;
}

/// One run: from the cursor to the next place where old and new cuts agree.
void LevelEdit::recut() {
  finder_.restart();
  given_ = written_ = 0;
  for (;;) {
    start_node();
    const NodePtr node = starts_.back().node;
    if (feed(*node, changes_end()) == Progress::kRewound) break;
    if (cursor_.at_last()) {
      finish_level();
      break;
    }
    cursor_.next();
    if (writer_.size() == 0) break;
  }
  resume_ = cursor_;
  finish_run();
}

void LevelEdit::start_node() {
  const NodePtr node = cursor_.node();
  if (starts_.empty()) writer_.reserve(*node);
  starts_.push_back({cursor_, node, next_change_, written_ + writer_.size(), old_nodes_.size()});
  if (node->size() > 0) old_nodes_.push_back({node->key(node->size() - 1), cursor_.id()});
}

/// Merges a node's keys with the changes up to `end`.
LevelEdit::Progress LevelEdit::feed(const Node& node, std::size_t end) {
  std::size_t i = 0;
  const auto keep_until = [&](std::size_t stop) {
    for (; i < stop; ++i) {
      writer_.add(node, i);
      last_item_is_old_ = true;
      if (settle() == Progress::kRewound) return Progress::kRewound;
    }
    return Progress::kGoesOn;
  };
  while (next_change_ < end) {
    const std::size_t change = next_change_;
    const std::string_view key = changes_.key(change);
    if (keep_until(node.lower_bound(key)) == Progress::kRewound) return Progress::kRewound;
    if (i < node.size() && node.key_is(i, key)) ++i;
    ++next_change_;
    if (changes_.removes(change)) continue;
    changes_.add_value(writer_, change);
    last_item_is_old_ = false;
    if (settle() == Progress::kRewound) return Progress::kRewound;
  }
  return keep_until(node.size());
}

/// Gives the finder what it has not seen and writes the nodes that it finishes. A forced cut leaves
/// keys behind it that were looked at already; where it falls on an old cut, they are given back,
/// and the cursor with them.
LevelEdit::Progress LevelEdit::settle() {
  while (given_ < writer_.size()) {
    const auto cut = finder_.add(writer_.key(given_++));
    if (!cut) continue;
    emit(*cut);
    const Start& start = starts_.front();
    if (start.items != written_) continue;
    cursor_ = start.cursor;
    next_change_ = start.next_change;
    old_nodes_.resize(start.ordinal);
    writer_.drop(writer_.size());
    return Progress::kRewound;
  }
  return Progress::kGoesOn;
}

/// Writes the writer's first keys as a node. Its base is the old node that reaches to its middle,
/// unless so many keys came between that node's that each new node holds but a few of them: then a
/// delta would be tried, twice the work, and never be worth it.
void LevelEdit::emit(std::size_t keys) {
  const auto behind = std::find_if(starts_.begin() + 1, starts_.end(), [&](const Start& start) {
    return start.items > written_ + keys / 2;
  });
  constexpr std::size_t kSpreadMax = 4;
  const Start& base = *(behind - 1);
  PutHint hint;
  if (written_ + keys - base.items <= kSpreadMax * base.node->size()) {
    hint.base = base.cursor.id();
    hint.base_bytes = base.node->payload();
  }
  new_nodes_.push_back(
      {std::string(writer_.key(keys - 1)),
       write(writer_.summary(keys), writer_.encode(keys), base.cursor.id(), *base.node, hint)});
  writer_.drop(keys);
  written_ += keys;
  given_ = 0;
  ++emitted_;
  while (starts_.size() > 1 && starts_[1].items <= written_) starts_.pop_front();
}

Child LevelEdit::write(Child summary, Bytes payload, const Id& old_id, const Node& old,
                       const PutHint& hint) {
  if (payload == old.payload()) {
    summary.id = old_id;
    return summary;
  }
  summary.id = sink_.put(ObjectType::kTree, payload, hint);
  if (is_remembered()) remember(summary.id, std::move(payload));
  return summary;
}

/// What is left at the end of the level is its last node. When it would be the level's only one and
/// have a single child, the tree ends below.
void LevelEdit::finish_level() {
  if (!has_nothing_before() || writer_.size() > 1 || (writer_.size() == 1 && level_ == 0)) {
    if (writer_.size() > 0) emit(writer_.size());
    return;
  }
  if (writer_.size() == 0) {
    root_below_ = sink_.put(ObjectType::kTree, encode_leaf({}, {}));
    return;
  }
  Id below = writer_.id(0);
  // A node that was written just now has several children. One that was there before has a single
  // child where all nodes before it are gone.
  while (last_item_is_old_) {
    const NodePtr node = nodes_.node(below);
    if (node->level() == 0 || node->size() > 1) break;
    below = node->id(0);
  }
  root_below_ = below;
}

/// Old nodes of the run against new ones.
void LevelEdit::finish_run() {
  auto old_node = old_nodes_.begin();
  for (NodeChange& node : new_nodes_) {
    for (; old_node != old_nodes_.end() && old_node->key < node.key; ++old_node) {
      node_changes_.push_back({std::move(old_node->key), std::nullopt});
    }
    const bool replaces = old_node != old_nodes_.end() && old_node->key == node.key;
    if (is_top_ || !replaces || old_node->id != node.child->id) {
      node_changes_.push_back(std::move(node));
    }
    if (replaces) ++old_node;
  }
  for (; old_node != old_nodes_.end(); ++old_node) {
    node_changes_.push_back({std::move(old_node->key), std::nullopt});
  }
  old_nodes_.clear();
  new_nodes_.clear();
  starts_.clear();
}

void check_changes(const TreeChanges& changes) {
  for (std::size_t i = 0; i < changes.size(); ++i) {
    if (changes.entry(i) != nullptr) check_path(changes.path(i));
    if (i > 0 && changes.path(i - 1) >= changes.path(i)) {
      throw Error(ErrorCode::kInvalid, "changes of a tree are not in ascending order: '" +
                                           std::string(changes.path(i)) + "' after '" +
                                           std::string(changes.path(i - 1)) + "'");
    }
  }
}

/// The levels above the old root's, over the nodes of that level.
Id build_above(ObjectSink& sink, std::uint8_t level, const std::vector<NodeChange>& nodes) {
  NodeStack above(sink, level);
  std::size_t count = 0;
  Id only;
  for (const NodeChange& node : nodes) {
    if (!node.child) continue;
    only = node.child->id;
    ++count;
    above.add(node.key, *node.child);
  }
  return count == 1 ? only : *above.finish();
}

}  // namespace

TreeId edit_tree(const NodeReader& nodes, ObjectSink& sink, const TreeId& root,
                 std::span<const TreeChange> changes) {
  return edit_tree_with(nodes, sink, root, SpanOfChanges(changes));
}

TreeId edit_tree_with(const NodeReader& nodes, ObjectSink& sink, const TreeId& root,
                      const TreeChanges& changes) {
  check_changes(changes);
  if (changes.size() == 0) return root;
  const std::uint8_t top = nodes.node(root)->level();
  std::vector<NodeChange> below;
  for (std::uint8_t level = 0;; ++level) {
    const EntryChanges of_entries(changes);
    const ChildChanges of_children(below);
    const LevelChanges& level_changes =
        level == 0 ? static_cast<const LevelChanges&>(of_entries) : of_children;
    LevelEdit edit(nodes, sink, root, level, level_changes);
    edit.run();
    if (edit.root_below()) return TreeId(*edit.root_below());
    std::vector<NodeChange> above = edit.take_node_changes();
    if (above.empty()) return root;
    if (level == top) {
      return TreeId(build_above(sink, static_cast<std::uint8_t>(level + 1), above));
    }
    below = std::move(above);
  }
}

}  // namespace isodb::objects
