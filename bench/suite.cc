#include "bench/suite.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <map>
#include <stdexcept>
#include <thread>

#include "bench/disk.h"
#include "bench/format.h"
#include "bench/limits.h"

namespace isodb::bench {
namespace {

namespace fs = std::filesystem;

constexpr double kMebibyte = 1 << 20;

std::string first_line_with(const char* file, const std::string& begin) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(begin)) return line.substr(line.find(':') + 2);
  }
  return "";
}

Json describe_machine() {
  utsname kernel{};
  ::uname(&kernel);
  std::time_t now = std::time(nullptr);
  char when[32];
  std::strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&now));
  const double memory = static_cast<double>(::sysconf(_SC_PHYS_PAGES)) *
                        static_cast<double>(::sysconf(_SC_PAGE_SIZE));
  return {{"when", when},
          {"processor", first_line_with("/proc/cpuinfo", "model name")},
          {"cores", std::thread::hardware_concurrency()},
          {"memory_mib", static_cast<std::uint64_t>(memory / kMebibyte)},
          {"kernel", std::string(kernel.sysname) + " " + kernel.release}};
}

bool chosen(const std::vector<std::string>& names, const std::string& name) {
  return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
}

/// The measurements of one size.
class SizeRun {
 public:
  SizeRun(const SuiteOptions& options, std::uint64_t documents, Results& results)
      : options_(options), documents_(documents), results_(results) {
    for (const EngineKind& kind : engine_kinds()) {
      const auto most = options.documents_max.find(kind.name);
      const bool too_many = most != options.documents_max.end() && documents > most->second;
      if (chosen(options.engines, kind.name) && !too_many) stores_.push_back({&kind, {}, {}});
    }
    write_corpora();
  }
  ~SizeRun() {
    std::error_code ignored;
    for (const Store& store : stores_) fs::remove_all(folder(store), ignored);
    for (Order order : {Order::kRandom, Order::kSorted}) fs::remove(corpus(order), ignored);
  }
  SizeRun(const SizeRun&) = delete;
  SizeRun& operator=(const SizeRun&) = delete;

  void run_round(unsigned round) {
    round_ = round;
    load_sorted();
    load_random();
    each("read", [](const Scene& scene, Store&) { return measure_reads(scene); });
    first_reads();
    each("scan", [](const Scene& scene, Store&) { return measure_scan(scene, ScanOrder::kPath); });
    each("scan_any",
         [](const Scene& scene, Store&) { return measure_scan(scene, ScanOrder::kAny); });
    commit_and_diff("commit_batch", kBatchDocuments,
                    {{"diff_first", DiffRun::kFirst}, {"diff", DiffRun::kRepeated}});
    commit_and_diff("commit_10", kSmallBatchDocuments, {{"diff_10", DiffRun::kRepeated}});
    each("merge_first",
         [](const Scene& scene, Store&) { return measure_merge(scene, MergeRun::kFirst); });
    each("merge",
         [](const Scene& scene, Store&) { return measure_merge(scene, MergeRun::kAgain); });
    each("merge_100", [](const Scene& scene, Store&) { return measure_merge_of_heads(scene); });
    each("verify_merges", [](const Scene& scene, Store&) { return measure_verify(scene); });
    each("commit_1", [](const Scene& scene, Store&) { return measure_commits(scene, 1); });
    each("commit_8", [](const Scene& scene, Store&) { return measure_commits(scene, 8); });
    if (round == 0)  // a minute for each engine
      each("history", [](const Scene& scene, Store&) { return measure_history(scene); });
  }

 private:
  struct Store {
    const EngineKind* kind;
    Json versions;                       ///< of the last measure_batch_commit()
    std::map<std::string, double> took;  ///< wall seconds of the last run of a workload
  };
  using Measure = std::function<Json(const Scene&, Store&)>;

  fs::path folder(const Store& store) const { return options_.folder / store.kind->name; }
  fs::path corpus(Order order) const {
    return options_.folder / (order == Order::kRandom ? "corpus-random" : "corpus-sorted");
  }

