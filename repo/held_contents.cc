#include "repo/held_contents.h"

#include <algorithm>
#include <utility>

#include "objects/tree.h"
#include "repo/commit_walk.h"
#include "repo/scope.h"
#include "repo/state.h"

namespace isodb::repo {

class HeldContents::Memory {
 public:
  Memory(RepositoryState& repository, const Scope& scope)
      : repository_(repository), held_(repository, scope) {}

  const Scope& scope() const { return held_.scope(); }

  bool includes(std::string_view path, const Entry& entry, const std::vector<CommitId>& states) {
    if (held_.surely_covers(path, entry.stamp)) return true;
    const bool is_merged = (entry.flags & kFlagMerged) != 0;
    if (is_merged || !scope().covers_path(path) || !held_.has_boundary()) return false;
    if (states != states_) find_beside(states);
    const auto [begin, end] =
        std::equal_range(beside_.begin(), beside_.end(), entry.stamp, Before{});
    return std::any_of(begin, end, [&](const Written& by) {
      return objects::find_entry(repository_.nodes(), by.tree, path) == entry;
    });
  }

 private:
  struct Written {
    Stamp stamp;
    TreeId tree;
  };
  struct Before {
    bool operator()(const Written& a, const Written& b) const { return a.stamp < b.stamp; }
    bool operator()(const Written& a, const Stamp& b) const { return a.stamp < b; }
    bool operator()(const Stamp& a, const Written& b) const { return a < b.stamp; }
  };

  /// The commits whose clocks do not tell that they are beside the boundary and not before it.
  void find_beside(const std::vector<CommitId>& states) {
    states_.clear();
    beside_.clear();
    const auto is_before = [&](const CommitId& commit) {
      return held_.is_before_boundary(commit, repository_.read_commit(commit).clock);
    };
    std::vector<CommitId> heads = states;
    std::erase_if(heads, is_before);
    CommitWalk walk(repository_, heads);
    while (const std::optional<CommitWalk::Item> item = walk.next_unless(is_before)) {
      if (!held_.covers_beside_boundary(item->commit.clock)) continue;
      beside_.push_back({item->commit.stamp(), item->commit.tree});
    }
    std::sort(beside_.begin(), beside_.end(), Before{});
    states_ = states;
  }

  RepositoryState& repository_;
  HeldScope held_;
  std::vector<CommitId> states_;
  std::vector<Written> beside_;  // in the past of states_
};

HeldContents::HeldContents(RepositoryState& repository) : repository_(repository) {}
HeldContents::~HeldContents() = default;

bool HeldContents::includes(const Scope& scope, std::string_view path, const Entry& entry,
                            const std::vector<CommitId>& states) {
  if (scope.is_whole()) return true;
  const std::lock_guard lock(mutex_);
  if (!memory_ || memory_->scope() != scope) memory_ = std::make_unique<Memory>(repository_, scope);
  return memory_->includes(path, entry, states);
}

}  // namespace isodb::repo
