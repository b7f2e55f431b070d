#pragma once

#include <filesystem>
#include <string>

#include "bench/results.h"

namespace isodb::bench {

/// The results as Markdown: machine, limits, a table for the largest size with isodb's advantage
/// over each peer, goals, growth with size, how it was measured. `notes` is appended as it is.
std::string markdown(const Results& results, const std::string& notes);

/// The table of the largest size for a terminal.
std::string terminal_table(const Results& results);

/// What changed between two runs, row by row; the machine's limits first, since they say how much
/// of a difference is the machine's.
std::string comparison(const Results& before, const Results& after);

}  // namespace isodb::bench
