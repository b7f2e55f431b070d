#pragma once

#include <optional>
#include <string>

#include "isodb/commit.h"
#include "merge/erased.h"
#include "objects/source.h"
#include "objects/tree.h"
#include "repo/scope.h"

namespace isodb::sync {

/// Of a commit that is new to `objects` and was written beside the boundary of a partial
/// repository: a path in its scope whose content did not come. Of other commits nullopt: what each
/// operation writes after the boundary was looked at as it came, and before the boundary is here
/// nothing can be told (AbsentContents does, at the end of a clone). Costs the difference from the
/// first parent.
std::optional<std::string> path_without_content(const objects::ObjectSource& objects,
                                                const objects::NodeReader& nodes,
                                                repo::HeldScope& scope, const Commit& commit,
                                                const merge::Erased& erased);

}  // namespace isodb::sync
