#pragma once

#include <optional>
#include <string>
#include <vector>

#include "isodb/commit.h"
#include "objects/tree.h"
#include "repo/commit_queue.h"
#include "repo/staged_changes.h"

namespace isodb::repo {

/// The paths on which a transaction and what happened on its branch since overlap: what it read,
/// wrote or demanded that is not as it was. Sorted; at most `limit`.
std::vector<std::string> overlapping_paths(const objects::NodeReader& nodes,
                                           const CommitRequest& request, const TreeId& head_tree,
                                           std::size_t limit = 20);

/// The tree that `changes` make of `base`, each new version stamped, and the paths they really
/// delete.
struct AppliedChanges {
  TreeId tree;
  std::vector<std::string> deleted;
};
AppliedChanges apply_changes(const objects::NodeReader& nodes, objects::ObjectSink& sink,
                             const TreeId& base, const StagedChanges& changes, const Stamp& stamp);

/// Stores the list of deleted paths and names it in the commit; nothing when there are none.
void set_deleted(Commit& commit, objects::ObjectSink& sink, const std::vector<std::string>& paths);

}  // namespace isodb::repo
