#include "tests/support/simulated_files.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "isodb/error.h"

namespace isodb::testing {
namespace {

namespace fs = std::filesystem;

class CopiedMapping final : public core::Mapping {
 public:
  explicit CopiedMapping(Bytes bytes) : bytes_(std::move(bytes)) {}
  ByteView bytes() const override { return bytes_; }

 private:
  const Bytes bytes_;
};

}  // namespace

class SimulatedFile final : public core::File {
 public:
  SimulatedFile(SimulatedFiles& files, std::shared_ptr<SimulatedFiles::Content> content,
                fs::path path, bool writable)
      : files_(files), content_(std::move(content)), path_(std::move(path)), writable_(writable) {}
  ~SimulatedFile() override {
    const std::lock_guard lock(files_.mutex_);
    if (content_->locked_by == this) content_->locked_by = nullptr;
  }

  void read_at(std::uint64_t offset, char* out, std::size_t count) override {
    if (read_some(offset, out, count) == count) return;
    throw Error(ErrorCode::kCorrupt, path_.string() + " ends too early");
  }

  std::size_t read_some(std::uint64_t offset, char* out, std::size_t count) override {
    const std::lock_guard lock(files_.mutex_);
    const Bytes& bytes = content_->bytes;
    if (offset >= bytes.size()) return 0;
    count = std::min<std::uint64_t>(count, bytes.size() - offset);
    std::memcpy(out, bytes.data() + offset, count);
    return count;
  }

  void append(ByteView data) override {
    if (!writable_) core::throw_io_error("write to", path_, EBADF);
    const std::lock_guard lock(files_.mutex_);
    try {
      files_.operate("write to", path_);
    } catch (const Error&) {
      content_->bytes += data.substr(0, data.size() / 2);
      throw;
    }
    content_->bytes += data;
  }

  std::uint64_t size() override {
    const std::lock_guard lock(files_.mutex_);
    return content_->bytes.size();
  }

  void sync() override {
    const std::lock_guard lock(files_.mutex_);
    files_.operate("sync", path_);
    content_->synced = content_->bytes.size();
  }

  bool try_lock() override {
    const std::lock_guard lock(files_.mutex_);
    if (content_->locked_by == nullptr) content_->locked_by = this;
    return content_->locked_by == this;
  }

  std::unique_ptr<core::Mapping> map() override {
    const std::lock_guard lock(files_.mutex_);
    return std::make_unique<CopiedMapping>(content_->bytes);
  }

 private:
  SimulatedFiles& files_;
  const std::shared_ptr<SimulatedFiles::Content> content_;
  const fs::path path_;
  const bool writable_;
};

std::uint64_t SimulatedFiles::operations() const {
  const std::lock_guard lock(mutex_);
  return operations_;
}

void SimulatedFiles::fail_from(std::uint64_t first, int error_number) {
  const std::lock_guard lock(mutex_);
  fail_from_ = first;
  error_number_ = error_number;
}

void SimulatedFiles::fail_never() {
  fail_from(UINT64_MAX, 0);
}

void SimulatedFiles::cut_power(std::mt19937_64& random) {
  const std::lock_guard lock(mutex_);
  for (auto& [path, folder] : folders_) {
    folder.changes.resize(random() % (folder.changes.size() + 1));
    folder.synced = folder.now();
    folder.changes.clear();
    for (auto& [name, content] : folder.synced) {
      const std::size_t kept = random() % (content->bytes.size() - content->synced + 1);
      const std::size_t zeros = content->bytes.size() - content->synced - kept;
      content->bytes.resize(content->synced + kept);
      if (random() % 2 == 0) content->bytes.append(zeros, '\0');
      content->synced = content->bytes.size();
    }
  }
}

std::unique_ptr<core::File> SimulatedFiles::open(const fs::path& path, core::OpenMode mode) {
  const std::lock_guard lock(mutex_);
  const std::string name = path.filename().string();
  if (mode != core::OpenMode::kCreateNew) {
    const Names names = folder_of(path, "open").now();
    const auto found = names.find(name);
    if (found == names.end()) core::throw_io_error("open", path, ENOENT);
    return std::make_unique<SimulatedFile>(*this, found->second, path,
                                           mode == core::OpenMode::kReadAppend);
  }
  Folder& folder = folder_of(path, "create");
  if (exists_locked(path)) core::throw_io_error("create", path, EEXIST);
  operate("create", path);
  auto content = std::make_shared<Content>();
  folder.changes.push_back({std::nullopt, name, content});
  return std::make_unique<SimulatedFile>(*this, std::move(content), path, true);
}

bool SimulatedFiles::exists(const fs::path& path) {
  const std::lock_guard lock(mutex_);
  return exists_locked(path);
}

void SimulatedFiles::rename(const fs::path& from, const fs::path& to) {
  const std::lock_guard lock(mutex_);
  if (from.parent_path() != to.parent_path()) core::throw_io_error("rename", to, EXDEV);
  Folder& folder = folder_of(from, "rename");
  const Names names = folder.now();
  const auto found = names.find(from.filename().string());
  if (found == names.end()) core::throw_io_error("rename", from, ENOENT);
  operate("rename", from);
  folder.changes.push_back({found->first, to.filename().string(), found->second});
}

void SimulatedFiles::remove(const fs::path& path) {
  const std::lock_guard lock(mutex_);
  if (!exists_locked(path)) return;
  operate("remove", path);
  folder_of(path, "remove").changes.push_back({path.filename().string(), std::nullopt, nullptr});
}

void SimulatedFiles::create_directories(const fs::path& path) {
  const std::lock_guard lock(mutex_);
  for (fs::path folder = path; folders_.try_emplace(folder).second; folder = folder.parent_path()) {
  }
}

std::vector<std::string> SimulatedFiles::list(const fs::path& path) {
  const std::lock_guard lock(mutex_);
  const auto folder = folders_.find(path);
  if (folder == folders_.end()) return {};
  std::vector<std::string> names;
  for (const auto& [name, content] : folder->second.now()) names.push_back(name);
  return names;
}

void SimulatedFiles::sync_directory(const fs::path& path) {
  const std::lock_guard lock(mutex_);
  Folder& folder = folder_of(path / "any", "sync the folder");
  operate("sync the folder", path);
  folder.synced = folder.now();
  folder.changes.clear();
}

SimulatedFiles::Names SimulatedFiles::Folder::now() const {
  Names names = synced;
  for (const Change& change : changes) apply(names, change);
  return names;
}

void SimulatedFiles::apply(Names& names, const Change& change) {
  if (change.removed) names.erase(*change.removed);
  if (change.added) names[*change.added] = change.content;
}

SimulatedFiles::Folder& SimulatedFiles::folder_of(const fs::path& path, const char* operation) {
  const auto folder = folders_.find(path.parent_path());
  if (folder == folders_.end()) core::throw_io_error(operation, path, ENOENT);
  return folder->second;
}

bool SimulatedFiles::exists_locked(const fs::path& path) {
  if (folders_.contains(path)) return true;
  const auto folder = folders_.find(path.parent_path());
  return folder != folders_.end() && folder->second.now().contains(path.filename().string());
}

void SimulatedFiles::operate(const char* operation, const fs::path& path) {
  if (operations_++ >= fail_from_) core::throw_io_error(operation, path, error_number_);
}

}  // namespace isodb::testing
