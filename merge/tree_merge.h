#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "merge/content_missing.h"
#include "merge/workspace.h"
#include "objects/tree.h"

namespace isodb::merge {

/// What computing a state took, and what it found. A plain value.
struct MergeStatistics {
  std::uint64_t commits = 0;    ///< in the past of some head and not of all
  std::uint64_t compared = 0;   ///< paths in which the heads' trees differ
  std::uint64_t merged = 0;     ///< paths with several versions whose merge was computed
  std::uint64_t conflicts = 0;  ///< of these, flagged
  std::uint64_t remerged = 0;   ///< of these, only because rules, scripts or the epoch differ
};

/// S(past(heads)) as a tree.
struct MergedTree {
  TreeId tree;
  std::uint64_t epoch = 1;
  MergeStatistics statistics;
};

/// Merges the trees of heads, of which none is an ancestor of another. No base is needed: a path
/// that differs between two trees has in each the stamp of its writer, and whether one head's past
/// holds the other's writer says which is newer, or that both are versions. Reads what differs and
/// what has to be merged, O(d log n); writes new nodes and documents to `sink`. One use. Borrows.
class TreeMerge {
 public:
  TreeMerge(Workspace& workspace, objects::ObjectSink& sink, Commits heads);
  MergedTree run();

 private:
  struct Difference;
  class Differences;
  struct Decision;

  void choose_pivot();
  /// The paths that have to be decided.
  void visit_differences(const std::string& prefix,
                         const std::function<void(const Difference&)>& visit);
  void collect_deletions();
  void collect_twins();
  void settle_governed();
  void settle_rest();
  void settle_flagged();
  Decision decide(const Difference& difference);
  std::optional<Commits> plain_versions(const Difference& difference, const Commits& deleted);
  Commits listed_versions(const Difference& difference, const Commits& deleted);
  Commits deleters(const std::string& path) const;
  bool depends_on_erased(const std::string& path, const Commits& versions);
  bool is_of_twins(const std::optional<Entry>& entry) const;
  std::optional<CommitIndex> writer_in_region(const Entry& entry) const;
  bool is_past_of_only(CommitIndex commit, const std::vector<std::uint64_t>& heads) const;
  void settle(const Difference& difference, const Decision& decision);

  Workspace& workspace_;
  History& history_;
  objects::ObjectSink& sink_;
  Commits heads_;  // the first is the pivot
  CommitGraph::Region region_;
  std::vector<std::pair<std::string, CommitIndex>> deletions_;  // in the region, ascending
  std::set<std::string> of_twins_;  // paths that twins in the region wrote
  EnvironmentPtr environment_;
  ErasedPtr erased_;
  std::vector<objects::TreeChange> changes_;
  std::vector<std::string> settled_;  // ascending; only where the environment is not the pivot's
  MergeStatistics statistics_;
  MissedContents missed_;
};

/// Merges the versions of a path, two or more, and makes the entry; content that is new goes to
/// `sink`. nullopt where all are deletions.
std::optional<Entry> store_merged(Workspace& workspace, objects::ObjectSink& sink,
                                  const std::string& path, const Commits& versions,
                                  const EnvironmentPtr& environment, const Erased& erased);

/// The entries of `tree` that were merged in the surroundings `before` and come out otherwise in
/// `after`; `heads` are commits whose merge, but for writes on top, the tree is.
std::vector<objects::TreeChange> remerge_flagged(Workspace& workspace, objects::ObjectSink& sink,
                                                 const TreeId& tree, const Commits& heads,
                                                 const Surroundings& before,
                                                 const Surroundings& after);

}  // namespace isodb::merge
