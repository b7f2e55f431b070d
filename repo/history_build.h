#pragma once

#include <optional>
#include <span>
#include <unordered_set>
#include <vector>

#include "repo/history_index.h"
#include "repo/state.h"

namespace isodb::repo {

/// Looks through commits that the history index does not have yet, for its next segment. Borrows
/// the repository. One thread at a time.
class HistoryBuild {
 public:
  /// A commit that changes more than `paths_max` paths is noted as wide.
  HistoryBuild(const RepositoryState& repository, std::size_t paths_max);

  /// These commits, each after its parents, as the segment behind all that `known` has.
  /// Error(kCorrupt) where a parent is missing or its clock not below its child's.
  SegmentData segment(std::span<const CommitId> commits, const HistoryView& known) const;

 private:
  /// nullopt: too many, or not to be told.
  std::optional<std::vector<PathKey>> touches(const CommitId& id, const Commit& commit,
                                              const TreeId& base) const;

  const RepositoryState& repository_;
  const std::size_t paths_max_;
  std::unordered_set<Id> computed_;  // commits whose trees say what they did not do
};

}  // namespace isodb::repo
