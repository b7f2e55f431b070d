#pragma once

#include <cstdint>

#include "isodb/bytes.h"
#include "isodb/id.h"

namespace isodb::core {

/// Numbers in formats: fixed ones little-endian, variable ones LEB128 (seven bits a byte, least
/// significant first, at most ten bytes, shortest form only).
void put_u8(Bytes& out, std::uint8_t value);
void put_u16(Bytes& out, std::uint16_t value);
void put_u32(Bytes& out, std::uint32_t value);
void put_u64(Bytes& out, std::uint64_t value);
void put_varint(Bytes& out, std::uint64_t value);

std::uint16_t load_u16(const char* at);
std::uint32_t load_u32(const char* at);
std::uint64_t load_u64(const char* at);

/// Reads untrusted bytes front to back. Every read past the end, and every varint that is not in
/// shortest form, throws Error(kCorrupt) that names `what` and the offset. Borrows the bytes; one
/// thread at a time.
class ByteReader {
 public:
  explicit ByteReader(ByteView data, const char* what) : data_(data), what_(what) {}

  std::uint8_t u8();
  std::uint16_t u16();
  std::uint32_t u32();
  std::uint64_t u64();
  std::uint64_t varint();
  ByteView bytes(std::uint64_t count);
  Id id();

  std::size_t offset() const { return offset_; }
  std::size_t remaining() const { return data_.size() - offset_; }
  bool at_end() const { return offset_ == data_.size(); }
  /// Throws unless everything was read.
  void expect_end() const;
  /// Throws Error(kCorrupt) "<what>: <problem> at offset <n>".
  [[noreturn]] void fail(const char* problem) const;

 private:
  ByteView data_;
  std::size_t offset_ = 0;
  const char* what_;
};

}  // namespace isodb::core
