#pragma once

#include <vector>

#include "cli/context.h"
#include "cli/exit_code.h"
#include "isodb/sync.h"

namespace isodb::cli {

/// `sync --watch`: stays with all of these remotes, a thread each, until a signal comes or
/// `options.time_max` is over. Says what comes and goes as it does, and connects again where a line
/// broke. What would not mend by itself (a key that is not let in) ends that remote. The worst code
/// of those that ended.
ExitCode watch(Context& context, Repository& repository, const std::vector<sync::Remote>& remotes,
               const sync::SyncOptions& options);

}  // namespace isodb::cli
