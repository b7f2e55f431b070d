#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "isodb/bytes.h"
#include "isodb/error.h"

namespace isodb::exchange {

/// Reads a stream of unknown length front to back, by lines and by counted bytes, and knows where
/// it is. Owns one buffer, which grows only to the longest line asked for. One thread at a time.
/// Error(kIo) when the system refuses; Error(kInvalid), with name, line and byte, where the stream
/// itself is at fault.
class ByteSource {
 public:
  /// Fills the buffer and returns how many bytes it put there; 0 at the end, and again after it.
  using Read = std::function<std::size_t(char* buffer, std::size_t size)>;

  /// `name` is how messages call the stream; `size` its length where that is known.
  ByteSource(Read read, std::string name, std::optional<std::uint64_t> size = {});
  /// A file, or standard input for "-".
  static ByteSource open(const std::filesystem::path& path);
  /// Bytes that outlive the source.
  static ByteSource over(ByteView bytes, std::string name = "stream");

  enum class LastLine { kNeedsNewline, kMayLackNewline };
  /// The next line without its newline, valid until the next call; nullopt at the end. Fails when
  /// it is longer than `bytes_max`, or when the stream ends inside it and `last` forbids that.
  std::optional<ByteView> line(std::size_t bytes_max, LastLine last = LastLine::kNeedsNewline);
  /// Up to `count` bytes; 0 only at the end.
  std::size_t read(char* out, std::size_t count);
  /// The next byte without taking it; nullopt at the end.
  std::optional<char> peek();
  /// Takes the next byte if it is `expected`.
  bool skip(char expected);
  /// Borrows what is buffered (at least one byte unless at the end); take it with skip_bytes().
  ByteView buffered();
  void skip_bytes(std::size_t count);

  std::uint64_t offset() const { return offset_; }     ///< bytes taken so far
  std::uint64_t line_number() const { return line_; }  ///< of the next byte, from 1
  std::optional<std::uint64_t> size() const { return size_; }
  const std::string& name() const { return name_; }

  /// Throws Error(kInvalid) "<name>: line <n>, byte <n>: <problem>", at the next byte or at a place
  /// noted before.
  [[noreturn]] void fail(const std::string& problem, const std::string& hint = {}) const;
  [[noreturn]] void fail_at(std::uint64_t line, std::uint64_t offset, const std::string& problem,
                            const std::string& hint = {},
                            ErrorCode code = ErrorCode::kInvalid) const;

 private:
  bool fill();

  Read read_;
  std::string name_;
  std::optional<std::uint64_t> size_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;
  bool ended_ = false;
  std::uint64_t offset_ = 0, line_ = 1;
};

/// Text from outside made safe to print: control characters and broken UTF-8 as \ooo, and no more
/// than `bytes_max` of it.
std::string printable(ByteView text, std::size_t bytes_max = 120);

}  // namespace isodb::exchange
