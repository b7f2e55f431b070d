#pragma once

#include <string>
#include <vector>

#include "cli/context.h"
#include "cli/exit_code.h"
#include "isodb/repository.h"

namespace isodb::cli {

/// Prints what verify or fsck found and a line that sums up: `clean` when they found nothing. The
/// exit code to end with: 0, or 5 when there is a finding.
/// `not_seen`: what they could not look into, of a partial repository.
ExitCode print_findings(Context& context, const std::vector<Finding>& findings,
                        const std::string& clean, const NotSeen& not_seen);

}  // namespace isodb::cli
