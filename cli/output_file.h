#pragma once

#include <filesystem>
#include <string>

#include "isodb/bytes.h"

namespace isodb::cli {

/// A file to write, which appears under its name complete or not at all: it is written beside it
/// under a temporary name, which is removed when finish() was not reached or a signal ends the
/// program. What is no regular file (/dev/null, a pipe) is written as it is. Error(kIo) with the
/// path.
class OutputFile {
 public:
  explicit OutputFile(const std::string& path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(ByteView bytes);
  void finish();

 private:
  [[noreturn]] void fail(int error) const;

  std::filesystem::path path_;
  std::string temporary_;  ///< "" when written in place
  int fd_ = -1;
};

}  // namespace isodb::cli
