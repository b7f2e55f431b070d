#pragma once

#include <cstdint>
#include <string>

#include "isodb/bytes.h"

namespace isodb::cli {

/// A file to read, or standard input for "-". Owns the descriptor. Error(kNotFound) when there is
/// no such file, Error(kIo) when it cannot be read.
class Input {
 public:
  explicit Input(const std::string& name);
  ~Input();
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  /// Fills the buffer as far as it can; less than `size` only at the end, 0 when there is nothing
  /// more.
  std::size_t read(char* buffer, std::size_t size);
  /// Everything up to `bytes_max`. Call again for what follows.
  Bytes read_up_to(std::uint64_t bytes_max);
  /// Everything; Error(kLimit) when it is more than `bytes_max`.
  Bytes read_all(std::uint64_t bytes_max);
  /// For messages: the name, "standard input" for "-".
  const std::string& name() const { return name_; }
  bool is_terminal() const;

 private:
  std::string name_;
  int fd_ = -1;
};

}  // namespace isodb::cli
