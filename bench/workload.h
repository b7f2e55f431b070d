#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "bench/child.h"
#include "bench/engine.h"

namespace isodb::bench {

/// A row of the table.
struct Workload {
  std::string id;     ///< as in the JSON file
  std::string title;  ///< as in the table
  std::string unit;
  enum class Better { kHigher, kLower } better;
};

/// What one measurement of one engine needs to know.
struct Scene {
  const EngineKind& kind;
  EngineSettings settings;
  std::filesystem::path corpus;  ///< written by write_corpus()
  Order order = Order::kRandom;  ///< of `corpus`
  std::uint64_t documents = 0;   ///< in `corpus`
  std::uint64_t document_bytes = 0;
  double seconds = 1;       ///< how long a loop over an operation runs
  std::uint32_t round = 0;  ///< from 0; chooses other documents in each round
};

/// Each runs in a child process, opens the engine, does one workload and checks what came of it.
/// The returned object holds "value" in the workload's unit and details. They throw when an engine
/// answers wrongly.
Json measure_load(const Scene& scene);
/// Whether what was loaded is there, in another process than the one that loaded it.
void check_load(const Scene& scene);
Json measure_settle(const Scene& scene);
Json measure_reads(const Scene& scene);
Json measure_first_reads(const Scene& scene);
enum class ScanOrder { kPath, kAny };
Json measure_scan(const Scene& scene, ScanOrder order);
/// One commit of `documents` documents; details: the versions "before" and "after".
Json measure_batch_commit(const Scene& scene, std::uint64_t documents);
/// Between the two versions that measure_batch_commit() returned.
enum class DiffRun { kFirst, kRepeated };
Json measure_diff(const Scene& scene, const Json& versions, std::uint64_t documents, DiffRun run);
/// Two branches of kBatchDocuments documents each, kMergedDocuments of them changed by both,
/// merged.
enum class MergeRun { kFirst, kAgain };
Json measure_merge(const Scene& scene, MergeRun run);
/// kHeads branches of kSmallBatchDocuments documents each, merged at once.
Json measure_merge_of_heads(const Scene& scene);
Json measure_verify(const Scene& scene);
Json measure_commits(const Scene& scene, unsigned threads);
/// What commits of one document each leave on the disk, for engines that keep what was before:
/// kHistoryCommits, or as many as a minute lets them make.
Json measure_history(const Scene& scene);

/// A batch as a program makes them, and one so small that even in the smallest store its documents
/// lie apart: what it costs tells how costs grow.
inline constexpr std::uint64_t kBatchDocuments = 1000, kSmallBatchDocuments = 10;
inline constexpr std::uint64_t kMergedDocuments = 10, kHeads = 100, kWovenMerges = 10'000;
inline constexpr std::uint64_t kHistoryCommits = 100'000;

}  // namespace isodb::bench
