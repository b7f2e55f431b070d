#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "exchange/byte_source.h"
#include "exchange/paths.h"
#include "isodb/repository.h"

namespace isodb::exchange {

struct GitImportOptions {
  bool force = false;             ///< moves and deletes refs whose history the stream does not hold
  bool skip_unsupported = false;  ///< leaves out paths that cannot be held, and reports them
  bool needs_done = false;        ///< the stream has to end with "done"
  std::size_t held_bytes_max = 64 << 20;  ///< memory for blobs that wait for their commit
  ProgressFunction progress = {};         ///< counts bytes of the stream
};

struct GitImportReport {
  std::uint64_t bytes = 0;  ///< of the stream
  std::uint64_t commits = 0, merges = 0, tags = 0, documents = 0;
  std::uint64_t signatures_dropped = 0;  ///< gpgsig blocks, which are not carried
  std::uint64_t objects_written = 0, bytes_written = 0;
  struct MovedRef {
    std::string name;
    std::optional<Id> before, after;
  };
  std::vector<MovedRef> refs;           ///< sorted by name
  std::vector<Skipped> skipped;         ///< the first ones, each path once
  std::uint64_t skipped_changes = 0;    ///< lines of the stream that were left out
  std::optional<std::string> switched;  ///< the branch that is current now, if it changed
};

/// Reads a git fast-import stream into the repository (docs/exchange.md). Everything becomes
/// visible in one step at the end; after any error the repository is as it was. Constant memory but
/// for about 100 bytes a blob and a commit. Errors: as GitStream's, and Error(kInvalid) for a mark
/// or name that means nothing, Error(kUnsupported) for what cannot be held here, Error(kStale) for
/// a ref that would lose commits or that somebody else moved meanwhile.
GitImportReport import_git(Repository& repository, ByteSource& source,
                           const GitImportOptions& options = {});

}  // namespace isodb::exchange
