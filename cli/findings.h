#pragma once

#include <string>
#include <vector>

#include "cli/context.h"
#include "cli/exit_code.h"
#include "isodb/repository.h"

namespace isodb::cli {

/// Prints what verify or fsck found and a line that sums up: `clean` when they found nothing. The
/// exit code to end with: 0, or 5 when there is a finding.
ExitCode print_findings(Context& context, const std::vector<Finding>& findings,
                        const std::string& clean);

}  // namespace isodb::cli
