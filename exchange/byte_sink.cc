#include "exchange/byte_sink.h"

namespace isodb::exchange {
namespace {

constexpr std::size_t kBufferBytes = 256 * 1024;

}  // namespace

ByteSink& ByteSink::operator<<(ByteView bytes) {
  bytes_ += bytes.size();
  if (buffer_.size() + bytes.size() > kBufferBytes) flush();
  if (bytes.size() >= kBufferBytes) {
    write_(bytes);
  } else {
    buffer_.append(bytes);
  }
  return *this;
}

void ByteSink::flush() {
  if (!buffer_.empty()) write_(buffer_);
  buffer_.clear();
}

}  // namespace isodb::exchange
