// isodb_sync_bench: see ./dev bench sync, or --help.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include "bench/run_main.h"
#include "bench/sync/bulk.h"
#include "bench/sync/lines.h"
#include "bench/sync/tables.h"

namespace isodb::bench {
namespace {

namespace fs = std::filesystem;

/// Puts `text` in place of what stands between its marks in the file, or at its end.
void put_section(const fs::path& file, const std::string& text) {
  const std::string begin = "<!-- ./dev bench sync -->\n", end = "<!-- end of sync -->\n";
  std::string all;
  {
    std::ifstream in(file);
    all.assign(std::istreambuf_iterator<char>(in), {});
  }
  const std::size_t from = all.find(begin), to = all.find(end);
  if (from == std::string::npos || to == std::string::npos) {
    all += "\n" + begin + text + end;
  } else {
    all.replace(from, to - from, begin + text);
  }
  std::ofstream out(file);
  if (!(out << all).flush()) throw std::runtime_error("cannot write " + file.string());
}

int main_of(int argc, char** argv) {
  CLI::App app("Measures sync: clones of many documents, and small sessions beside git's.");
  fs::path folder, markdown;
  BulkOptions options;
  bool bulk_only = false, lines_only = false;
  app.add_option("--folder", folder, "where repositories are made and removed")->required();
  app.add_option("--markdown", markdown, "a file whose section on sync is written anew");
  app.add_option("--documents", options.documents, "of the large clones")->capture_default_str();
  app.add_flag("--bulk", bulk_only, "only the large clones");
  app.add_flag("--lines", lines_only, "only the sessions beside git's");
  CLI11_PARSE(app, argc, argv);
  fs::remove_all(folder);
  fs::create_directories(folder);
  std::string text = "## Sync\n\nThis section is what `./dev bench sync` prints.\n\n";
  if (!lines_only) {
    std::vector<BulkRow> rows;
    for (const std::uint64_t per_commit : {std::uint64_t{0}, std::uint64_t{1000}}) {
      options.per_commit = per_commit;
      options.folder = folder / "bulk";
      rows.push_back({options, run_bulk(options)});
      fs::remove_all(options.folder);
    }
    text += bulk_table(rows);
  }
  if (!bulk_only) text += line_tables(run_lines(folder / "lines"));
  fs::remove_all(folder);
  std::fputs(text.c_str(), stdout);
  if (!markdown.empty()) put_section(markdown, text);
  return 0;
}

}  // namespace
}  // namespace isodb::bench

int main(int argc, char** argv) {
  return isodb::bench::run_main("isodb_sync_bench", isodb::bench::main_of, argc, argv);
}
