#include "refs/read_only_file.h"

#include <sqlite3.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>

#include "core/file.h"
#include "isodb/error.h"

namespace isodb::refs {
namespace {

constexpr int kCopyAttempts = 5;
/// SQLite makes its -shm file at least this large before it reads or writes anything; on a full
/// disk it leaves a smaller one.
constexpr std::uintmax_t kSharedBytesMin = 32768;

std::filesystem::path beside(const std::filesystem::path& path, const char* suffix) {
  return path.string() + suffix;
}

/// Opens and really reads: SQLite looks at the log only then.
std::unique_ptr<Connection> open_checked(const std::filesystem::path& path, Connection::Mode mode,
                                         unsigned busy_millis) {
  auto connection = std::make_unique<Connection>(path, mode, busy_millis);
  connection->number("PRAGMA user_version");
  return connection;
}

bool is_read_only_mount(const std::filesystem::path& path) {
  struct statvfs system {};
  return ::statvfs(path.c_str(), &system) == 0 && (system.f_flag & ST_RDONLY) != 0;
}

/// Size and time of a file: what changes when somebody writes to it.
struct FileState {
  std::uintmax_t bytes = 0;
  std::filesystem::file_time_type written;
  friend bool operator==(const FileState&, const FileState&) = default;
};

FileState file_state(const std::filesystem::path& path) {
  FileState state;
  std::error_code missing;
  state.bytes = std::filesystem::file_size(path, missing);
  if (missing) return {};
  state.written = std::filesystem::last_write_time(path, missing);
  return state;
}

/// True when somebody may have the file open.
bool is_shared(const std::filesystem::path& path) {
  return file_state(beside(path, "-shm")).bytes >= kSharedBytesMin;
}

}  // namespace

ReadOnlyFile::ReadOnlyFile(const std::filesystem::path& path, unsigned busy_millis) {
  try {
    connection_ = open_checked(path, Connection::Mode::kRead, busy_millis);
    return;
  } catch (const Error& error) {
    const bool may_be_alone = error.code() == ErrorCode::kIo && std::filesystem::exists(path);
    if (!may_be_alone || is_shared(path)) throw;
  }
  const bool has_log = file_state(beside(path, "-wal")).bytes > 0;
  if (!has_log && is_read_only_mount(path)) {
    connection_ = open_checked(path, Connection::Mode::kImmutable, busy_millis);
    return;
  }
  try {
    open_copy(path, busy_millis);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kIo || ::access(path.c_str(), W_OK) != 0) throw;
    open_in_memory(path, busy_millis);
  }
}

ReadOnlyFile::~ReadOnlyFile() {
  connection_.reset();
  std::error_code ignored;
  if (!copy_folder_.empty()) std::filesystem::remove_all(copy_folder_, ignored);
}

void ReadOnlyFile::open_copy(const std::filesystem::path& path, unsigned busy_millis) {
  try {
    copy(path);
    connection_ = open_checked(copy_folder_ / "repo.db", Connection::Mode::kReadWrite, busy_millis);
    connection_->execute("PRAGMA query_only=ON");
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove_all(copy_folder_, ignored);
    throw;
  }
}

void ReadOnlyFile::open_in_memory(const std::filesystem::path& path, unsigned busy_millis) {
  copy_folder_.clear();
  // Whoever has the file for itself needs no -shm file, and this lasts for one copy only. What is
  // in the log stays there.
  Connection file(path, Connection::Mode::kReadWrite, busy_millis);
  sqlite3_db_config(file.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  file.execute("PRAGMA locking_mode=EXCLUSIVE");
  connection_ = std::make_unique<Connection>(":memory:", Connection::Mode::kReadWrite, busy_millis);
  copy_database(file, *connection_);
  connection_->execute("PRAGMA query_only=ON");
}

void ReadOnlyFile::copy(const std::filesystem::path& path) {
  std::string folder = (std::filesystem::temp_directory_path() / "isodb-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) core::throw_io_error("make", folder, errno);
  copy_folder_ = folder;
  for (int attempt = 0; attempt < kCopyAttempts; ++attempt) {
    const FileState file = file_state(path), log = file_state(beside(path, "-wal"));
    const auto replace = std::filesystem::copy_options::overwrite_existing;
    std::error_code failure;
    std::filesystem::copy_file(path, copy_folder_ / "repo.db", replace, failure);
    if (!failure && log.bytes > 0) {
      std::filesystem::copy_file(beside(path, "-wal"), copy_folder_ / "repo.db-wal", replace,
                                 failure);
    }
    if (failure) core::throw_io_error("copy", path, failure.value());
    std::filesystem::permissions(copy_folder_ / "repo.db", std::filesystem::perms::owner_all,
                                 failure);
    // Somebody with more rights may have begun to write: then the copy is a mixture.
    const bool alone =
        !is_shared(path) && file_state(path) == file && file_state(beside(path, "-wal")) == log;
    if (alone) return;
    std::filesystem::remove(copy_folder_ / "repo.db-wal", failure);
  }
  throw Error(ErrorCode::kBusy, path.string() + ": another process keeps writing to it",
              "try again when the other program is done");
}

}  // namespace isodb::refs
