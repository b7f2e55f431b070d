#pragma once

#include <cstdint>
#include <memory>

#include "isodb/bytes.h"

namespace isodb::core {

// One zstd stream without magic number and checksum, cut into portions: each is packed with what
// the ones before it held, and can be unpacked as soon as it is there.

/// A window larger than this is neither made nor accepted.
inline constexpr unsigned kStreamWindowLogMax = 20;

/// Owns zstd's buffers: about 3 MB at level 3, more at higher ones. One thread at a time.
class CompressStream {
 public:
  explicit CompressStream(int level);
  ~CompressStream();
  CompressStream(CompressStream&&) noexcept;
  CompressStream& operator=(CompressStream&&) noexcept;

  /// Begins a new stream, with an empty window.
  void restart(int level);
  /// Appends one portion, packed and flushed, to `out`.
  void add(Bytes& out, ByteView plain);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

/// Unpacks what may be hostile: into memory of the caller's, never past the size told beforehand,
/// with a window of at most 1 MiB whatever the stream claims. Owns zstd's buffers, about 1.3 MB.
/// One thread at a time. After Error(kCorrupt) only restart() is of use.
class DecompressStream {
 public:
  DecompressStream();
  ~DecompressStream();
  DecompressStream(DecompressStream&&) noexcept;
  DecompressStream& operator=(DecompressStream&&) noexcept;

  /// Begins a new stream, with an empty window.
  void restart();
  /// Begins a portion of exactly `plain_bytes` (above 0), to be written to `out`.
  void begin(char* out, std::size_t plain_bytes);
  /// The portion's next packed bytes, in any number of parts.
  void add(ByteView packed);
  /// Error(kCorrupt) unless the portion is whole and nothing is left over.
  void finish();

 private:
  void watch(ByteView packed);
  void write(ByteView& packed, char* out, std::size_t room, std::size_t& written);

  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace isodb::core
