#pragma once

#include <filesystem>
#include <memory>

#include "refs/sqlite.h"

namespace isodb::refs {

/// A connection to a file that is only to be read, whatever the rights to its folder are. Shares
/// the file with other processes where SQLite can. Where it cannot, because it may not make its
/// -shm file or there is no space for it, nobody has the file open (whoever had would have made
/// that file), and it reads
/// - the file in place, without locks, when its file system is mounted read-only and no log is
///   left to be applied: then nobody can write to it while it is open;
/// - else a private copy of the file and its log in the folder for temporary files, removed on
///   destruction;
/// - else, where that has no space either, a copy in memory. The file holds what packs do not hold
///   yet, so that is some megabytes.
/// One thread at a time. Error(kIo) when none of it works.
class ReadOnlyFile {
 public:
  ReadOnlyFile(const std::filesystem::path& path, unsigned busy_millis);
  ~ReadOnlyFile();
  ReadOnlyFile(const ReadOnlyFile&) = delete;
  ReadOnlyFile& operator=(const ReadOnlyFile&) = delete;

  Connection& connection() { return *connection_; }

 private:
  void open_copy(const std::filesystem::path& path, unsigned busy_millis);
  void copy(const std::filesystem::path& path);
  void open_in_memory(const std::filesystem::path& path, unsigned busy_millis);

  std::filesystem::path copy_folder_;  // empty when the file itself is read
  std::unique_ptr<Connection> connection_;
};

}  // namespace isodb::refs
