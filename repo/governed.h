#pragma once

#include <functional>
#include <optional>

#include "objects/source.h"
#include "repo/staged_changes.h"

namespace isodb::repo {

/// Refuses documents under .isodb/ that would not mean what their author thinks: rules, scripts,
/// members or an epoch that no device could read. Error(kInvalid) that names the path and what is
/// wrong, with line and column where there are any: also where the rules, as they are after these
/// changes, name a script that is not there. `before` gives what the changes are made to, `source`
/// holds all contents.
void check_governed(const StagedChanges& changes,
                    const std::function<std::optional<Entry>(std::string_view path)>& before,
                    const objects::ObjectSource& source);

}  // namespace isodb::repo
