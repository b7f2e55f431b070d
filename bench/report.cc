#include "bench/report.h"

#include <cmath>

#include "bench/format.h"
#include "bench/limits.h"
#include "bench/table.h"

namespace isodb::bench {
namespace {

constexpr char kOurs[] = "isodb";

/// What isodb is to reach, held against peers of the same run.
struct Goal {
  std::string text, workload;
  std::string peer;  ///< "" for an absolute bound
  double factor;     ///< times the peer's value, or the bound itself
};

const std::vector<Goal>& goals() {
  static const std::vector<Goal> all = {
      {"bulk load, random order: 1.5 × RocksDB", "load_random", "RocksDB", 1.5},
      {"bulk load, in order: 1.5 × RocksDB", "load_sorted", "RocksDB", 1.5},
      {"random reads: 1.2 × LMDB", "read", "LMDB", 1.2},
      {"scan in the order of paths: 1,200,000", "scan", "", 1'200'000},
      {"commits of 1 document: SQLite's", "commit_1", "SQLite", 1},
      {"commits of 1 document: 20 × libgit2", "commit_1", "libgit2", 20},
      {"commits from 8 threads: 20,000", "commit_8", "", 20'000},
      {"diff of 1,000 documents, first in the process: 8 ms", "diff_first", "", 8},
      {"merge of two branches, first in the process: 18 ms", "merge_first", "", 18},
      {"merge of two branches: faster than git", "merge", "git", 1},
      {"merge of 100 heads: 1 s", "merge_100", "", 1000},
      {"verify of 10,000 merges: 60 s", "verify_merges", "", 60},
      {"size of 1,000,000 documents: 290 MiB", "disk", "", 290},
      {"100,000 commits: 60 MB", "history", "", 600},
      {"peak memory of the load: 256 MiB", "load_memory", "", 256},
      {"peak memory, open and read 1,000: 30 MiB", "reads_memory", "", 30},
  };
  return all;
}

/// Workloads that make a fixed change or answer a fixed question: their cost must not grow faster
/// than the logarithm of the size.
const std::vector<std::string>& fixed_workloads() {
  static const std::vector<std::string> ids = {"read",     "first_reads", "commit_1",
                                               "commit_8", "commit_10",   "diff_10"};
  return ids;
}

bool is_failed(const Results& results, const RowKey& key) {
  const auto row = results.rows.find(key);
  return row != results.rows.end() && !row->second.error.empty();
}

/// A star behind what was measured in fewer rounds than the run had.
std::string mark_of_runs(const Results& results, const RowKey& key) {
  const auto row = results.rows.find(key);
  const auto rounds = results.settings.value("rounds", std::size_t{1});
  return row != results.rows.end() && row->second.runs.size() < rounds ? "*" : "";
}

std::string cell(const Results& results, std::uint64_t size, const Workload& workload,
                 const std::string& engine) {
  const auto value = results.value(size, workload.id, engine);
  if (!value) return is_failed(results, {size, workload.id, engine}) ? "failed" : "–";
  std::string text = short_number(*value) + mark_of_runs(results, {size, workload.id, engine});
  const auto ours = results.value(size, workload.id, kOurs);
  if (engine != kOurs && ours && *value > 0 && *ours > 0) {
    text += " (" + times(advantage(workload, *ours, *value)) + ")";
  }
  return text;
}

Table main_table(const Results& results, std::uint64_t size) {
  std::vector<std::string> heading = {"workload", "unit"};
  heading.insert(heading.end(), results.engine_names.begin(), results.engine_names.end());
  Table table(heading);
  for (const Workload& workload : workloads()) {
    std::vector<std::string> row = {workload.title, workload.unit};
    bool any = false;
    for (const std::string& engine : results.engine_names) {
      row.push_back(cell(results, size, workload, engine));
      any |= row.back() != "–";
    }
    if (any) table.add(row);
  }
  return table;
}

Table limits_table(const Results& results) {
  Table table({"this machine's limit", "value", "unit"});
  for (const Limit& limit : limits()) {
    if (const auto value = results.limit(limit.id)) {
      table.add({limit.title, short_number(*value), limit.unit});
    }
  }
  return table;
}

Table goals_table(const Results& results, std::uint64_t size) {
  Table table({"goal", "needed", "measured", "reached"});
  for (const Goal& goal : goals()) {
    const Workload& row = workload(goal.workload);
    const auto ours = results.value(size, goal.workload, kOurs);
    std::optional<double> needed = goal.factor;
    if (!goal.peer.empty()) {
      needed = results.value(size, goal.workload, goal.peer);
      if (needed) *needed *= goal.factor;
    }
    const bool failed = is_failed(results, {size, goal.workload, kOurs});
    if (!failed && (!ours || !needed)) continue;
    table.add({goal.text, needed ? short_number(*needed) + " " + row.unit : "–",
               failed ? "failed" : short_number(*ours) + " " + row.unit,
               !failed && advantage(row, *ours, *needed) >= 1 ? "yes" : "no"});
  }
  return table;
}

Table growth_table(const Results& results) {
  std::vector<std::string> heading = {"workload", "engine", "unit"};
  for (std::uint64_t size : results.sizes) heading.push_back(spaced(size));
  heading.push_back("cost, last : first");
  Table table(heading);
  for (const std::string& id : fixed_workloads()) {
    const Workload& row = workload(id);
    for (const std::string& engine : results.engine_names) {
      std::vector<std::string> cells = {row.title, engine, row.unit};
      std::optional<double> first, last;
      for (std::uint64_t size : results.sizes) {
        const auto value = results.value(size, id, engine);
        cells.push_back(value                                    ? short_number(*value)
                        : is_failed(results, {size, id, engine}) ? "failed"
                                                                 : "–");
        if (!value) continue;
        if (!first) first = value;
        last = value;
      }
      if (!first) continue;
      cells.push_back(times(advantage(row, *first, *last)));
      table.add(cells);
    }
  }
  return table;
}

std::string text_of(const Json& json, const char* key) {
  return json.value(key, Json("")).is_string() ? json.value(key, "") : json.at(key).dump();
}

std::string engines_list(const Results& results) {
  std::string out;
  for (const std::string& name : results.engine_names) {
    const Json& engine = results.engines.at(name);
    out += "- **" + name + "** " + text_of(engine, "version") + ": " + text_of(engine, "notes") +
           ".\n";
  }
  return out;
}

constexpr char kMethod[] =
    "All engines run in one process run, on the same documents, one after the other in each "
    "workload and each round; a value is the median of the rounds. Each measurement has a child "
    "process of its own, after a sync of the file systems and a reading of the store's files; "
    "reads "
    "warm up for as long as they measure, scans, diffs and merges once, commits of one document "
    "with 50. A star: measured in fewer rounds than the others, because the load, which each round "
    "begins with, takes too long; what a store measures when it is not fresh does not count. "
    "After each load, and in reads, scans and commits, a part of the answers is compared with the "
    "corpus, and a scan's bytes with all of it. Every load ends in one durable commit, every "
    "commit "
    "is durable when it returns. The key-value engines do the work that isodb does: SHA-256 of the "
    "document as its key, and the path as the key of that hash, so a read is two look-ups; they "
    "keep no history and no signature. Every engine reads from files in the page cache; the "
    "cache of pages or nodes that it keeps itself is bounded alike (RocksDB's indexes and filters, "
    "and isodb's smaller caches, come on top, and count as memory). Size on disk counts blocks. "
    "Peak memory is that of the whole "
    "child process: with mapped files it counts what was touched of them, without it is sampled "
    "each 5 ms. In brackets: how many times isodb is better than that engine (below 1: worse).\n";

}  // namespace

std::string markdown(const Results& results, const std::string& notes) {
  const std::uint64_t size = results.sizes.back();
  const double mean =
      static_cast<double>(results.corpus_bytes.at(size)) / static_cast<double>(size);
  std::string out = "# Benchmark results\n\n";
  out += "Written by `./dev bench`. " + spaced(size) + " JSON documents of " + short_number(mean) +
         " bytes in the mean; " + text_of(results.machine, "processor") + ", " +
         text_of(results.machine, "cores") + " cores, " + text_of(results.machine, "memory_mib") +
         " MiB of memory, " + text_of(results.machine, "kernel") + ", " +
         text_of(results.machine, "when") + "; " + text_of(results.settings, "rounds") +
         " rounds.\n\n";
  out += main_table(results, size).markdown() + "\n";
  out += "## Goals\n\n" + goals_table(results, size).markdown() + "\n";
  out += "## The machine\n\n" + limits_table(results).markdown() + "\n";
  if (results.sizes.size() > 1) {
    const double bound =
        std::log(static_cast<double>(size)) / std::log(static_cast<double>(results.sizes.front()));
    out +=
        "## Growth\n\nThe same change or question at each size. The logarithm of the number of "
        "documents grows " +
        times(bound) + " from the first size to the last.\n\n";
    out += growth_table(results).markdown() + "\n";
  }
  out += "## How it is measured\n\n" + std::string(kMethod) + "\n" + engines_list(results);
  if (!notes.empty()) out += "\n" + notes;
  return out;
}

std::string terminal_table(const Results& results) {
  const std::uint64_t size = results.sizes.back();
  std::string out = spaced(size) + " documents; in brackets: how many times isodb is better\n\n";
  out += main_table(results, size).text() + "\n" + limits_table(results).text() + "\n";
  return out + goals_table(results, size).text();
}

std::string comparison(const Results& before, const Results& after) {
  std::string warning;
  if (before.settings != after.settings) {
    warning += "The two were run with other settings: " + before.settings.dump() + " and " +
               after.settings.dump() + ".\n\n";
  }
  for (const char* key : {"processor", "cores", "kernel"}) {
    const std::string was = text_of(before.machine, key), is = text_of(after.machine, key);
    if (was != is) warning += std::string("Another ") + key + ": " + was + ", then " + is + ".\n\n";
  }
  Table machine({"this machine's limit", "unit", "before", "after", "after : before"});
  for (const Limit& limit : limits()) {
    const auto old_value = before.limit(limit.id), new_value = after.limit(limit.id);
    if (!old_value || !new_value) continue;
    machine.add({limit.title, limit.unit, short_number(*old_value), short_number(*new_value),
                 times(*new_value / *old_value)});
  }
  Table rows({"workload", "documents", "engine", "unit", "before", "after", "better by"});
  for (const Workload& workload : workloads()) {
    for (std::uint64_t size : after.sizes) {
      for (const std::string& engine : after.engine_names) {
        const auto old_value = before.value(size, workload.id, engine);
        const auto new_value = after.value(size, workload.id, engine);
        if (old_value && is_failed(after, {size, workload.id, engine})) {
          rows.add({workload.title, spaced(size), engine, workload.unit, short_number(*old_value),
                    "failed", "–"});
        }
        if (!old_value || !new_value) continue;
        const bool both = *old_value > 0 && *new_value > 0;
        rows.add({workload.title, spaced(size), engine, workload.unit, short_number(*old_value),
                  short_number(*new_value),
                  both ? times(advantage(workload, *new_value, *old_value)) : "–"});
      }
    }
  }
  return warning + machine.text() + "\n" + rows.text();
}

}  // namespace isodb::bench
