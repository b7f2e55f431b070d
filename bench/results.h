#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bench/child.h"
#include "bench/workload.h"

namespace isodb::bench {

/// Every row there is, in the order of the table.
const std::vector<Workload>& workloads();
const Workload& workload(const std::string& id);

/// All measurements of one engine in one workload at one size.
struct Row {
  std::vector<double> runs;
  std::vector<double> cpu_seconds, peak_resident, peak_anonymous;  ///< bytes; of the whole child
  Json details;                                                    ///< of the last run
  std::string error;                                               ///< of the last run that failed
  double median() const;
};

struct RowKey {
  std::uint64_t documents;
  std::string workload, engine;
  auto operator<=>(const RowKey&) const = default;
};

/// What one run of the benchmark found. A value; reads and writes its JSON file.
struct Results {
  static constexpr int kFormat = 1;

  Json machine, settings, engines;  ///< free descriptions; engines: name → version, notes
  std::vector<std::string> engine_names;
  std::vector<std::uint64_t> sizes;                     ///< in documents, rising
  std::map<std::uint64_t, std::uint64_t> corpus_bytes;  ///< by size
  std::map<std::string, std::vector<double>> limits;
  std::map<RowKey, Row> rows;

  /// The median; nullopt when the row was not offered, not run or failed.
  std::optional<double> value(std::uint64_t documents, const std::string& workload,
                              const std::string& engine) const;
  std::optional<double> limit(const std::string& id) const;

  Json to_json() const;
  static Results from_json(const Json& json);
  void save(const std::filesystem::path& file) const;
  static Results load(const std::filesystem::path& file);
};

double median(std::vector<double> values);

/// How many times `ours` is better than `theirs`.
double advantage(const Workload& workload, double ours, double theirs);

}  // namespace isodb::bench
