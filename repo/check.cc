#include <memory>
#include <sstream>
#include <unordered_set>
#include <utility>

#include "isodb/error.h"
#include "isodb/repository.h"
#include "isodb/scope.h"
#include "objects/commit_codec.h"
#include "objects/memory_store.h"
#include "repo/commit_walk.h"
#include "repo/examination.h"
#include "repo/not_held.h"
#include "repo/state.h"

namespace isodb {
namespace {

/// Heads of what was verified and held, one after the other.
constexpr const char* kSettingVerified = "verify.heads";

/// Judges the commits of a history one by one, parents first.
class HistoryVerifier {
 public:
  HistoryVerifier(RepositoryState& state, NotSeen& not_seen) : state_(state), not_seen_(not_seen) {}

  /// "" when the commit holds; otherwise what is wrong.
  std::string problem(const CommitId& id, const Commit& commit) {
    std::string found = find_problem(id, commit);
    if (!found.empty()) bad_.insert(id);
    return found;
  }

 private:
  std::string find_problem(const CommitId& id, const Commit& commit) {
    const bool is_root = commit.parents.empty();
    if (is_root && id != state_.root) return "it has no parents and is not this repository's root";
    if (!objects::commit_signature_holds(commit, is_root ? Id{} : Id(state_.root))) {
      return "its signature does not hold";
    }
    for (const CommitId& parent : commit.parents) {
      if (bad_.contains(parent)) return "its parent " + parent.short_hex() + " does not hold";
      if (commit.clock <= state_.read_commit(parent).clock) {
        return "its clock is not above its parents'";
      }
    }
    try {
      return merge_problem(id, commit);
    } catch (const ContentNotHeld&) {
      ++not_seen_.merges;
    } catch (const repo::MergedFromErased&) {
      ++not_seen_.merges_erased;
    }
    return state_.merging->denied(id);
  }

  std::string merge_problem(const CommitId& id, const Commit& commit) {
    objects::MemoryStore computed;
    const merge::CheckedCommit checked = state_.merging->check(id, commit, computed);
    if (!checked.refusal.empty()) return checked.refusal;
    if (!checked.base_as_stated) {
      return "the base that it states is not what its parents come to; what it wrote counts";
    }
    if (!checked.tree_as_stated) {
      return "its tree is not what its base and its writes come to; what it wrote counts";
    }
    return {};
  }

  RepositoryState& state_;
  NotSeen& not_seen_;
  std::unordered_set<Id> bad_;
};

/// What a verification looks at: everything in the past of some heads, and of no others.
class VerifyScope {
 public:
  VerifyScope(const Repository& repository, RepositoryState& state, std::vector<Finding>& findings)
      : repository_(repository), state_(state), findings_(findings) {}

  void add_everything() {
    for (const RefInfo& ref : repository_.refs()) {
      if (ref.type == ObjectType::kTag) {
        const Tag tag = repository_.tag(TagId(ref.target));
        if (!objects::tag_signature_holds(tag, state_.root)) {
          findings_.push_back({ref.name, "the tag's signature does not hold"});
        }
      }
      add(ref.name, state_.peel_tags(ref.target));
    }
  }

  void add(const std::string& name, const Id& target) {
    const ObjectType type = state_.type_of(target);
    if (type != ObjectType::kCommit && type != ObjectType::kMerge) return;
    const std::shared_ptr<const Head> head = state_.head(target);
    heads.insert(heads.end(), head->commits.begin(), head->commits.end());
    if (type == ObjectType::kMerge) merges.emplace_back(name, target);
  }

  /// Commits not in the past of `known`, parents first.
  std::vector<CommitId> commits(const std::vector<CommitId>& known) const {
    std::unordered_set<Id> skipped;
    std::vector<CommitId> newest_first;
    std::vector<CommitId> from = heads;
    from.insert(from.end(), known.begin(), known.end());
    repo::CommitWalk walk(state_, from);
    skipped.insert(known.begin(), known.end());
    while (const std::optional<repo::CommitWalk::Item> item = walk.next()) {
      if (!skipped.contains(item->id)) {
        newest_first.push_back(item->id);
        continue;
      }
      for (const CommitId& parent : item->commit.parents) skipped.insert(parent);
    }
    return {newest_first.rbegin(), newest_first.rend()};
  }

  std::vector<CommitId> heads;
  std::vector<std::pair<std::string, Id>> merges;  // with the refs that name them

 private:
  const Repository& repository_;
  RepositoryState& state_;
  std::vector<Finding>& findings_;
};

std::vector<CommitId> verified_heads(const RepositoryState& state) {
  std::vector<CommitId> heads;
  std::istringstream words(state.database->setting(kSettingVerified).value_or(""));
  for (std::string word; words >> word;) {
    const std::optional<Id> id = Id::from_hex(word);
    if (id && state.store->contains(*id)) heads.emplace_back(*id);
  }
  return heads;
}

void remember_verified(RepositoryState& state, std::vector<CommitId> heads) {
  std::string text;
  for (const CommitId& head : state.merging->heads_of(std::move(heads))) text += head.hex() + " ";
  refs::WriteBatch batch;
  batch.settings.emplace_back(kSettingVerified, text);
  state.database->write(batch);
}

}  // namespace

std::vector<Finding> Repository::verify(const VerifyOptions& options,
                                        const ProgressFunction& progress, NotSeen* not_seen) const {
  std::vector<Finding> findings;
  NotSeen missed;
  VerifyScope scope(*this, *state_, findings);
  if (options.revision.empty()) {
    scope.add_everything();
  } else {
    scope.add(options.revision, state_->peel_tags(resolve(options.revision)));
  }
  std::vector<CommitId> known;
  if (!options.again) known = verified_heads(*state_);
  if (!options.since.empty()) {
    const std::vector<CommitId> since = resolve_heads(options.since);
    known.insert(known.end(), since.begin(), since.end());
  }
  const std::vector<CommitId> commits = scope.commits(known);
  HistoryVerifier verifier(*state_, missed);
  std::uint64_t done = 0;
  for (const CommitId& id : commits) {
    const std::string problem = verifier.problem(id, state_->read_commit(id));
    if (!problem.empty()) findings.push_back({id.hex(), problem});
    if (progress) progress({"commits", ++done, commits.size()});
  }
  for (const auto& [name, id] : scope.merges) {
    try {
      objects::MemoryStore computed;
      const merge::State state = state_->merging->state(state_->head(id)->commits, computed);
      if (state.merge == MergeId(id)) continue;
      findings.push_back({name, "the merge " + id.short_hex() + " is not what its heads come to"});
    } catch (const ContentNotHeld&) {
      ++missed.merges;
    } catch (const repo::MergedFromErased&) {
      ++missed.merges_erased;
    }
  }
  if (not_seen != nullptr) *not_seen = missed;
  // What could not be computed is tried again: it may have come by then.
  if (findings.empty() && missed.merges == 0 && options.since.empty() &&
      !state_->options.read_only) {
    std::vector<CommitId> held = verified_heads(*state_);
    held.insert(held.end(), scope.heads.begin(), scope.heads.end());
    remember_verified(*state_, std::move(held));
  }
  return findings;
}

std::vector<Finding> Repository::fsck(const ProgressFunction& progress, NotSeen* not_seen) const {
  repo::Examination examination(*state_);
  examination.read_everything(progress);
  examination.walk(progress);
  if (not_seen != nullptr) {
    not_seen->contents = examination.contents_not_held();
    not_seen->contents_erased = examination.contents_erased();
  }
  return examination.findings();
}

}  // namespace isodb
