#pragma once

#include "cli/exit_code.h"
#include "isodb/error.h"

namespace isodb::cli {

enum class ErrorForm { kText, kJson };

/// Tells an error on standard error, as a sentence with a hint or as one JSON object.
void report_error(const Error& error, ExitCode code, ErrorForm form);

}  // namespace isodb::cli
