#include "refs/log_space.h"

#include <algorithm>
#include <array>

#include <sqlite3.h>

namespace isodb::refs {
namespace {

constexpr std::int64_t kHeaderBytes = 32, kFrameBytes = 24 + 4096;
/// A program that makes few commits leaves the file as it is.
constexpr unsigned kCommitsBefore = 16;
/// Less than this behind the log's end, and more is provided; and how much.
constexpr std::int64_t kLow = 64 << 10, kStepMin = 256 << 10, kStepMax = 2 << 20;

}  // namespace

LogSpace::LogSpace(Connection& connection, int checkpoint_pages)
    : connection_(connection), checkpoint_pages_(checkpoint_pages) {
  sqlite3_wal_hook(connection_.handle(), &LogSpace::after_commit, this);
}

LogSpace::~LogSpace() {
  sqlite3_wal_hook(connection_.handle(), nullptr, nullptr);
}

int LogSpace::after_commit(void* self, sqlite3* handle, const char* schema, int pages) {
  auto& space = *static_cast<LogSpace*>(self);
  space.pages_ = pages;
  ++space.commits_;
  // As SQLite does by itself: the commit stands, whatever becomes of this.
  if (pages >= space.checkpoint_pages_) {
    sqlite3_wal_checkpoint_v2(handle, schema, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  }
  return SQLITE_OK;
}

void LogSpace::provide() noexcept {
  if (commits_ < kCommitsBefore) return;
  sqlite3_file* log = nullptr;
  if (sqlite3_file_control(connection_.handle(), "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) !=
          SQLITE_OK ||
      log == nullptr || log->pMethods == nullptr) {
    return;
  }
  sqlite3_int64 bytes = 0;
  if (log->pMethods->xFileSize(log, &bytes) != SQLITE_OK) return;
  if (bytes - (kHeaderBytes + pages_ * kFrameBytes) >= kLow) return;
  static constexpr std::array<char, 64 << 10> kZeros{};
  const std::int64_t end = bytes + std::clamp<std::int64_t>(bytes, kStepMin, kStepMax);
  for (; bytes < end; bytes += kZeros.size()) {
    if (log->pMethods->xWrite(log, kZeros.data(), kZeros.size(), bytes) != SQLITE_OK) return;
  }
}

}  // namespace isodb::refs
