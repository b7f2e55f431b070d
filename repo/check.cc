#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "isodb/error.h"
#include "isodb/repository.h"
#include "objects/commit_codec.h"
#include "objects/content.h"
#include "objects/tree.h"
#include "repo/authority.h"
#include "repo/commit_walk.h"
#include "repo/reachable.h"
#include "repo/state.h"

namespace isodb {
namespace {

/// Judges the commits of a history one by one, parents first.
class HistoryVerifier {
 public:
  explicit HistoryVerifier(RepositoryState& state) : state_(state), authority_(state.nodes()) {}

  /// "" when the commit holds; otherwise what is wrong.
  std::string problem(const CommitId& id, const Commit& commit) {
    if (commit.parents.empty()) {
      if (id != state_.root) return "it has no parents and is not this repository's root";
      if (!objects::commit_signature_holds(commit, Id{})) return "its signature does not hold";
      remember(id, commit);
      return {};
    }
    if (!objects::commit_signature_holds(commit, state_.root)) return "its signature does not hold";
    std::uint64_t sequence = 0;
    for (const CommitId& parent : commit.parents) {
      const auto known = facts_.find(parent);
      if (known == facts_.end()) return "its parent " + parent.short_hex() + " does not hold";
      if (commit.clock <= known->second.clock) return "its clock is not above its parents'";
      sequence = std::max(sequence, newest_sequence(known->second, commit.writer));
    }
    if (commit.sequence <= sequence) return "its seq is not above that of its writer's before";
    if (!base_is_a_parents(commit)) return "its base is not the tree of one of its parents";
    std::string found = problem_of_writes(commit);
    if (found.empty()) remember(id, commit);
    return found;
  }

 private:
  /// What later commits are held against. The newest sequence numbers are shared along a line of
  /// commits by one writer, so a long history of few writers stays small.
  struct Facts {
    HybridTime clock;
    TreeId tree;
    std::map<WriterId, std::uint64_t> sequences;
  };

  static std::uint64_t newest_sequence(const Facts& facts, WriterId writer) {
    const auto found = facts.sequences.find(writer);
    return found == facts.sequences.end() ? 0 : found->second;
  }

  void remember(const CommitId& id, const Commit& commit) {
    Facts facts{commit.clock, commit.tree, {}};
    for (const CommitId& parent : commit.parents) {
      for (const auto& [writer, sequence] : facts_.at(parent).sequences) {
        std::uint64_t& newest = facts.sequences[writer];
        newest = std::max(newest, sequence);
      }
    }
    facts.sequences[commit.writer] = commit.sequence;
    facts_.emplace(id, std::move(facts));
  }

  /// The base says who the members are and what is the author's own, so it is not the author's to
  /// choose. Commits with several parents are imported ones so far: theirs is a parent's tree.
  bool base_is_a_parents(const Commit& commit) const {
    return !commit.base ||
           std::any_of(commit.parents.begin(), commit.parents.end(), [&](const CommitId& parent) {
             return facts_.at(parent).tree == *commit.base;
           });
  }

  std::string problem_of_writes(const Commit& commit) {
    const objects::NodeReader nodes = state_.nodes();
    const TreeId base = repo::base_tree(state_, commit);
    // With several parents the members are those that merging them gives; their base is that tree.
    const std::optional<repo::Member> member = authority_.member(base, commit.author);
    std::vector<std::string> deleted;
    if (commit.deleted) {
      const objects::Object list = state_.read_object(*commit.deleted);
      const ContentKind kind =
          list.type == ObjectType::kList ? ContentKind::kList : ContentKind::kBlob;
      const std::uint64_t size = kind == ContentKind::kList
                                     ? objects::decode_list(list.payload).size
                                     : list.payload.size();
      deleted = objects::decode_deleted_paths(
          objects::read_content(*state_.store, {*commit.deleted, kind, size}));
    }
    if (!member || member->revoked || member->role == repo::Role::kReader) {
      return repo::write_problem(member, {});
    }
    objects::TreeDiff diff(nodes, base, commit.tree);
    while (const std::optional<objects::TreeDifference> change = diff.next()) {
      const std::string found = problem_of_change(commit, *change, deleted, member);
      if (!found.empty()) return "'" + change->path + "': " + found;
    }
    return {};
  }

  static std::string problem_of_change(const Commit& commit, const objects::TreeDifference& change,
                                       const std::vector<std::string>& deleted,
                                       const std::optional<repo::Member>& member) {
    if (const std::string denied = repo::write_problem(member, change.path); !denied.empty()) {
      return denied;
    }
    if (change.after) {
      return change.after->stamp == commit.stamp() ? "" : "it changed without the commit's stamp";
    }
    return std::binary_search(deleted.begin(), deleted.end(), change.path)
               ? ""
               : "it is gone and not listed as deleted";
  }

  RepositoryState& state_;
  repo::Authority authority_;
  std::unordered_map<Id, Facts> facts_;
};

}  // namespace

std::vector<Finding> Repository::verify(std::string_view revision,
                                        const ProgressFunction& progress) const {
  std::vector<Finding> findings;
  std::vector<CommitId> heads;
  if (!revision.empty()) {
    heads.push_back(resolve_commit(revision));
  } else {
    for (const RefInfo& ref : refs()) {
      if (ref.type == ObjectType::kTag) {
        const Tag signed_tag = tag(TagId(ref.target));
        if (!objects::tag_signature_holds(signed_tag, state_->root)) {
          findings.push_back({ref.name, "the tag's signature does not hold"});
        }
      }
      const Id target = state_->peel_tags(ref.target);
      if (state_->type_of(target) == ObjectType::kCommit) heads.emplace_back(target);
    }
  }
  std::vector<CommitId> newest_first;
  repo::CommitWalk walk(*state_, heads);
  while (const std::optional<repo::CommitWalk::Item> item = walk.next()) {
    newest_first.push_back(item->id);
  }
  HistoryVerifier verifier(*state_);
  for (std::size_t i = newest_first.size(); i-- > 0;) {
    const CommitId& id = newest_first[i];
    const std::string problem = verifier.problem(id, state_->read_commit(id));
    if (!problem.empty()) findings.push_back({id.hex(), problem});
    if (progress) progress({"commits", newest_first.size() - i, newest_first.size()});
  }
  return findings;
}

std::vector<Finding> Repository::fsck(const ProgressFunction& progress) const {
  std::vector<Finding> findings;
  // What is in memory proves nothing about what is on disk.
  state_->node_cache->clear();
  for (const std::string& problem : state_->database->check()) {
    findings.push_back({RepositoryState::kDatabaseName, problem});
  }
  state_->store->check_all(
      [&](const std::string& where, const std::string& problem) {
        findings.push_back({where, problem});
      },
      [&](std::uint64_t done, std::uint64_t all) {
        if (progress) progress({"objects", done, all});
      });
  repo::Reachable reachable(*state_);
  reachable.on_problem([&](const std::string& where, const std::string& problem) {
    findings.push_back({where, problem});
  });
  reachable.check_trees();
  std::uint64_t done = 0;
  reachable.visit_all([&](const Id&, ObjectType type) {
    if (type == ObjectType::kCommit && progress) progress({"commits", ++done, 0});
  });
  return findings;
}

}  // namespace isodb
