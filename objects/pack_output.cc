#include "objects/pack_output.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <exception>
#include <string>
#include <utility>

#include "core/clock.h"
#include "core/hex.h"
#include "isodb/error.h"
#include "objects/pack.h"

namespace isodb::objects {
namespace {

constexpr std::size_t kFlushBytes = 16 * ChainedChecksum::kBlockBytes;

std::string temporary_name() {
  std::array<std::uint8_t, 8> random;
  core::system_environment().random_bytes(random.data(), random.size());
  return std::string(kTemporaryPrefix) + std::to_string(::getpid()) + "-" +
         core::to_hex(random.data(), random.size());
}

}  // namespace

PackOutput::PackOutput(core::FileSystem& files, const std::filesystem::path& folder,
                       std::uint64_t sync_bytes)
    : files_(files), folder_(folder), sync_bytes_(sync_bytes) {
  // Between creation and lock, the file may be taken for a dead builder's and removed: once it is
  // locked and still there, it is safe.
  do {
    path_ = folder_ / temporary_name();
    file_ = files_.open(path_, core::OpenMode::kCreateNew);
  } while (!file_->try_lock() || !files_.exists(path_));
  append(kPackMagic);
}

PackOutput::~PackOutput() {
  if (path_.empty()) return;
  try {
    files_.remove(path_);
  } catch (const std::exception&) {
    // Left behind; remove_stale_temporaries() takes it away when the lock is gone.
  }
}

std::uint64_t PackOutput::append(ByteView bytes) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t offset = flushed_ + buffer_.size();
  if (bytes.size() > kPackBytesMax - offset) {
    throw Error(ErrorCode::kLimit, "a pack cannot be larger than 1 TiB");
  }
  buffer_.append(bytes);
  if (buffer_.size() >= kFlushBytes) flush(buffer_.size() / kFlushBytes * kFlushBytes);
  return offset;
}

void PackOutput::flush(std::size_t count) {
  const ByteView front = ByteView(buffer_).substr(0, count);
  checksum_.add(front);
  file_->append(front);
  flushed_ += count;
  buffer_.erase(0, count);
  if (sync_bytes_ == 0 || flushed_ - synced_ < sync_bytes_) return;
  file_->sync();
  synced_ = flushed_;
}

std::uint64_t PackOutput::size() const {
  const std::lock_guard lock(mutex_);
  return flushed_ + buffer_.size();
}

ByteView PackOutput::view(std::uint64_t offset, std::uint64_t count, Bytes& scratch) const {
  const std::lock_guard lock(mutex_);
  scratch.resize(static_cast<std::size_t>(count));
  std::size_t done = 0;
  if (offset < flushed_) {
    done = static_cast<std::size_t>(std::min(count, flushed_ - offset));
    file_->read_at(offset, scratch.data(), done);
  }
  if (done == scratch.size()) return scratch;
  const ByteView rest =
      ByteView(buffer_).substr(static_cast<std::size_t>(offset + done - flushed_));
  if (rest.size() < scratch.size() - done) {
    throw Error(ErrorCode::kCorrupt, "record: ends too late");
  }
  rest.copy(scratch.data() + done, scratch.size() - done);
  return scratch;
}

std::uint64_t PackOutput::finish_checksum() {
  const std::lock_guard lock(mutex_);
  flush(buffer_.size());
  return checksum_.value();
}

void PackOutput::commit(const std::string& name) {
  {
    const std::lock_guard lock(mutex_);
    flush(buffer_.size());
  }
  file_->sync();
  files_.rename(path_, folder_ / name);
  path_.clear();
  files_.sync_directory(folder_);
}

void remove_stale_temporaries(core::FileSystem& files, const std::filesystem::path& folder) {
  for (const std::string& name : files.list(folder)) {
    if (!name.starts_with(kTemporaryPrefix)) continue;
    const std::filesystem::path path = folder / name;
    std::unique_ptr<core::File> file;
    try {
      file = files.open(path, core::OpenMode::kRead);
    } catch (const Error&) {
      if (files.exists(path)) throw;
      continue;  // its builder finished or removed it just now
    }
    if (file->try_lock()) files.remove(path);
  }
}

}  // namespace isodb::objects