  void write_corpora() {
    const ChildResult written = run_in_child([this] {
      std::uint64_t bytes = 0;
      write_corpus(corpus(Order::kRandom), documents_, Order::kRandom);
      if (chosen(options_.workloads, "load_sorted")) {
        write_corpus(corpus(Order::kSorted), documents_, Order::kSorted);
      }
      CorpusReader reader(corpus(Order::kRandom));
      for (std::string_view path, json; reader.next(path, json);) bytes += json.size();
      return Json(bytes);
    });
    if (!written.error.empty()) throw std::runtime_error(written.error);
    results_.corpus_bytes[documents_] = written.value;
  }

  Scene scene(const Store& store, Order order = Order::kRandom) const {
    Scene scene{*store.kind, {}, corpus(order)};
    scene.settings.folder = folder(store);
    scene.settings.cache_bytes = options_.cache_bytes;
    scene.order = order;
    scene.documents = documents_;
    scene.document_bytes = results_.corpus_bytes[documents_];
    scene.seconds = options_.seconds;
    scene.round = round_;
    return scene;
  }

  /// In later rounds a store that is not loaded again holds what the round before wrote: it is not
  /// measured.
  bool due(const Store& store, const std::string& workload) const {
    if (round_ > 0 && !reloads(store)) return false;
    return is_quick(store, workload);
  }
  bool reloads(const Store& store) const { return is_quick(store, "load_random"); }
  bool is_quick(const Store& store, const std::string& workload) const {
    const auto took = store.took.find(workload);
    return took == store.took.end() || took->second <= options_.repeat_seconds_max;
  }

  Row& row(const Store& store, const std::string& workload) {
    return results_.rows[{documents_, workload, store.kind->name}];
  }

  /// Runs `work` in a child and keeps what came of it.
  ChildResult measure(Store& store, const std::string& id, const std::function<Json()>& work) {
    ::sync();  // what another engine wrote must not be written back on this one's time
    read_into_memory(folder(store));
    const auto begin = std::chrono::steady_clock::now();
    ChildResult result = run_in_child(work);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    store.took[id] = took.count();
    if (!result.offered) return result;
    Row& row = this->row(store, id);
    const std::string& unit = workload(id).unit;
    std::fprintf(stderr, "%9s  round %u  %-12s %-8s ", spaced(documents_).c_str(), round_ + 1,
                 id.c_str(), store.kind->name.c_str());
    if (!result.error.empty()) {
      row.error = result.error;
      std::fprintf(stderr, "FAILED: %s\n", result.error.c_str());
      return result;
    }
    row.runs.push_back(result.value.at("value"));
    row.details = result.value;
    row.cpu_seconds.push_back(result.cpu_seconds);
    row.peak_resident.push_back(static_cast<double>(result.peak_resident_bytes));
    row.peak_anonymous.push_back(static_cast<double>(result.peak_anonymous_bytes));
    std::fprintf(stderr, "%8s %s  (%.1f s)\n", short_number(row.runs.back()).c_str(), unit.c_str(),
                 took.count());
    return result;
  }

  void each(const std::string& id, const Measure& work) {
    if (!chosen(options_.workloads, id)) return;
    for (Store& store : stores_) {
      if (!due(store, id)) continue;
      measure(store, id, [&] { return work(scene(store), store); });
    }
  }

  void keep(const Store& store, const std::string& id, double value) {
    if (chosen(options_.workloads, id)) row(store, id).runs.push_back(value);
  }

  void load_sorted() {
    if (!chosen(options_.workloads, "load_sorted")) return;
    for (Store& store : stores_) {
      if (!due(store, "load_sorted")) continue;
      load(store, "load_sorted", Order::kSorted);
      fs::remove_all(folder(store));
    }
  }

