#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "exchange/byte_sink.h"
#include "exchange/paths.h"
#include "isodb/repository.h"

namespace isodb::exchange {

struct GitExportOptions {
  std::vector<std::string> refs = {};  ///< in full or without "heads/" or "tags/"; empty: all refs
  bool skip_unsupported = false;       ///< leaves out what git cannot hold, and reports it
  ProgressFunction progress = {};      ///< counts commits
};

struct GitExportReport {
  std::uint64_t commits = 0, tags = 0, refs = 0, documents = 0;
  std::uint64_t bytes = 0;             ///< of the stream
  std::uint64_t metadata_dropped = 0;  ///< versions with metadata fields other than "git.mode"
  std::vector<Skipped> skipped;        ///< each once, the first ones
};

/// Writes history as a git fast-import stream (docs/exchange.md): what was imported from git as it
/// was there, commits made here with the writer's fingerprint for a name. ".isodb/" stays out, and
/// so does the repository's root commit unless it holds anything else. Constant memory but for
/// about 100 bytes a commit and a blob. The same refs always give the same bytes.
/// Error(kNotFound) for an unknown ref, Error(kUnsupported) for what git cannot hold.
GitExportReport export_git(const Repository& repository, ByteSink& sink,
                           const GitExportOptions& options = {});

}  // namespace isodb::exchange
