#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "isodb/bytes.h"

namespace isodb::exchange {

/// Where an export goes: gathers small writes and counts bytes. One thread. Errors are those of the
/// function it writes to.
class ByteSink {
 public:
  using Write = std::function<void(ByteView bytes)>;
  explicit ByteSink(Write write) : write_(std::move(write)) {}

  ByteSink& operator<<(ByteView bytes);
  ByteSink& operator<<(char byte) { return *this << ByteView(&byte, 1); }
  ByteSink& operator<<(std::uint64_t number) { return *this << std::to_string(number); }
  void flush();
  std::uint64_t bytes() const { return bytes_; }

 private:
  Write write_;
  Bytes buffer_;
  std::uint64_t bytes_ = 0;
};

}  // namespace isodb::exchange
