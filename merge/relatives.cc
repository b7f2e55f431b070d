#include "merge/relatives.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace isodb::merge {

Relatives::Relatives(CommitGraph& graph, CommitIndex self, const Commits& heads)
    : graph_(graph), self_(self), heads_(heads), past_{self}, open_({self}, Before{&graph}) {}

bool Relatives::is_concurrent(CommitIndex other) {
  if (other == self_) return false;
  if (graph_.before(other, self_)) return !is_in_past(other);
  find_descendants();
  return !descendants_->contains(other);
}

bool Relatives::is_in_past(CommitIndex other) {
  while (!open_.empty() && graph_.before(other, *open_.rbegin())) {
    const CommitIndex commit = open_.extract(std::prev(open_.end())).value();
    for (const CommitIndex parent : graph_.facts(commit).parents) {
      if (past_.insert(parent).second) open_.insert(parent);
    }
  }
  return past_.contains(other);
}

/// A commit is greater than its parents, so that in ascending order they are decided first.
void Relatives::find_descendants() {
  if (descendants_) return;
  descendants_.emplace();
  Commits later;  // greatest first
  graph_.walk(heads_, [&](CommitIndex commit) {
    if (!graph_.before(self_, commit)) return CommitGraph::Step::kStop;
    later.push_back(commit);
    return CommitGraph::Step::kParents;
  });
  for (auto commit = later.rbegin(); commit != later.rend(); ++commit) {
    const Commits& parents = graph_.facts(*commit).parents;
    const bool descends = std::any_of(parents.begin(), parents.end(), [&](CommitIndex parent) {
      return parent == self_ || descendants_->contains(parent);
    });
    if (descends) descendants_->insert(*commit);
  }
}

}  // namespace isodb::merge
