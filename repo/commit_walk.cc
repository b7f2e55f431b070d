#include "repo/commit_walk.h"

namespace isodb::repo {

CommitWalk::CommitWalk(const RepositoryState& state, const std::vector<CommitId>& heads)
    : state_(state) {
  for (const CommitId& head : heads) push(head, {});
}

void CommitWalk::push(const CommitId& id, HybridTime stop_at_clock) {
  if (!seen_.insert(id).second) return;
  Commit commit = state_.read_commit(id);
  if (commit.clock < stop_at_clock) return;
  queue_.push({id, std::move(commit)});
}

std::optional<CommitWalk::Item> CommitWalk::next(HybridTime stop_at_clock) {
  if (queue_.empty()) return std::nullopt;
  Item item = queue_.top();
  queue_.pop();
  for (const CommitId& parent : item.commit.parents) push(parent, stop_at_clock);
  return item;
}

std::optional<CommitWalk::Item> CommitWalk::next_unless(
    const std::function<bool(const CommitId&)>& is_known, HybridTime stop_at_clock) {
  if (queue_.empty()) return std::nullopt;
  Item item = queue_.top();
  queue_.pop();
  for (const CommitId& parent : item.commit.parents) {
    if (!is_known(parent)) push(parent, stop_at_clock);
  }
  return item;
}

TreeId base_tree(const RepositoryState& state, const Commit& commit) {
  if (commit.base) return *commit.base;
  if (commit.parents.empty()) return objects::empty_tree_id();
  return state.read_commit(commit.parents.front()).tree;
}

}  // namespace isodb::repo
