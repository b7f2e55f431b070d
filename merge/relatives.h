#pragma once

#include <optional>
#include <set>
#include <unordered_set>

#include "merge/commit_graph.h"

namespace isodb::merge {

/// Tells which commits are concurrent with one commit. All questions together look at each commit
/// once, where CommitGraph::in_past() walks anew for each: whoever was revoked may have written any
/// number of commits. Borrows the graph. One thread at a time.
class Relatives {
 public:
  /// `self` and whatever is asked about are in past(heads).
  Relatives(CommitGraph& graph, CommitIndex self, const Commits& heads);

  /// Does neither see the other? No for `self`.
  bool is_concurrent(CommitIndex other);

 private:
  bool is_in_past(CommitIndex other);
  void find_descendants();

  CommitGraph& graph_;
  const CommitIndex self_;
  const Commits heads_;
  std::optional<std::unordered_set<CommitIndex>> descendants_;
  /// Of the past of self: what was met, and of that what was not looked at yet. The greatest of
  /// the latter is the limit of what is known.
  std::unordered_set<CommitIndex> past_;
  struct Before {
    const CommitGraph* graph;
    bool operator()(CommitIndex a, CommitIndex b) const { return graph->before(a, b); }
  };
  std::set<CommitIndex, Before> open_;
};

}  // namespace isodb::merge
