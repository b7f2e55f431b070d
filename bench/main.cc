// isodb_bench: see ./dev bench, or --help.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "bench/plot.h"
#include "bench/report.h"
#include "bench/run_main.h"
#include "bench/suite.h"

namespace isodb::bench {
namespace {

namespace fs = std::filesystem;

struct Output {
  fs::path json = "bench-results.json", markdown = "bench-results.md", notes;
};

std::string content(const fs::path& file) {
  std::ostringstream text;
  if (!file.empty()) text << std::ifstream(file).rdbuf();
  return text.str();
}

void write_markdown(const Results& results, const Output& output) {
  std::ofstream out(output.markdown);
  out << markdown(results, content(output.notes));
  if (!out.flush()) throw std::runtime_error("cannot write " + output.markdown.string());
}

/// Returns the program's exit code: 1 when a row failed.
int run_and_report(const SuiteOptions& options, const Output& output) {
  const Results results = run_suite(options);
  results.save(output.json);
  write_markdown(results, output);
  std::printf("\n%s\nwritten: %s, %s\n", terminal_table(results).c_str(), output.json.c_str(),
              output.markdown.c_str());
  int code = 0;
  for (const auto& [key, row] : results.rows) {
    if (row.error.empty()) continue;
    std::fprintf(stderr, "FAILED: %s, %s, %llu documents: %s\n", key.workload.c_str(),
                 key.engine.c_str(), static_cast<unsigned long long>(key.documents),
                 row.error.c_str());
    code = 1;
  }
  return code;
}

void add_options(CLI::App& command, SuiteOptions& options, Output& output) {
  command.add_option("--folder", options.folder, "where corpora and stores are made and removed")
      ->required();
  command.add_option("--json", output.json, "results for `compare`")->capture_default_str();
  command.add_option("--markdown", output.markdown, "results to read")->capture_default_str();
  command.add_option("--notes", output.notes, "Markdown to append to the results");
  command.add_option("--documents", options.sizes, "sizes, rising")
      ->delimiter(',')
      ->capture_default_str();
  command.add_option("--rounds", options.rounds, "runs of each measurement")->capture_default_str();
  command.add_option("--seconds", options.seconds, "how long a loop over an operation runs")
      ->capture_default_str();
  command
      .add_option("--repeat-seconds-max", options.repeat_seconds_max,
                  "a measurement that takes longer is made once")
      ->capture_default_str();
  command.add_option("--cache-bytes", options.cache_bytes, "for each engine's own cache")
      ->capture_default_str();
  command.add_option("--engine", options.engines, "only these")->delimiter(',');
  command.add_option("--workload", options.workloads, "only these, by id")->delimiter(',');
}

/// What does not depend on the size should not cost more at ten million documents. Engines that
/// take hours to load so many, and what is slow by nature, are left out. LMDB loads ten million in
/// random order in more than twenty minutes; with SQLite's they would leave no memory for the pages
/// of the others, whose reads would be the disk's.
SuiteOptions growth_options() {
  SuiteOptions options;
  options.sizes = {1'000, 10'000, 100'000, 1'000'000, 10'000'000};
  options.rounds = 1;
  options.seconds = 1;
  options.engines = {"isodb", "LMDB", "RocksDB", "SQLite"};
  options.documents_max = {{"LMDB", 1'000'000}, {"SQLite", 1'000'000}};
  options.workloads = {"load_random", "read",        "first_reads", "scan",
                       "commit_10",   "diff_10",     "commit_1",    "commit_8",
                       "disk",        "load_memory", "reads_memory"};
  return options;
}

int main_of(int argc, char** argv) {
  CLI::App app("Measures isodb and its peers side by side.");
  app.require_subcommand(1);
  Output output;
  SuiteOptions quick, full, growth = growth_options(), custom;
  full.sizes = {1'000'000};
  full.seconds = 3;
  full.repeat_seconds_max = 30;
  CLI::App* quick_command =
      app.add_subcommand("quick", "10,000 and 100,000 documents, two minutes");
  CLI::App* full_command = app.add_subcommand("full", "1,000,000 documents, under an hour");
  CLI::App* growth_command =
      app.add_subcommand("growth", "1,000 to 10,000,000 documents, under an hour; 20 GB of disk");
  CLI::App* run_command = app.add_subcommand("run", "what the options say");
  add_options(*quick_command, quick, output);
  add_options(*full_command, full, output);
  add_options(*growth_command, growth, output);
  add_options(*run_command, custom, output);
  fs::path before, after;
  CLI::App* compare_command = app.add_subcommand("compare", "two JSON results, row by row");
  compare_command->add_option("OLD", before)->required();
  compare_command->add_option("NEW", after)->required();
  CLI::App* plot_command = app.add_subcommand("plot", "cost against size, by gnuplot");
  plot_command->add_option("RESULTS", before, "a JSON result")->required();
  plot_command->add_option("SVG", after, "the file to write")->required();
  CLI::App* report_command = app.add_subcommand("report", "the Markdown of a JSON result");
  report_command->add_option("RESULTS", before, "a JSON result")->required();
  report_command->add_option("--markdown", output.markdown, "results to read")->required();
  report_command->add_option("--notes", output.notes, "Markdown to append to the results");
  CLI11_PARSE(app, argc, argv);
  if (*plot_command) {
    plot_growth(Results::load(before), after);
    return 0;
  }
  if (*report_command) {
    write_markdown(Results::load(before), output);
    return 0;
  }
  if (*compare_command) {
    std::fputs(comparison(Results::load(before), Results::load(after)).c_str(), stdout);
    return 0;
  }
  return run_and_report(*quick_command    ? quick
                        : *full_command   ? full
                        : *growth_command ? growth
                                          : custom,
                        output);
}

}  // namespace
}  // namespace isodb::bench

int main(int argc, char** argv) {
  return isodb::bench::run_main("isodb_bench", isodb::bench::main_of, argc, argv);
}
