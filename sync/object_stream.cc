#include "sync/object_stream.h"

#include <algorithm>
#include <utility>

#include "isodb/error.h"
#include "objects/commit_codec.h"
#include "objects/content.h"
#include "objects/tree_verify.h"

namespace isodb::sync {

void ObjectStream::add_commit(const CommitId& id, const Commit& commit) {
  commit_ = id;
  stamp_ = commit.stamp();
  for (const CommitId& parent : commit.parents) {
    parent_trees_.push_back(state_.read_commit(parent).tree);
    objects::walk_tree_nodes(
        state_.nodes(), parent_trees_.back(), [&](const Id& node) { return !done_.contains(node); },
        [&](const Id& node, const objects::NodePtr&) { done_.insert(node); });
  }
  tasks_.push_back({id, false});
  tasks_.push_back({commit.tree});
  if (commit.base) tasks_.push_back({*commit.base});
  if (commit.deleted) tasks_.push_back({*commit.deleted});
}

void ObjectStream::add(const Id& id) {
  tasks_.push_back({id});
}

std::optional<wire::Element> ObjectStream::next() {
  if (!rest_.empty()) {
    wire::PieceElement piece{rest_.substr(sent_, wire::PieceElement::kBytesMax)};
    sent_ += piece.bytes.size();
    if (sent_ == rest_.size()) {
      rest_.clear();
      sent_ = 0;
    }
    return piece;
  }
  const std::optional<Id> id = skip();
  if (!id) return std::nullopt;
  objects::Object object = state_.read_object(*id);
  rest_ = std::move(object.payload);
  return wire::ObjectElement{object.type, rest_.size()};
}

std::optional<Id> ObjectStream::skip() {
  while (!tasks_.empty()) {
    const Task task = tasks_.back();
    tasks_.pop_back();
    if (!task.enter) return task.id;
    enter(task.id);
  }
  return std::nullopt;
}

void ObjectStream::enter(const Id& id) {
  const objects::Object object = state_.read_object(id);
  if (object.type == ObjectType::kCommit || object.type == ObjectType::kMerge) return;
  if (object.type != ObjectType::kBlob && !done_.insert(id).second) return;
  tasks_.push_back({id, false});
  const auto first = static_cast<std::ptrdiff_t>(tasks_.size());
  if (object.type == ObjectType::kList) {
    for (const objects::ListItem& item : objects::decode_list(object.payload).items) {
      tasks_.push_back({item.id});
    }
  } else if (object.type == ObjectType::kTag) {
    tasks_.push_back({objects::decode_tag(object.payload).object});
  } else if (object.type == ObjectType::kTree) {
    const objects::Node node(object.payload);
    for (std::size_t i = 0; i < node.size(); ++i) {
      if (node.level() > 0) {
        tasks_.push_back({node.id(i)});
        continue;
      }
      const Entry entry = node.entry(i);
      if (is_over_there(node.key(i), entry)) continue;
      if (takes_content(node.key(i), entry)) tasks_.push_back({entry.content});
      if (entry.metadata && !is_erased(node.key(i), *entry.metadata)) {
        tasks_.push_back({*entry.metadata});
      }
    }
  }
  std::reverse(tasks_.begin() + first, tasks_.end());
}

bool ObjectStream::is_erased(std::string_view path, const Id& content) const {
  return !path.starts_with(kGovernedPrefix) && erased_->has(content);
}

/// Of what other commits wrote, as much as there is here: nobody can tell by the entry alone
/// whether it is needed.
bool ObjectStream::takes_content(const std::string& path, const Entry& entry) const {
  if (is_erased(path, entry.content)) return false;
  const bool is_held = state_.scope()->is_whole() || state_.store->contains(entry.content);
  const bool is_own = entry.stamp == stamp_;
  const bool is_taken = receiver_ == nullptr || receiver_->takes(path, entry.stamp, commit_);
  if (!is_taken) return !is_own && is_held && receiver_->scope().covers_path(path);
  if (is_held) return true;
  if (!is_own && receiver_ != nullptr && !receiver_->holds(path, entry)) return false;
  throw Error(ErrorCode::kNotHeld,
              "this copy is partial and does not hold what commit " + commit_.short_hex() +
                  " has in '" + path +
                  "', which the other side lacks: what was committed here since waits",
              "sync the other side with one that holds it, or hold it here, too: isodb fetch "
              "REMOTE --add-path PREFIX");
}

bool ObjectStream::is_over_there(const std::string& path, const Entry& entry) const {
  return std::any_of(parent_trees_.begin(), parent_trees_.end(), [&](const TreeId& tree) {
    const std::optional<Entry> theirs = objects::find_entry(state_.nodes(), tree, path);
    return theirs && theirs->content == entry.content && theirs->metadata == entry.metadata;
  });
}

}  // namespace isodb::sync
