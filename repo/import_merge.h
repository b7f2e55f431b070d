#pragma once

#include <string>
#include <vector>

#include "isodb/import_session.h"
#include "objects/tree.h"

namespace isodb::repo {

/// The trees around one imported commit.
struct ImportedTrees {
  TreeId applies_to;  ///< the changes are relative to this one: the first foreign parent's
  std::vector<TreeId> parents;  ///< of the parents that are not ancestors of another; at least one
};

/// What the commit itself writes, so that its state depends on no merging: against the first
/// parent's tree.
struct ImportedWrites {
  std::vector<objects::TreeChange> changes;  ///< sorted by path
  std::vector<std::string> deleted;          ///< sorted
};

/// The rules of docs/format.md, "Imported histories". With one parent: every path whose document
/// the commit changes. With several: also every path in which the parents' entries differ, and
/// every path that a parent has and the result has not is deleted. Cost follows the differences.
ImportedWrites imported_writes(const objects::NodeReader& nodes, const ImportedTrees& trees,
                               std::vector<ImportSession::Change> changes, const Stamp& stamp);

}  // namespace isodb::repo
