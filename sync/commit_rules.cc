#include "sync/commit_rules.h"

#include "objects/commit_codec.h"
#include "repo/not_held.h"

namespace isodb::sync {
namespace {

constexpr std::uint64_t kClockAheadMillisMax = 24 * 60 * 60 * std::uint64_t{1000};

}  // namespace

CommitRules::Verdict CommitRules::verdict(const CommitId& id, const Commit& commit) {
  for (const CommitId& parent : commit.parents) {
    const Commit before =
        objects::decode_commit(objects::get_expected(objects_, parent, ObjectType::kCommit));
    if (commit.clock <= before.clock) {
      return {"its clock is not above that of its parent " + parent.short_hex(), 0};
    }
  }
  if (commit.clock.millis() > repository_.environment.now_millis() + kClockAheadMillisMax) {
    return {"its clock is more than 24 hours ahead of this device's",
            commit.clock.millis() - kClockAheadMillisMax};
  }
  try {
    return {repository_.merging->check(id, commit, objects_).refusal, 0};
  } catch (const repo::MergedFromErased&) {
    // Nobody can merge that again: what its author signed stands.
    return {repository_.merging->denied(id, &objects_), 0};
  }
}

std::string CommitRules::tree_problem(const Commit& commit) {
  std::string found;
  if (!trees_) trees_.emplace(objects::NodeReader{objects_, *repository_.node_cache});
  const auto report = [&](const Id& node, const std::string& problem) {
    if (found.empty()) found = "node " + node.hex() + ": " + problem;
  };
  trees_->verify(commit.tree, report);
  if (commit.base) trees_->verify(*commit.base, report);
  if (commit.deleted && !objects_.contains(*commit.deleted)) found = "no list of deleted paths";
  return found;
}

}  // namespace isodb::sync
