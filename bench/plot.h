#pragma once

#include <filesystem>

#include "bench/results.h"

namespace isodb::bench {

/// Draws the cost of each workload against the number of documents, a panel a workload, a line an
/// engine, as an SVG file. Needs the program gnuplot.
void plot_growth(const Results& results, const std::filesystem::path& svg);

}  // namespace isodb::bench
