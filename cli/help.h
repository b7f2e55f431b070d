#pragma once

#include <string>

#include "cli/command.h"
#include "cli/output.h"

namespace isodb::cli {

/// "isodb get [options] PATH"
std::string usage_line(const std::string& call, const Command& command, const Options& options);
/// What --help prints for one command.
std::string command_help(const std::string& call, const Command& command, const Output& out);
/// What `isodb` and `isodb help` print.
std::string program_help(const Output& out);

}  // namespace isodb::cli
