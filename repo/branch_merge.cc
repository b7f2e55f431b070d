#include "repo/branch_merge.h"

#include <algorithm>

#include "isodb/error.h"
#include "isodb/scope.h"

namespace isodb::repo {

bool BranchMerge::is_done() const {
  // Refs come by name, which are the ids here.
  return before == after && merged_waiting.empty() &&
         std::equal(peeled_before.begin(), peeled_before.end(), state.peeled_heads.begin(),
                    state.peeled_heads.end(), [](const refs::Ref& ref, const CommitId& commit) {
                      return CommitId(ref.target) == commit;
                    });
}

std::vector<CommitId> BranchMerge::newly_peeled() const {
  std::vector<CommitId> peeled = state.peeled_heads;
  std::erase_if(peeled, [&](const CommitId& commit) {
    const std::string name = peeled_prefix(branch) + commit.hex();
    return std::any_of(peeled_before.begin(), peeled_before.end(),
                       [&](const refs::Ref& ref) { return ref.name == name; });
  });
  return peeled;
}

std::string peeled_prefix(const std::string& branch) {
  return "peeled/" + branch + "/";
}

std::string waiting_prefix(const std::string& branch) {
  return "waiting/" + branch + "/";
}

std::vector<CommitId> branch_heads(RepositoryState& repository, const std::string& branch) {
  std::vector<CommitId> heads;
  if (const std::optional<Id> target = repository.database->ref(branch)) {
    heads = repository.head(*target)->commits;
  }
  for (const std::string& prefix : {peeled_prefix(branch), waiting_prefix(branch)}) {
    for (const refs::Ref& ref : repository.database->refs(prefix)) heads.emplace_back(ref.target);
  }
  return heads;
}

BranchMerge merge_into_branch(RepositoryState& repository, const std::string& branch,
                              const std::vector<CommitId>& others, objects::ObjectStore& objects) {
  BranchMerge merge;
  merge.branch = branch;
  merge.before = repository.database->ref(branch);
  merge.peeled_before = repository.database->refs(peeled_prefix(branch));
  std::vector<CommitId> heads;
  if (merge.before) heads = repository.head(*merge.before)->commits;
  heads.insert(heads.end(), others.begin(), others.end());
  for (const refs::Ref& ref : merge.peeled_before) heads.emplace_back(ref.target);
  merge.merged_waiting = repository.database->refs(waiting_prefix(branch));
  if (!merge.merged_waiting.empty()) {
    std::vector<CommitId> all = heads;
    for (const refs::Ref& ref : merge.merged_waiting) all.emplace_back(ref.target);
    try {
      merge.state = repository.merging->state(all, objects);
    } catch (const ContentNotHeld&) {
      merge.merged_waiting.clear();
    }
  }
  if (merge.merged_waiting.empty()) merge.state = repository.merging->state(heads, objects);
  merge.after = merge.state.merge ? Id(*merge.state.merge) : Id(merge.state.heads.front());
  return merge;
}

MergeOutcome outcome_of(RepositoryState& repository, const BranchMerge& merge) {
  MergeOutcome outcome;
  outcome.before = merge.before.value_or(Id{});
  outcome.after = merge.after;
  outcome.heads = merge.state.heads;
  outcome.peeled = merge.state.peeled;
  outcome.merged_paths = merge.state.statistics.merged;
  outcome.paths_in_conflict = merge.state.statistics.conflicts;
  if (merge.after == merge.before) {
    outcome.kind = MergeOutcome::Kind::kUpToDate;
    return outcome;
  }
  const std::vector<CommitId> own =
      merge.before ? repository.head(*merge.before)->commits : std::vector<CommitId>{};
  const bool has_own = std::any_of(own.begin(), own.end(), [&](const CommitId& head) {
    return std::binary_search(outcome.heads.begin(), outcome.heads.end(), head);
  });
  outcome.kind = has_own ? MergeOutcome::Kind::kMerged : MergeOutcome::Kind::kFastForward;
  return outcome;
}

void add_waiting(refs::WriteBatch& batch, RepositoryState& repository, const std::string& branch,
                 const std::vector<CommitId>& others) {
  const std::vector<CommitId> known = branch_heads(repository, branch);
  std::vector<CommitId> all = known;
  all.insert(all.end(), others.begin(), others.end());
  const std::vector<CommitId> heads = repository.merging->heads_of(std::move(all));
  for (const CommitId& head : heads) {
    if (std::find(known.begin(), known.end(), head) != known.end()) continue;
    const std::string name = waiting_prefix(branch) + head.hex();
    batch.moves.push_back({name, std::nullopt, head, "merge: waits for contents"});
  }
  for (const refs::Ref& ref : repository.database->refs(waiting_prefix(branch))) {
    if (std::find(heads.begin(), heads.end(), CommitId(ref.target)) != heads.end()) continue;
    batch.moves.push_back({ref.name, ref.target, std::nullopt, "merge: a later head waits"});
  }
}

void add_moves(refs::WriteBatch& batch, const BranchMerge& merge, const std::string& reason) {
  if (merge.before != merge.after) {
    batch.moves.push_back({merge.branch, merge.before, merge.after, reason});
  }
  const std::vector<CommitId>& peeled = merge.state.peeled_heads;
  for (const refs::Ref& ref : merge.peeled_before) {
    if (std::find(peeled.begin(), peeled.end(), CommitId(ref.target)) == peeled.end()) {
      batch.moves.push_back(
          {ref.name, ref.target, std::nullopt, "merge: no longer a head set aside"});
    }
  }
  for (const refs::Ref& ref : merge.merged_waiting) {
    batch.moves.push_back({ref.name, ref.target, std::nullopt, "merge: what it needs has come"});
  }
  for (const CommitId& commit : merge.newly_peeled()) {
    batch.moves.push_back(
        {peeled_prefix(merge.branch) + commit.hex(), std::nullopt, commit, "merge: set aside"});
  }
}

}  // namespace isodb::repo
