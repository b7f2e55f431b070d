#include "core/varint.h"

#include <cstring>
#include <string>

#include "isodb/error.h"

namespace isodb::core {
namespace {

constexpr unsigned kVarintShiftMax = 63;  // the tenth byte carries one bit

// Byte by byte, whatever the machine's byte order; compilers make one store or load of it.
template <typename Number>
void put_fixed(Bytes& out, Number value) {
  char bytes[sizeof(Number)];
  for (std::size_t i = 0; i < sizeof(Number); ++i) {
    bytes[i] = static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xff);
  }
  out.append(bytes, sizeof bytes);
}

template <typename Number>
Number load_fixed(const char* at) {
  Number value = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i) {
    value = static_cast<Number>(value | static_cast<Number>(static_cast<std::uint8_t>(at[i]))
                                            << (8 * i));
  }
  return value;
}

}  // namespace

void put_u8(Bytes& out, std::uint8_t value) {
  out.push_back(static_cast<char>(value));
}
void put_u16(Bytes& out, std::uint16_t value) {
  put_fixed(out, value);
}
void put_u32(Bytes& out, std::uint32_t value) {
  put_fixed(out, value);
}
void put_u64(Bytes& out, std::uint64_t value) {
  put_fixed(out, value);
}

void put_varint(Bytes& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

std::uint16_t load_u16(const char* at) {
  return load_fixed<std::uint16_t>(at);
}
std::uint32_t load_u32(const char* at) {
  return load_fixed<std::uint32_t>(at);
}
std::uint64_t load_u64(const char* at) {
  return load_fixed<std::uint64_t>(at);
}

std::uint8_t ByteReader::u8() {
  return static_cast<std::uint8_t>(bytes(1)[0]);
}
std::uint16_t ByteReader::u16() {
  return load_u16(bytes(2).data());
}
std::uint32_t ByteReader::u32() {
  return load_u32(bytes(4).data());
}
std::uint64_t ByteReader::u64() {
  return load_u64(bytes(8).data());
}

std::uint64_t ByteReader::varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    if (at_end()) fail("it ends inside a number");
    const auto byte = static_cast<std::uint8_t>(data_[offset_]);
    if (shift == kVarintShiftMax && byte > 1) fail("a number exceeds 64 bits");
    if (byte == 0 && shift > 0) fail("a number is not in its shortest form");
    ++offset_;
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
}

ByteView ByteReader::bytes(std::uint64_t count) {
  if (count > remaining()) fail("it ends too early");
  const ByteView view = data_.substr(offset_, static_cast<std::size_t>(count));
  offset_ += view.size();
  return view;
}

Id ByteReader::id() {
  return Id::from_bytes(bytes(Id::kSize));
}

void ByteReader::expect_end() const {
  if (!at_end()) fail("bytes follow its end");
}

void ByteReader::fail(const char* problem) const {
  throw Error(ErrorCode::kCorrupt,
              std::string(what_) + ": " + problem + " at offset " + std::to_string(offset_));
}

}  // namespace isodb::core
