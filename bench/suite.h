#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "bench/results.h"

namespace isodb::bench {

struct SuiteOptions {
  std::vector<std::uint64_t> sizes = {10'000, 100'000};  ///< in documents, rising
  unsigned rounds = 3;
  double seconds = 0.3;  ///< how long a loop over an operation runs; as long again to warm up
  /// A measurement that took longer is made once, not in every round.
  double repeat_seconds_max = 2;
  std::size_t cache_bytes = 128 << 20;
  std::vector<std::string> engines;  ///< names; empty for all
  /// By name, the largest size of engines that would take too long at a larger one.
  std::map<std::string, std::uint64_t> documents_max;
  std::vector<std::string> workloads;  ///< ids; empty for all (loads that others need are made)
  std::filesystem::path folder;        ///< for corpora and stores; emptied at the end
};

/// Runs the whole benchmark: for each size, for each round, for each workload, the engines one
/// after the other, so that whatever disturbs the machine meets them alike. Tells on stderr how
/// far it is. A failed row does not end the run; it stands in the results.
Results run_suite(const SuiteOptions& options);

}  // namespace isodb::bench
