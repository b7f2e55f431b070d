#pragma once

#include <cstdint>

#include "refs/sqlite.h"

namespace isodb::refs {

/// Keeps zeros behind the end of SQLite's write-ahead log, so that most commits write where the
/// file has bytes already: a sync that has to make a file longer writes the file system's own
/// journal, too, and takes half as long again (docs/performance.md, "Durable commits"). Takes the
/// place of SQLite's automatic checkpoints, which use the same hook.
///
/// SQLite ends a log at the first frame whose salt or checksum is another than its header's, so
/// zeros are no part of it (https://www.sqlite.org/fileformat2.html#wal_file_format).
class LogSpace {
 public:
  /// Borrows the connection. The log is moved into the file when it has `checkpoint_pages`.
  LogSpace(Connection& connection, int checkpoint_pages);
  ~LogSpace();
  LogSpace(const LogSpace&) = delete;
  LogSpace& operator=(const LogSpace&) = delete;

  /// Inside of a transaction that writes. Never fails: without space, commits take their own.
  void provide() noexcept;

 private:
  static int after_commit(void* self, struct sqlite3* handle, const char* schema, int pages);

  Connection& connection_;
  const int checkpoint_pages_;
  std::int64_t pages_ = 0;  // that the log had after the last commit of this connection
  unsigned commits_ = 0;
};

}  // namespace isodb::refs
