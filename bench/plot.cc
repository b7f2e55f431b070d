#include "bench/plot.h"

#include <sstream>
#include <stdexcept>

#include "bench/process.h"

namespace isodb::bench {
namespace {

constexpr int kColumns = 3, kPanelWidth = 480, kPanelHeight = 360;

/// Microseconds for one operation, whichever way the row counts.
double cost(const Workload& workload, double value) {
  if (workload.better == Workload::Better::kHigher) return 1e6 / value;
  return workload.unit == "ms" ? value * 1e3 : value;
}

/// Rows of one engine that exist at two sizes or more, in gnuplot's inline form; empty when not.
std::string line_data(const Results& results, const Workload& workload, const std::string& engine) {
  std::ostringstream data;
  int points = 0;
  for (std::uint64_t size : results.sizes) {
    const auto value = results.value(size, workload.id, engine);
    if (!value || *value <= 0) continue;
    data << size << ' ' << cost(workload, *value) << '\n';
    ++points;
  }
  return points < 2 ? "" : data.str() + "e\n";
}

std::string panel(const Results& results, const Workload& workload) {
  std::string lines, data;
  for (std::size_t i = 0; i < results.engine_names.size(); ++i) {
    const std::string& engine = results.engine_names[i];
    const std::string points = line_data(results, workload, engine);
    if (points.empty()) continue;
    lines += std::string(lines.empty() ? "plot " : ", ") + "'-' with linespoints linetype " +
             std::to_string(i + 1) + " linewidth 2 title '" + engine + "'";
    data += points;
  }
  if (lines.empty()) return "";
  const bool time = workload.better == Workload::Better::kHigher || workload.unit == "ms";
  return "set title \"" + workload.title + "\"\nset ylabel '" + (time ? "µs" : workload.unit) +
         "'\n" + lines + "\n" + data;
}

}  // namespace

void plot_growth(const Results& results, const std::filesystem::path& svg) {
  std::string panels;
  int count = 0;
  for (const Workload& workload : workloads()) {
    const std::string drawn = panel(results, workload);
    if (!drawn.empty()) ++count;
    panels += drawn;
  }
  if (count == 0) throw std::runtime_error("a plot needs results of two sizes or more");
  const int rows = (count + kColumns - 1) / kColumns;
  std::ostringstream script;
  script << "set terminal svg size " << kColumns * kPanelWidth << ',' << rows * kPanelHeight
         << " background 'white'\nset output '" << svg.string() << "'\n"
         << "set logscale xy\nset format x '10^{%T}'\nset xlabel 'documents'\nset grid\n"
         << "set key left top\nset multiplot layout " << rows << ',' << kColumns << "\n"
         << panels << "unset multiplot\n";
  Process gnuplot({"gnuplot"});
  gnuplot.write(script.str());
  gnuplot.finish();
}

}  // namespace isodb::bench
