#pragma once

#include <string>
#include <vector>

namespace isodb::cli {

/// Runs the program with the words after its name and returns the process's exit code. Everything
/// that goes wrong is told on standard error.
int run_program(const std::vector<std::string>& words);

}  // namespace isodb::cli
