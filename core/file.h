#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "isodb/bytes.h"

namespace isodb::core {

/// Read-only memory over a whole file, unmapped on destruction.
class Mapping {
 public:
  virtual ~Mapping() = default;
  virtual ByteView bytes() const = 0;
};

/// An open file. Movable by pointer; reads may run in several threads, writes in one. Errors are
/// Error(kIo) with the path, the operation and the system's reason.
class File {
 public:
  virtual ~File() = default;
  /// Reads exactly `count` bytes at `offset`; Error(kCorrupt) when the file ends before.
  virtual void read_at(std::uint64_t offset, char* out, std::size_t count) = 0;
  /// Reads up to `count` bytes at `offset`; returns how many there were.
  virtual std::size_t read_some(std::uint64_t offset, char* out, std::size_t count) = 0;
  virtual void append(ByteView data) = 0;
  virtual std::uint64_t size() = 0;
  /// Returns when everything written so far survives a power cut (fdatasync).
  virtual void sync() = 0;
  virtual std::unique_ptr<Mapping> map() = 0;
  /// Takes the file for this handle alone, until it is closed, without waiting; false when another
  /// handle, in whatever process, has taken it. Reading and writing stay possible for everyone: it
  /// only tells who is alive. True where a file system knows no locks.
  virtual bool try_lock() { return true; }
};

enum class OpenMode {
  kRead,        ///< must exist
  kCreateNew,   ///< must not exist; read and write
  kReadAppend,  ///< must exist; read and append
};

/// Where files come in: the machine's, or a simulated one that fails, fills up or loses power.
/// Thread-safe.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual std::unique_ptr<File> open(const std::filesystem::path& path, OpenMode mode) = 0;
  virtual bool exists(const std::filesystem::path& path) = 0;
  /// Atomic; replaces `to`.
  virtual void rename(const std::filesystem::path& from, const std::filesystem::path& to) = 0;
  /// No error when the file is not there.
  virtual void remove(const std::filesystem::path& path) = 0;
  /// Creates it and what is missing above it.
  virtual void create_directories(const std::filesystem::path& path) = 0;
  /// Names (not paths) of a folder's entries, sorted; empty when the folder is not there.
  virtual std::vector<std::string> list(const std::filesystem::path& path) = 0;
  /// Makes renames and removals in a folder survive a power cut (fsync of the folder).
  virtual void sync_directory(const std::filesystem::path& path) = 0;
};

FileSystem& posix_file_system();

/// The whole file; Error(kLimit) when it is larger than `bytes_max`.
Bytes read_file(FileSystem& files, const std::filesystem::path& path, std::uint64_t bytes_max);
/// Takes a lock file, which is made where it is missing, until the handle is closed; nullptr while
/// another has it.
std::unique_ptr<File> try_lock_file(FileSystem& files, const std::filesystem::path& path);
/// Durable and atomic: written under a temporary name, synced, renamed, the folder synced. `mode`
/// is the POSIX mode, before the process's umask.
void write_file(const std::filesystem::path& path, ByteView data, unsigned mode = 0644);

/// An error message from errno: "cannot <operation> <path>: <reason>", with a hint for a full disk
/// and missing rights.
[[noreturn]] void throw_io_error(std::string_view operation, const std::filesystem::path& path,
                                 int error_number);

}  // namespace isodb::core
