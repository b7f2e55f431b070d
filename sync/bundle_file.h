#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>

#include "core/file.h"
#include "isodb/bytes.h"

namespace isodb::sync {

/// A file that appears under its name complete or not at all: until finish() it has ".unfinished"
/// behind its name, and is removed when that was not reached. Error(kIo) with the path.
class UnfinishedFile {
 public:
  explicit UnfinishedFile(std::filesystem::path path);
  ~UnfinishedFile();
  UnfinishedFile(const UnfinishedFile&) = delete;
  UnfinishedFile& operator=(const UnfinishedFile&) = delete;

  void append(ByteView bytes);
  std::uint64_t size() const { return size_; }
  /// What was appended so far, in portions.
  void read(const std::function<void(ByteView)>& take);
  void finish();

 private:
  const std::filesystem::path path_, unfinished_;
  std::unique_ptr<core::File> file_;
  std::uint64_t size_ = 0;
  bool is_finished_ = false;
};

/// Reads a file in portions. Error(kNotFound) where there is none.
void read_in_portions(const std::filesystem::path& path,
                      const std::function<void(ByteView portion, std::uint64_t all)>& take);

}  // namespace isodb::sync
