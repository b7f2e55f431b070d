#include <algorithm>
#include <iterator>
#include <utility>

#include "isodb/error.h"
#include "isodb/repository.h"
#include "isodb/scope.h"
#include "objects/content.h"
#include "objects/tree.h"
#include "repo/branch_merge.h"
#include "repo/erase_removal.h"
#include "repo/state.h"

namespace isodb {
namespace {

void check_is_branch(RepositoryState& repository, const std::string& branch) {
  if (repository.database->ref(branch)) return;
  throw Error(ErrorCode::kNotFound, "there is no branch '" + branch + "'",
              "isodb branch lists the branches");
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

std::uint64_t count_conflicts(const objects::NodeReader& nodes, const TreeId& tree) {
  objects::Cursor cursor(nodes, tree);
  std::uint64_t count = 0;
  for (cursor.seek({}); cursor.valid(); cursor.next()) {
    cursor.seek_to_flag(kFlagConflict);
    if (!cursor.valid()) break;
    ++count;
  }
  return count;
}

/// The outcome of what was computed, with what only its tree tells.
MergeOutcome whole_outcome(RepositoryState& repository, const repo::BranchMerge& merge,
                           const objects::ObjectSource& objects) {
  MergeOutcome outcome = repo::outcome_of(repository, merge);
  outcome.paths_remaining =
      count_conflicts(objects::NodeReader(objects, *repository.node_cache), merge.state.tree);
  return outcome;
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
  check_is_branch(*state_, branch);
  for (int round = 0; round < kRoundsMax; ++round) {
    refs::WriteBatch batch;
    batch.collection_generation = state_->store->collection_generation();
    refs::LooseBatch objects(*state_->store);
    const repo::BranchMerge merge = repo::merge_into_branch(*state_, branch, others, objects);
    MergeOutcome outcome = whole_outcome(*state_, merge, objects);
    if (merge.is_done()) return outcome;
    repo::expect_removal_by(*state_, {objects, *state_->node_cache}, merge.state.tree, batch);
    if (!objects.empty()) batch.loose.push_back(objects.take());
    repo::add_moves(batch, merge, "merge: " + std::string(revision));
    batch.writer = state_->key().public_key().fingerprint();
    batch.at_millis = state_->environment.now_millis();
    if (!state_->database->write(batch).lost) {
      state_->store->refresh();
      state_->pack_when_due();
      repo::try_removal(*state_, repo::RemovalPatience::kWaits);  // what a remote erased counts now
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
  check_is_branch(*state_, branch);
  const repo::BranchMerge merge =
      repo::merge_into_branch(*state_, branch, resolve_heads(revision), *objects);
  MergePlan plan;
  plan.outcome_ = whole_outcome(*state_, merge, *objects);
  const objects::NodeReader nodes(*objects, *state_->node_cache);
  objects::TreeDiff diff(nodes, state_->head(*merge.before)->tree, merge.state.tree);
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
    PathConflict conflict;
    merge::PathState found;
    try {
      found = state_->merging->path_state(cursor.path(), at.heads());
    } catch (const ContentNotHeld&) {
      // That it is in conflict, and which its versions are, is known without the contents.
      found.versions = state_->merging->versions(cursor.path(), at.heads());
      conflict.reasons.push_back({part_name(merge::DocumentPart::kContent), "", "not-held"});
    }
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

std::uint64_t Repository::conflict_count(std::string_view revision) const {
  return count_conflicts(state_->nodes(), snapshot(revision).tree_id());
}

std::vector<Version> Repository::versions(std::string_view revision,
                                          const std::string& path) const {
  return described(*state_, state_->merging->versions(path, resolve_heads(revision)));
}

}  // namespace isodb
