#include "sync/commit_rules.h"

#include "merge/authority.h"
#include "objects/commit_codec.h"
#include "repo/not_held.h"
#include "sync/clock_ahead.h"

namespace isodb::sync {

std::string CommitRules::author_problem(const std::vector<CommitId>& parents,
                                        const PublicKey& author) {
  try {
    const TreeId tree = repository_.merging->merged(parents, objects_).tree;
    // Of a clone, the root has only just come.
    const auto root_author = [this] {
      return objects::decode_commit(
                 objects::get_expected(objects_, repository_.root, ObjectType::kCommit))
          .author;
    };
    const merge::Authority authority({objects_, *repository_.node_cache}, root_author);
    const std::optional<merge::Member> member = authority.member(tree, author);
    const std::string who = "its author " + author.fingerprint();
    if (!member) return who + " is no member";
    if (member->revoked) return who + " is revoked";
    if (member->role == merge::Role::kReader) return who + " may not write: it belongs to a reader";
  } catch (const ContentNotHeld&) {          // a partial repository cannot merge the parents
  } catch (const repo::MergedFromErased&) {  // nor can anybody where what they hold is erased
  }
  return {};
}

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
