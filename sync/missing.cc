#include "sync/missing.h"

#include <algorithm>
#include <map>
#include <queue>
#include <unordered_map>
#include <utility>

namespace isodb::sync {
namespace {

bool is_commit_here(const RepositoryState& state, const CommitId& id) {
  const auto header = state.store->header(id);
  return header && header->first == ObjectType::kCommit;
}

/// Walks back from two sides at once, newest clock first: every commit after all that descend from
/// it, so that by then it is known whether the other side has it.
class TwoSidedWalk {
 public:
  struct Item {
    CommitId id;
    Stamp stamp;
    std::uint64_t sequence = 0;
    std::vector<CommitId> parents;
    bool had = false;
  };

  explicit TwoSidedWalk(const RepositoryState& state) : state_(state) {}

  void add(const CommitId& id, bool had) {
    const auto [known, is_new] = had_.try_emplace(id, had);
    if (is_new) {
      Commit commit = state_.read_commit(id);
      queue_.push({id, commit.stamp(), commit.sequence, std::move(commit.parents), false});
      if (!had) ++open_;
    } else if (had && !known->second) {
      known->second = true;
      --open_;
    }
  }

  /// nullopt once all that is left is had. add_parents() is the caller's, who may know better
  /// whether the commit is had.
  std::optional<Item> next() {
    if (open_ == 0) return std::nullopt;
    Item item = queue_.top();
    queue_.pop();
    item.had = had_.at(item.id);
    if (!item.had) --open_;
    return item;
  }
  void add_parents(const Item& item, bool had) {
    for (const CommitId& parent : item.parents) add(parent, had);
  }

 private:
  struct Older {
    bool operator()(const Item& a, const Item& b) const {
      if (a.stamp != b.stamp) return a.stamp < b.stamp;
      return a.id < b.id;
    }
  };

  const RepositoryState& state_;
  std::priority_queue<Item, std::vector<Item>, Older> queue_;
  std::unordered_map<Id, bool> had_;
  std::size_t open_ = 0;  // in the queue and not had
};

bool has_prefix(const CommitId& id, const std::array<std::uint8_t, 4>& prefix) {
  return std::equal(prefix.begin(), prefix.end(), id.data());
}

/// Hints as they are looked up. One that contradicts what is here is dropped when that shows.
class HintIndex {
 public:
  explicit HintIndex(const std::vector<Hint>& hints) {
    for (const Hint& hint : hints) hints_.emplace(hint.writer, hint);
  }
  bool covers(const TwoSidedWalk::Item& item) {
    const auto found = hints_.find(item.stamp.writer);
    if (found == hints_.end() || item.sequence > found->second.sequence) return false;
    if (item.sequence < found->second.sequence || has_prefix(item.id, found->second.prefix)) {
      return true;
    }
    hints_.erase(found);
    return false;
  }

 private:
  std::map<WriterId, Hint> hints_;
};

}  // namespace

Missing missing_commits(const RepositoryState& state, const Have& have,
                        const std::vector<CommitId>& heads) {
  Missing missing;
  TwoSidedWalk walk(state);
  for (const CommitId& head : have.heads) {
    if (!is_commit_here(state, head)) continue;
    walk.add(head, true);
    missing.had.push_back(head);
  }
  for (const CommitId& head : heads) walk.add(head, false);
  HintIndex hints(have.hints);
  while (const std::optional<TwoSidedWalk::Item> item = walk.next()) {
    bool had = item->had;
    if (!had && hints.covers(*item)) {
      had = true;
      missing.had.push_back(item->id);
    }
    if (!had) missing.commits.push_back(item->id);
    walk.add_parents(*item, had);
  }
  std::reverse(missing.commits.begin(), missing.commits.end());
  missing.had = heads_of_everything_had(state, missing.had);
  return missing;
}

std::unordered_set<Id> leave_out(const RepositoryState& state,
                                 const std::unordered_set<Id>& refused,
                                 std::vector<CommitId>& commits) {
  std::unordered_set<Id> left_out;
  if (refused.empty()) return left_out;
  std::vector<CommitId> kept;
  for (const CommitId& id : commits) {
    const std::vector<CommitId> parents = state.read_commit(id).parents;
    const bool descends = std::ranges::any_of(
        parents, [&](const CommitId& parent) { return left_out.contains(parent); });
    if (descends || refused.contains(id)) {
      left_out.insert(id);
    } else {
      kept.push_back(id);
    }
  }
  commits = std::move(kept);
  return left_out;
}

std::uint64_t count_beyond(const RepositoryState& state, const std::vector<CommitId>& others,
                           const std::vector<CommitId>& heads) {
  return missing_commits(state, {others, {}}, heads).commits.size();
}

bool are_in_past(const RepositoryState& state, const std::vector<CommitId>& commits,
                 const std::vector<CommitId>& heads) {
  const bool are_here =
      std::ranges::all_of(commits, [&](const CommitId& id) { return is_commit_here(state, id); });
  return are_here && count_beyond(state, heads, commits) == 0;
}

std::vector<Hint> make_hints(const RepositoryState& state, const std::vector<CommitId>& heads,
                             const std::vector<CommitId>& covered, std::size_t commits_max) {
  TwoSidedWalk walk(state);
  for (const CommitId& head : covered) {
    if (is_commit_here(state, head)) walk.add(head, true);
  }
  for (const CommitId& head : heads) walk.add(head, false);
  std::map<WriterId, Hint> hints;
  for (std::size_t looked_at = 0; looked_at < commits_max; ++looked_at) {
    const std::optional<TwoSidedWalk::Item> item = walk.next();
    if (!item) break;
    walk.add_parents(*item, item->had);
    const WriterId& writer = item->stamp.writer;
    if (item->had || (hints.size() == Hint::kHintsMax && !hints.contains(writer))) continue;
    Hint& hint = hints[writer];
    if (hint.sequence >= item->sequence) continue;
    hint = {writer, item->sequence, {}};
    std::copy_n(item->id.data(), hint.prefix.size(), hint.prefix.begin());
  }
  std::vector<Hint> sorted;
  sorted.reserve(hints.size());
  for (const auto& [writer, hint] : hints) sorted.push_back(hint);
  return sorted;
}

std::vector<CommitId> heads_of_everything_had(const RepositoryState& state,
                                              const std::vector<CommitId>& commits) {
  std::vector<CommitId> here;
  for (const CommitId& commit : commits) {
    if (is_commit_here(state, commit)) here.push_back(commit);
  }
  if (here.size() < 2) return here;
  return state.merging->heads_of(std::move(here));
}

}  // namespace isodb::sync
