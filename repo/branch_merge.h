#pragma once

#include <optional>
#include <string>
#include <vector>

#include "isodb/repository.h"
#include "merge/state_engine.h"
#include "refs/database.h"
#include "repo/state.h"

namespace isodb::repo {

/// What a branch and other commits come to together, before anything of it is stored. A plain
/// value.
struct BranchMerge {
  std::string branch;
  std::optional<Id> before;  ///< nullopt: the branch is new
  std::vector<refs::Ref> peeled_before;
  std::vector<refs::Ref> merged_waiting;  ///< that wait no longer
  merge::State state;
  Id after;

  /// Whether storing it would change nothing.
  bool is_done() const;
  /// Heads that are set aside now and were not before.
  std::vector<CommitId> newly_peeled() const;
};

/// Heads that were set aside are kept, with all before them, under a ref each, for they count again
/// once a member's commit descends from them: "peeled/heads/main/<id>".
std::string peeled_prefix(const std::string& branch);
/// Heads that could not be merged yet, because a partial repository does not hold the contents that
/// it takes, are kept likewise until they are: "waiting/heads/main/<id>".
std::string waiting_prefix(const std::string& branch);
/// The commits that a branch has: its heads, those that were set aside and those that wait.
std::vector<CommitId> branch_heads(RepositoryState& repository, const std::string& branch);

/// Computes; nodes, documents and the merge object go to `objects`. At least one commit in all.
/// Takes in the heads that wait where that is possible now. ContentNotHeld where `others` cannot be
/// merged.
BranchMerge merge_into_branch(RepositoryState& repository, const std::string& branch,
                              const std::vector<CommitId>& others, objects::ObjectStore& objects);
MergeOutcome outcome_of(RepositoryState& repository, const BranchMerge& merge);
/// The moves that keep `others`, which could not be merged, until they can be: the branch stays.
void add_waiting(refs::WriteBatch& batch, RepositoryState& repository, const std::string& branch,
                 const std::vector<CommitId>& others);
/// The moves that make the branch point to what was computed and keep what was set aside.
void add_moves(refs::WriteBatch& batch, const BranchMerge& merge, const std::string& reason);

}  // namespace isodb::repo
