#pragma once

#include <functional>
#include <optional>
#include <queue>
#include <unordered_set>
#include <vector>

#include "isodb/commit.h"
#include "repo/state.h"

namespace isodb::repo {

/// Walks history from some heads back, newest clock first. A commit's clock is above its parents',
/// so every commit comes before its parents; equal clocks are ordered by id. Each commit once. One
/// thread.
class CommitWalk {
 public:
  struct Item {
    CommitId id;
    Commit commit;
  };
  CommitWalk(const RepositoryState& state, const std::vector<CommitId>& heads);

  /// Parents are queued as their child is handed out; `stop_at_clock` leaves out those below it.
  std::optional<Item> next(HybridTime stop_at_clock = {});
  /// Leaves out parents for which `is_known` says yes, and all before them.
  std::optional<Item> next_unless(const std::function<bool(const CommitId&)>& is_known,
                                  HybridTime stop_at_clock = {});

 private:
  struct ByClock {
    bool operator()(const Item& a, const Item& b) const {
      if (a.commit.clock != b.commit.clock) return a.commit.clock < b.commit.clock;
      return a.id < b.id;
    }
  };
  void push(const CommitId& id, HybridTime stop_at_clock);

  const RepositoryState& state_;
  std::priority_queue<Item, std::vector<Item>, ByClock> queue_;
  std::unordered_set<Id> seen_;
};

/// The tree before the author's own writes.
TreeId base_tree(const RepositoryState& state, const Commit& commit);

}  // namespace isodb::repo
