#include "sync/scope_check.h"

#include "objects/commit_codec.h"

namespace isodb::sync {

std::optional<std::string> path_without_content(const objects::ObjectSource& objects,
                                                const objects::NodeReader& nodes,
                                                repo::HeldScope& scope, const Commit& commit,
                                                const merge::Erased& erased) {
  if (commit.parents.empty() || !scope.covers_beside_boundary(commit.clock)) return std::nullopt;
  const Bytes parent = objects::get_expected(objects, commit.parents.front(), ObjectType::kCommit);
  objects::TreeDiff diff(nodes, objects::decode_commit(parent).tree, commit.tree);
  while (const std::optional<objects::TreeDifference> found = diff.next()) {
    const std::optional<Entry>& entry = found->after;
    if (!entry || entry->stamp != commit.stamp()) continue;
    if (!scope.scope().covers_path(found->path)) continue;
    if (!objects.contains(entry->content) && !erased.has(entry->content)) return found->path;
  }
  return std::nullopt;
}

}  // namespace isodb::sync
