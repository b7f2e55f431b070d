#include "merge/commit_check.h"

#include <utility>
#include <vector>

namespace isodb::merge {

TreeId remerged_tree(Workspace& workspace, objects::ObjectSink& sink, const Commits& heads,
                     const TreeId& base, const TreeId& tree) {
  if (base == tree || heads.empty()) return tree;
  const auto flagged = workspace.history.nodes().node(tree)->flags() & kFlagMerged;
  if (flagged == 0) return tree;
  const std::vector<objects::TreeChange> changes =
      remerge_flagged(workspace, sink, tree, heads, workspace.surroundings_of_tree(base),
                      workspace.surroundings_of_tree(tree));
  return objects::edit_tree(workspace.history.nodes(), sink, tree, changes);
}

CommitCheck::CommitCheck(Workspace& workspace, objects::ObjectSink& sink, CommitIndex commit,
                         const CommitId& root)
    : workspace_(workspace),
      history_(workspace.history),
      sink_(sink),
      commit_(commit),
      root_(root) {}

/// In the order of paths: what the commit holds, and deletions of what the base has, or has not.
void CommitCheck::for_each_write(const TreeId& base, const Visit& visit) {
  const CommitFacts& facts = history_.graph().facts(commit_);
  const Stamp stamp = facts.stamp;
  const auto held = history_.deleted_paths(commit_);
  const std::vector<std::string>& deleted = *held;
  auto next = deleted.begin();
  // What the list names and the difference does not show: not there before, or left where it was.
  const auto visit_hidden = [&] {
    is_odd_ = is_odd_ || objects::find_entry(history_.nodes(), base, *next).has_value();
    visit(std::string(*next++), std::nullopt);
  };
  objects::TreeDiff diff(history_.nodes(), base, facts.tree);
  while (auto difference = diff.next()) {
    while (next != deleted.end() && *next < difference->path) visit_hidden();
    const bool is_deleted = next != deleted.end() && *next == difference->path;
    if (is_deleted) ++next;
    std::optional<Entry>& after = difference->after;
    if (after && (after->flags & kFlagMerged) == 0 && after->stamp == stamp) {
      if (is_deleted) clash_ = difference->path;
      if (after->flags != 0) flagged_ = difference->path;
      visit(std::move(difference->path), std::move(after));
      continue;
    }
    is_odd_ = is_odd_ || !is_deleted || after.has_value();
    if (is_deleted) visit(std::move(difference->path), std::nullopt);
  }
  while (next != deleted.end()) visit_hidden();
}

std::string CommitCheck::denied(const TreeId& base) {
  const CommitFacts& facts = history_.graph().facts(commit_);
  if (facts.parents.empty()) {
    return facts.id == root_ ? std::string() : "it is the root of another repository";
  }
  const Authority authority(history_.nodes(), [this] {
    return history_.graph().peek(history_.graph().add(root_)).author;
  });
  const std::optional<Member> member = authority.member(base, facts.author);
  const std::string who = "its author " + facts.author.fingerprint();
  if (!member) return who + " is no member";
  if (member->revoked) return who + " is revoked";
  std::string denial;
  for_each_write(base, [&](const std::string& path, const std::optional<Entry>& entry) {
    if (!denial.empty()) return;
    const std::string problem = write_problem(member, path, entry ? Deed::kPut : Deed::kDelete);
    if (problem.empty()) return;
    denial.append(who).append(" may not write '").append(path).append("': ").append(problem);
  });
  return denial;
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
  if (is_odd_) {
    std::vector<objects::TreeChange> writes;
    for_each_write(base, [&](std::string&& path, std::optional<Entry>&& entry) {
      writes.push_back({std::move(path), std::move(entry)});
    });
    plain = objects::edit_tree(history_.nodes(), sink_, base, writes);
  }
  return remerged_tree(workspace_, sink_, facts.parents, base, plain);
}

void CommitCheck::run(CheckedCommit& checked) {
  const CommitFacts& facts = history_.graph().facts(commit_);
  checked.refusal = sequence_problem();
  if (checked.refusal.empty()) checked.refusal = denied(checked.base);
  if (!checked.refusal.empty()) return;
  if (facts.parents.empty()) for_each_write(checked.base, [](auto&&, auto&&) {});
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
