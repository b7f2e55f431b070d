#include "sync/bundle_file.h"

#include <utility>

#include "isodb/error.h"

namespace isodb::sync {
namespace {

constexpr std::size_t kPortionBytes = 64 * 1024;

}  // namespace

UnfinishedFile::UnfinishedFile(std::filesystem::path path)
    : path_(std::move(path)), unfinished_(path_.string() + ".unfinished") {
  core::FileSystem& files = core::posix_file_system();
  files.remove(unfinished_);  // of a run that was killed
  file_ = files.open(unfinished_, core::OpenMode::kCreateNew);
}

UnfinishedFile::~UnfinishedFile() {
  if (is_finished_) return;
  file_.reset();
  std::error_code ignored;
  std::filesystem::remove(unfinished_, ignored);
}

void UnfinishedFile::append(ByteView bytes) {
  file_->append(bytes);
  size_ += bytes.size();
}

void UnfinishedFile::read(const std::function<void(ByteView)>& take) {
  Bytes portion(kPortionBytes, '\0');
  for (std::uint64_t at = 0; at < size_;) {
    const std::size_t count = file_->read_some(at, portion.data(), portion.size());
    if (count == 0) break;
    take(ByteView(portion).substr(0, count));
    at += count;
  }
}

void UnfinishedFile::finish() {
  file_->sync();
  file_.reset();
  core::FileSystem& files = core::posix_file_system();
  files.rename(unfinished_, path_);
  is_finished_ = true;
  const std::filesystem::path folder = path_.parent_path();
  files.sync_directory(folder.empty() ? "." : folder);
}

void read_in_portions(const std::filesystem::path& path,
                      const std::function<void(ByteView portion, std::uint64_t all)>& take) {
  core::FileSystem& files = core::posix_file_system();
  if (!files.exists(path)) throw Error(ErrorCode::kNotFound, "there is no file " + path.string());
  const std::unique_ptr<core::File> file = files.open(path, core::OpenMode::kRead);
  const std::uint64_t all = file->size();
  Bytes portion(kPortionBytes, '\0');
  for (std::uint64_t at = 0; at < all;) {
    const std::size_t count = file->read_some(at, portion.data(), portion.size());
    if (count == 0) break;
    take(ByteView(portion).substr(0, count), all);
    at += count;
  }
}

}  // namespace isodb::sync
