#pragma once

#include <cstdint>
#include <filesystem>

#include "bench/sync/side.h"

namespace isodb::bench {

struct BulkOptions {
  std::filesystem::path folder;  ///< for both repositories
  std::uint64_t documents = 1'000'000;
  std::uint64_t per_commit = 0;  ///< documents a commit; 0: all in one
};

/// A clone over TLS and loopback, and after it the sync of one changed field.
struct BulkResult {
  std::uint64_t document_bytes = 0, line_bytes = 0;
  double seconds = 0;
  Usage sender, receiver;
  /// Processor seconds of both sides for the change: of the session, and with what comes before it.
  double change_cpu = 0, change_cpu_opening = 0;
};

BulkResult run_bulk(const BulkOptions& options);

}  // namespace isodb::bench