  /// Loads afresh, or keeps the store of an earlier round where a load takes long.
  void load_random() {
    for (Store& store : stores_) {
      if (!due(store, "load_random")) continue;
      const ChildResult loaded = load(store, "load_random", Order::kRandom);
      if (!loaded.error.empty()) continue;
      measure(store, "settle", [&] { return measure_settle(scene(store)); });
      keep(store, "disk", occupied_bytes(folder(store)) / kMebibyte);
      keep(store, "load_memory", static_cast<double>(loaded.peak_anonymous_bytes) / kMebibyte);
      keep(store, "load_resident", static_cast<double>(loaded.peak_resident_bytes) / kMebibyte);
    }
  }

  ChildResult load(Store& store, const std::string& id, Order order) {
    fs::remove_all(folder(store));
    fs::create_directories(folder(store));
    const ChildResult loaded =
        measure(store, id, [&] { return measure_load(scene(store, order)); });
    if (!loaded.error.empty() || !loaded.offered) return loaded;
    const ChildResult checked = run_in_child([&] {
      check_load(scene(store, order));
      return Json();
    });
    if (!checked.error.empty()) row(store, id).error = checked.error;
    return loaded;
  }

  void first_reads() {
    if (!chosen(options_.workloads, "first_reads")) return;
    for (Store& store : stores_) {
      if (!due(store, "first_reads")) continue;
      const ChildResult read =
          measure(store, "first_reads", [&] { return measure_first_reads(scene(store)); });
      if (!read.offered || !read.error.empty()) continue;
      keep(store, "reads_memory", static_cast<double>(read.peak_anonymous_bytes) / kMebibyte);
      keep(store, "reads_resident", static_cast<double>(read.peak_resident_bytes) / kMebibyte);
    }
  }

  /// Commits `documents` documents and compares the versions before and after in `diff_ids`.
  void commit_and_diff(const std::string& commit_id, std::uint64_t documents,
                       const std::vector<std::pair<std::string, DiffRun>>& diff_ids) {
    const bool any_diff = std::any_of(diff_ids.begin(), diff_ids.end(), [&](const auto& diff) {
      return chosen(options_.workloads, diff.first);
    });
    if (!any_diff && !chosen(options_.workloads, commit_id)) return;
    for (Store& store : stores_) {
      if (!due(store, commit_id)) continue;
      store.versions = measure(store, commit_id, [&] {
                         return measure_batch_commit(scene(store), documents);
                       }).value;
    }
    for (const auto& [id, run] : diff_ids) {
      each(id, [&](const Scene& scene, Store& store) {
        return measure_diff(scene, store.versions, documents, run);
      });
    }
  }

  const SuiteOptions& options_;
  const std::uint64_t documents_;
  Results& results_;
  std::vector<Store> stores_;
  unsigned round_ = 0;
};

void run_limits(const SuiteOptions& options, Results& results) {
  ::sync();
  const ChildResult measured = run_in_child([&] { return measure_limits(options.folder); });
  if (!measured.error.empty()) throw std::runtime_error(measured.error);
  for (const Limit& limit : limits()) {
    results.limits[limit.id].push_back(measured.value.at(limit.id));
  }
}

}  // namespace

Results run_suite(const SuiteOptions& options) {
  fs::create_directories(options.folder);
  for (const std::string& id : options.workloads) workload(id);
  Results results;
  results.machine = describe_machine();
  results.settings = {{"rounds", options.rounds},
                      {"seconds", options.seconds},
                      {"repeat_seconds_max", options.repeat_seconds_max},
                      {"cache_bytes", options.cache_bytes}};
  results.sizes = options.sizes;
  for (const EngineKind& kind : engine_kinds()) {
    if (!chosen(options.engines, kind.name)) continue;
    results.engine_names.push_back(kind.name);
    results.engines[kind.name] = {{"version", kind.version}, {"notes", kind.notes}};
  }
  if (results.engine_names.size() < std::max<std::size_t>(1, options.engines.size())) {
    throw std::runtime_error("there is no engine of that name");
  }
  for (std::uint64_t documents : options.sizes) {
    SizeRun run(options, documents, results);
    for (unsigned round = 0; round < options.rounds; ++round) {
      run_limits(options, results);
      run.run_round(round);
    }
  }
  return results;
}

}  // namespace isodb::bench
