#pragma once

#include "objects/source.h"
#include "repo/staged_changes.h"

namespace isodb::repo {

/// Refuses documents under .isodb/ that would not mean what their author thinks: rules, scripts,
/// members or an epoch that no device could read. Error(kInvalid) that names the path and what is
/// wrong, with line and column where there are any. `source` holds the staged contents.
void check_governed(const StagedChanges& changes, const objects::ObjectSource& source);

}  // namespace isodb::repo
