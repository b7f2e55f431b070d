#include "wire/fields.h"

namespace isodb::wire {

bool FieldReader::flag() {
  const std::uint8_t value = u8();
  if (value > 1) fail("a byte is neither 0 nor 1");
  return value == 1;
}

std::size_t FieldReader::count(std::size_t max, std::size_t item_bytes) {
  const std::uint64_t items = varint();
  if (items > max) fail("a list is longer than allowed");
  if (items > remaining() / item_bytes) fail("a list is longer than what is left");
  return static_cast<std::size_t>(items);
}

ByteView FieldReader::text(std::size_t bytes_max) {
  const std::uint64_t size = varint();
  if (size > bytes_max) fail("a text is longer than allowed");
  return bytes(size);
}

void put_text(Bytes& out, ByteView text) {
  core::put_varint(out, text.size());
  out += text;
}

ByteView cut_text(ByteView text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  constexpr int kContinuation = 0x80, kContinuationMask = 0xc0;
  std::size_t end = bytes_max;
  while (end > bytes_max - 4 && (text[end] & kContinuationMask) == kContinuation) --end;
  return text.substr(0, end);
}

std::size_t varint_bytes(std::uint64_t value) {
  std::size_t bytes = 1;
  for (; value >= 0x80; value >>= 7) ++bytes;
  return bytes;
}

}  // namespace isodb::wire
