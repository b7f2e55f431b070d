#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "isodb/bytes.h"

namespace isodb::core {

/// A zstd dictionary, made ready for decompressing; a thread that compresses with it makes it ready
/// for that. Immutable; shared by threads.
class Dictionary {
 public:
  /// `content` as train_dictionary() made it; kept inside.
  Dictionary(Bytes content, int level);
  ~Dictionary();
  Dictionary(const Dictionary&) = delete;
  Dictionary& operator=(const Dictionary&) = delete;

  ByteView content() const { return content_; }

 private:
  friend void compress(Bytes& out, ByteView plain, const Dictionary& dictionary);
  friend void decompress(char* out, std::size_t plain_bytes, ByteView packed,
                         const Dictionary& dictionary);
  Bytes content_;
  const int level_;
  const std::uint64_t number_;  // no other in this process has it
  void* decompress_;
};

/// Marks a trained dictionary, which shows stretches of what it was trained on, as one that may not
/// leave this device: its id within zstd's own header, which is in none of the frames.
void mark_private(Bytes& dictionary);
bool is_private(ByteView dictionary);

/// A dictionary of at most `bytes_max` from samples; empty when there are too few to gain by it.
/// Deterministic.
Bytes train_dictionary(const std::vector<ByteView>& samples, std::size_t bytes_max);

/// Each appends one zstd frame (magic-less, no checksum, no content size, no dictionary id: the
/// record around it holds what is needed) to `out`. Contexts are kept per thread. Level 3 unless
/// said.
void compress(Bytes& out, ByteView plain, int level = 3);
void compress(Bytes& out, ByteView plain, const Dictionary& dictionary);
/// `base` primes the window, so that what both share costs almost nothing.
void compress_delta(Bytes& out, ByteView plain, ByteView base, int level = 3);

/// Each writes exactly `plain_bytes` to `out`; Error(kCorrupt) when the frame is damaged or holds
/// another length. Never writes past `plain_bytes`, whatever the frame claims.
void decompress(char* out, std::size_t plain_bytes, ByteView packed);
void decompress(char* out, std::size_t plain_bytes, ByteView packed, const Dictionary& dictionary);
void decompress_delta(char* out, std::size_t plain_bytes, ByteView packed, ByteView base);

}  // namespace isodb::core
