#pragma once

#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "core/file.h"
#include "isodb/error.h"

namespace isodb::testing {

/// Files in memory: for tests that write thousands of them, and for storage that fails. Folders are
/// not kept apart from names. Thread-safe.
class MemoryFiles : public core::FileSystem {
 public:
  using Content = std::shared_ptr<Bytes>;

  /// The write (append, sync, rename, sync of a folder) with this number, from 0 on, and all after
  /// it fail.
  void fail_from(std::size_t write) { fail_from_ = write; }
  std::size_t writes() const { return writes_; }

  void set(const std::filesystem::path& path, Bytes content) {
    const std::lock_guard lock(mutex_);
    files_[path.string()] = std::make_shared<Bytes>(std::move(content));
  }
  Bytes content(const std::filesystem::path& path) {
    const std::lock_guard lock(mutex_);
    return *files_.at(path.string());
  }

  std::unique_ptr<core::File> open(const std::filesystem::path& path,
                                   core::OpenMode mode) override {
    const std::lock_guard lock(mutex_);
    const auto found = files_.find(path.string());
    const bool create = mode == core::OpenMode::kCreateNew;
    if (create != (found == files_.end()))
      throw Error(ErrorCode::kIo, "cannot open " + path.string());
    if (create) return std::make_unique<OpenFile>(*this, files_[path.string()] = new_content());
    return std::make_unique<OpenFile>(*this, found->second);
  }
  bool exists(const std::filesystem::path& path) override {
    const std::lock_guard lock(mutex_);
    return files_.count(path.string()) != 0;
  }
  void rename(const std::filesystem::path& from, const std::filesystem::path& to) override {
    count_write();
    const std::lock_guard lock(mutex_);
    files_[to.string()] = files_.at(from.string());
    files_.erase(from.string());
  }
  void remove(const std::filesystem::path& path) override {
    const std::lock_guard lock(mutex_);
    files_.erase(path.string());
  }
  void create_directories(const std::filesystem::path&) override {}
  std::vector<std::string> list(const std::filesystem::path& folder) override {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> names;
    for (const auto& [name, content] : files_) {
      const std::filesystem::path path(name);
      if (path.parent_path() == folder) names.push_back(path.filename().string());
    }
    return names;
  }
  void sync_directory(const std::filesystem::path&) override { count_write(); }

 private:
  class View : public core::Mapping {
   public:
    explicit View(Content content) : content_(std::move(content)) {}
    ByteView bytes() const override { return *content_; }

   private:
    const Content content_;
  };

  class OpenFile : public core::File {
   public:
    OpenFile(MemoryFiles& files, Content content) : files_(files), content_(std::move(content)) {}
    void read_at(std::uint64_t offset, char* out, std::size_t count) override {
      if (read_some(offset, out, count) != count) throw Error(ErrorCode::kCorrupt, "file ends");
    }
    std::size_t read_some(std::uint64_t offset, char* out, std::size_t count) override {
      const std::lock_guard lock(files_.mutex_);
      if (offset >= content_->size()) return 0;
      return content_->copy(out, count, static_cast<std::size_t>(offset));
    }
    void append(ByteView data) override {
      files_.count_write();
      const std::lock_guard lock(files_.mutex_);
      content_->append(data);
    }
    std::uint64_t size() override {
      const std::lock_guard lock(files_.mutex_);
      return content_->size();
    }
    void sync() override { files_.count_write(); }
    std::unique_ptr<core::Mapping> map() override { return std::make_unique<View>(content_); }

   private:
    MemoryFiles& files_;
    const Content content_;
  };

  static Content new_content() { return std::make_shared<Bytes>(); }
  void count_write() {
    const std::lock_guard lock(mutex_);
    if (writes_++ >= fail_from_) throw Error(ErrorCode::kIo, "no space left on the simulated disk");
  }

  std::mutex mutex_;
  std::map<std::string, Content> files_;
  std::size_t writes_ = 0;
  std::size_t fail_from_ = SIZE_MAX;
};

}  // namespace isodb::testing
