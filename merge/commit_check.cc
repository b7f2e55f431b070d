#include "merge/commit_check.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

namespace isodb::merge {

TreeId remerged_tree(Workspace& workspace, objects::ObjectSink& sink, const Commits& heads,
                     const TreeId& base, const TreeId& tree) {
  if (base == tree || heads.empty()) return tree;
  const auto flagged = workspace.history.nodes().node(tree)->flags() & kFlagMerged;
  if (flagged == 0) return tree;
  const std::vector<objects::TreeChange> changes =
      remerge_flagged(workspace, sink, tree, heads, workspace.environment_of_tree(base),
                      workspace.environment_of_tree(tree));
  return objects::edit_tree(workspace.history.nodes(), sink, tree, changes);
}

CommitCheck::CommitCheck(Workspace& workspace, objects::ObjectSink& sink, CommitIndex commit,
                         const CommitId& root)
    : workspace_(workspace),
      history_(workspace.history),
      sink_(sink),
      commit_(commit),
      root_(root) {}

void CommitCheck::read_writes(const TreeId& base) {
  if (writes_read_) return;
  writes_read_ = true;
  const CommitFacts& facts = history_.graph().facts(commit_);
  const auto held = history_.deleted_paths(commit_);
  const std::vector<std::string>& deleted = *held;
  objects::TreeDiff diff(history_.nodes(), base, facts.tree);
  while (auto difference = diff.next()) {
    const bool is_deleted = std::binary_search(deleted.begin(), deleted.end(), difference->path);
    if (difference->after && (difference->after->flags & kFlagMerged) == 0 &&
        difference->after->stamp == facts.stamp) {
      if (is_deleted) clash_ = difference->path;
      if (difference->after->flags != 0) flagged_ = difference->path;
      writes_.push_back({std::move(difference->path), std::move(difference->after)});
    } else if (is_deleted && difference->before) {
      is_odd_ = is_odd_ || difference->after.has_value();
      writes_.push_back({std::move(difference->path), std::nullopt});
    } else {
      is_odd_ = true;
    }
  }
  // What the list names and the difference does not show: not there before, or left where it was.
  std::vector<objects::TreeChange> others;
  std::size_t at = 0;
  for (const std::string& path : deleted) {
    while (at < writes_.size() && writes_[at].path < path) ++at;
    if (at < writes_.size() && writes_[at].path == path) continue;
    const bool is_there = objects::find_entry(history_.nodes(), base, path).has_value();
    is_odd_ = is_odd_ || is_there;
    others.push_back({path, std::nullopt});
  }
  const auto middle = static_cast<std::ptrdiff_t>(writes_.size());
  std::move(others.begin(), others.end(), std::back_inserter(writes_));
  std::inplace_merge(writes_.begin(), writes_.begin() + middle, writes_.end(),
                     [](const auto& a, const auto& b) { return a.path < b.path; });
}

std::string CommitCheck::denied(const TreeId& base) {
  const CommitFacts& facts = history_.graph().facts(commit_);
  if (facts.parents.empty()) {
    return facts.id == root_ ? std::string() : "it is the root of another repository";
  }
  read_writes(base);
  const Authority authority(history_.nodes(), [this] {
    return history_.graph().peek(history_.graph().add(root_)).author;
  });
  const std::optional<Member> member = authority.member(base, facts.author);
  const std::string who = "its author " + facts.author.fingerprint();
  if (!member) return who + " is no member";
  if (member->revoked) return who + " is revoked";
  for (const objects::TreeChange& write : writes_) {
    const std::string problem = write_problem(member, write.path);
    if (problem.empty()) continue;
    std::string denial = who;
    return denial.append(" may not write '").append(write.path).append("': ").append(problem);
  }
  return {};
}

/// seq is above that of every ancestor by the same author and writer.
std::string CommitCheck::sequence_problem() {
  CommitGraph& graph = history_.graph();
  const CommitFacts& facts = graph.facts(commit_);
  // Numbers rise along history, so that those of its latest ancestors tell.
  for (const CommitIndex ancestor :
       graph.latest_of(facts.author, facts.stamp.writer, facts.parents)) {
    const CommitFacts& other = graph.peek(ancestor);
    if (other.sequence < facts.sequence) continue;
    return "its seq " + std::to_string(facts.sequence) + " is not above that of its ancestor " +
           other.id.hex();
  }
  return {};
}

TreeId CommitCheck::expected_tree(const TreeId& base) {
  const CommitFacts& facts = history_.graph().facts(commit_);
  TreeId plain = facts.tree;
  if (is_odd_) plain = objects::edit_tree(history_.nodes(), sink_, base, writes_);
  return remerged_tree(workspace_, sink_, facts.parents, base, plain);
}

void CommitCheck::run(CheckedCommit& checked) {
  const CommitFacts& facts = history_.graph().facts(commit_);
  checked.refusal = sequence_problem();
  if (checked.refusal.empty()) checked.refusal = denied(checked.base);
  if (!checked.refusal.empty()) return;
  read_writes(checked.base);
  if (!clash_.empty()) {
    checked.refusal = "it deletes '" + clash_ + "', which its own tree holds";
    return;
  }
  if (!flagged_.empty()) {
    checked.refusal = "its own entry of '" + flagged_ + "' is marked as in conflict or erased";
    return;
  }
  checked.tree = expected_tree(checked.base);
  checked.tree_as_stated = checked.tree == facts.tree;
  // An imported commit's base is never this: its tree need not be kept by anybody.
  checked.base_as_stated = facts.imported || !facts.base || *facts.base == checked.base;
  // Both ways: an earlier run, in which twins were not known yet, may have said otherwise.
  history_.set_tree(commit_, checked.tree_as_stated ? std::nullopt : std::optional(checked.tree));
  history_.set_base(commit_, checked.base_as_stated ? std::nullopt : std::optional(checked.base));
}

}  // namespace isodb::merge
