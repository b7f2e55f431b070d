#include "sync/absent_contents.h"

#include <utility>

namespace isodb::sync {
std::vector<CommitId> all_heads(RepositoryState& repository) {
  std::vector<CommitId> heads;
  for (const refs::Ref& ref : repository.database->refs("")) {
    const Id named = repository.peel_tags(ref.target);
    const ObjectType type = repository.type_of(named);
    if (type != ObjectType::kCommit && type != ObjectType::kMerge) continue;
    const std::vector<CommitId>& commits = repository.head(named)->commits;
    heads.insert(heads.end(), commits.begin(), commits.end());
  }
  return heads;
}

AbsentContents::AbsentContents(RepositoryState& repository, Scope scope)
    : repository_(repository),
      scope_(repository, std::move(scope)),
      walk_(repository, all_heads(repository)),
      erased_(repository.erasures->anywhere()) {}

bool AbsentContents::begin_commit() {
  commit_ = walk_.next();
  if (!commit_) return false;
  const Commit& commit = commit_->commit;
  const TreeId before = commit.parents.empty()
                            ? objects::empty_tree_id()
                            : repository_.read_commit(commit.parents.front()).tree;
  diff_.emplace(repository_.nodes(), before, commit.tree);
  return true;
}

bool AbsentContents::is_absent(const Entry& entry) const {
  const auto is_absent = [this](const Id& id) {
    return !repository_.store->contains(id) && !erased_->has(id);
  };
  return is_absent(entry.content) || (entry.metadata && is_absent(*entry.metadata));
}

std::optional<AbsentContents::Item> AbsentContents::next() {
  while (diff_ || begin_commit()) {
    std::optional<objects::TreeDifference> found = diff_->next();
    if (!found) {
      diff_.reset();
      continue;
    }
    // What another commit wrote is met there; a merge is made here.
    const std::optional<Entry>& entry = found->after;
    if (!entry || entry->stamp != commit_->commit.stamp()) continue;
    if (!scope_.covers(found->path, entry->stamp, commit_->id) || !is_absent(*entry)) continue;
    const TreeId& tree = commit_->commit.tree;
    const std::uint64_t rank = objects::rank_of(repository_.nodes(), tree, found->path);
    return Item{commit_->id, rank, std::move(found->path), *entry};
  }
  return std::nullopt;
}

}  // namespace isodb::sync
