#include <algorithm>
#include <iterator>
#include <utility>

#include "isodb/error.h"
#include "isodb/repository.h"
#include "objects/content.h"
#include "objects/tree.h"
#include "repo/state.h"

namespace isodb {
namespace {

/// Heads that were set aside are kept under a ref each, for they count again once a member's commit
/// descends from them.
std::string peeled_prefix(const std::string& branch) {
  return "peeled/" + branch + "/";
}

/// What is brought together, and what it came to before anything is stored.
struct Attempt {
  Id before;
  std::vector<refs::Ref> peeled_before;
  merge::State state;
  Id after;
};

Attempt compute(RepositoryState& repository, const std::string& branch,
                const std::vector<CommitId>& others, objects::ObjectStore& objects) {
  Attempt attempt;
  const std::optional<Id> before = repository.database->ref(branch);
  if (!before) {
    throw Error(ErrorCode::kNotFound, "there is no branch '" + branch + "'",
                "isodb branch lists the branches");
  }
  attempt.before = *before;
  attempt.peeled_before = repository.database->refs(peeled_prefix(branch));
  std::vector<CommitId> heads = repository.head(*before)->commits;
  heads.insert(heads.end(), others.begin(), others.end());
  for (const refs::Ref& ref : attempt.peeled_before) heads.emplace_back(ref.target);
  attempt.state = repository.merging->state(heads, objects);
  attempt.after = attempt.state.merge ? Id(*attempt.state.merge) : Id(attempt.state.heads.front());
  return attempt;
}

MergeOutcome outcome_of(RepositoryState& repository, const Attempt& attempt) {
  MergeOutcome outcome;
  outcome.before = attempt.before;
  outcome.after = attempt.after;
  outcome.heads = attempt.state.heads;
  outcome.peeled = attempt.state.peeled;
  outcome.merged_paths = attempt.state.statistics.merged;
  outcome.paths_in_conflict = attempt.state.statistics.conflicts;
  const std::vector<CommitId>& own = repository.head(attempt.before)->commits;
  if (attempt.after == attempt.before) {
    outcome.kind = MergeOutcome::Kind::kUpToDate;
  } else if (std::none_of(own.begin(), own.end(), [&](const CommitId& head) {
               return std::binary_search(outcome.heads.begin(), outcome.heads.end(), head);
             })) {
    outcome.kind = MergeOutcome::Kind::kFastForward;
  } else {
    outcome.kind = MergeOutcome::Kind::kMerged;
  }
  return outcome;
}

/// The moves that make a branch point to what was computed and keep what was set aside.
void add_moves(refs::WriteBatch& batch, const std::string& branch, const Attempt& attempt,
               const std::string& reason) {
  batch.moves.push_back({branch, attempt.before, attempt.after, reason});
  const std::vector<CommitId>& peeled = attempt.state.peeled;
  for (const refs::Ref& ref : attempt.peeled_before) {
    if (std::find(peeled.begin(), peeled.end(), CommitId(ref.target)) == peeled.end()) {
      batch.moves.push_back({ref.name, ref.target, std::nullopt, "merge: counts again"});
    }
  }
  for (const CommitId& commit : peeled) {
    const std::string name = peeled_prefix(branch) + commit.hex();
    const bool known = std::any_of(attempt.peeled_before.begin(), attempt.peeled_before.end(),
                                   [&](const refs::Ref& ref) { return ref.name == name; });
    if (!known) batch.moves.push_back({name, std::nullopt, commit, "merge: set aside"});
  }
}

std::vector<Version> described(const RepositoryState& repository,
                               const std::vector<merge::PathVersion>& versions) {
  std::vector<Version> result;
  for (const merge::PathVersion& version : versions) {
    const Commit commit = repository.read_commit(version.commit);
    result.push_back({version.commit, commit.author, commit.clock, version.entry});
  }
  return result;
}

std::string part_name(merge::DocumentPart part) {
  switch (part) {
    case merge::DocumentPart::kMediaType:
      return "media-type";
    case merge::DocumentPart::kMetadata:
      return "metadata";
    default:
      return "content";
  }
}

}  // namespace

MergeOutcome Repository::merge(std::string_view revision, const std::string& branch_ref) {
  constexpr int kRoundsMax = 1000;
  const std::string branch = branch_ref.empty() ? current_branch() : branch_ref;
  if (state_->options.read_only) {
    throw Error(ErrorCode::kDenied, "the repository is open for reading only");
  }
  const std::vector<CommitId> others = resolve_heads(revision);
  for (int round = 0; round < kRoundsMax; ++round) {
    refs::WriteBatch batch;
    batch.collection_generation = state_->store->collection_generation();
    refs::LooseBatch objects(*state_->store);
    const Attempt attempt = compute(*state_, branch, others, objects);
    MergeOutcome outcome = outcome_of(*state_, attempt);
    if (outcome.kind == MergeOutcome::Kind::kUpToDate &&
        attempt.peeled_before.size() == attempt.state.peeled.size()) {
      return outcome;
    }
    if (!objects.empty()) batch.loose.push_back(objects.take());
    add_moves(batch, branch, attempt, "merge: " + std::string(revision));
    batch.writer = state_->key().public_key().fingerprint();
    batch.at_millis = state_->environment.now_millis();
    if (!state_->database->write(batch).lost) {
      state_->store->refresh();
      state_->pack_when_due();
      return outcome;
    }
    state_->store->refresh();
  }
  throw Error(ErrorCode::kBusy, "other processes moved the branch 1000 times in a row",
              "try again");
}

MergePlan Repository::plan_merge(std::string_view revision, const std::string& branch_ref) {
  const std::string branch = branch_ref.empty() ? current_branch() : branch_ref;
  const auto objects = std::make_shared<refs::LooseBatch>(*state_->store);
  const Attempt attempt = compute(*state_, branch, resolve_heads(revision), *objects);
  MergePlan plan;
  plan.outcome_ = outcome_of(*state_, attempt);
  const objects::NodeReader nodes(*objects, *state_->node_cache);
  objects::TreeDiff diff(nodes, state_->head(attempt.before)->tree, attempt.state.tree);
  while (std::optional<objects::TreeDifference> found = diff.next()) {
    plan.changes_.push_back(
        {std::move(found->path), std::move(found->before), std::move(found->after)});
  }
  plan.read_ = [objects, repository = state_](const Entry& entry) {
    return objects::read_content(*objects, repo::content_ref(entry));
  };
  return plan;
}

Bytes MergePlan::read(const Entry& entry) const {
  return read_(entry);
}

void Repository::conflicts(std::string_view revision, std::string_view prefix,
                           const std::function<bool(const PathConflict&)>& take) const {
  const Snapshot at = snapshot(revision);
  objects::Cursor cursor(state_->nodes(), at.tree_id());
  cursor.seek(prefix);
  for (;; cursor.next()) {
    if (cursor.valid()) cursor.seek_to_flag(kFlagConflict);
    if (!cursor.valid() || !cursor.path().starts_with(prefix)) return;
    const merge::PathState found = state_->merging->path_state(cursor.path(), at.heads());
    PathConflict conflict;
    conflict.path = cursor.path();
    conflict.entry = cursor.entry();
    conflict.versions = described(*state_, found.versions);
    for (const merge::Conflict& reason : found.conflicts) {
      conflict.reasons.push_back(
          {part_name(reason.part), reason.field, std::string(merge::reason_name(reason.reason))});
    }
    if (found.script) conflict.script_message = found.script->message;
    if (!take(conflict)) return;
  }
}

std::vector<Version> Repository::versions(std::string_view revision,
                                          const std::string& path) const {
  return described(*state_, state_->merging->versions(path, resolve_heads(revision)));
}

}  // namespace isodb
