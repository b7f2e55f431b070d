#pragma once

#include <cstdint>
#include <optional>

#include "isodb/bytes.h"

namespace isodb::wire {

/// What a frame is (docs/protocol.md, "Frames"). The numbers are the wire's and never reassigned.
enum class FrameType : std::uint8_t {
  kHello = 1,
  kRefs,
  kRun,
  kEnd,
  kNeed,
  kAck,
  kError,
  kBundle,
  kSignature,
  kWant,
  kErased,
  kPing = 128,
  kExpect,
};

/// Type and payload together, at most.
inline constexpr std::size_t kFrameBytesMax = 65'536;
inline constexpr std::size_t kPayloadBytesMax = kFrameBytesMax - 1;

/// Appends frames to bytes that the caller keeps and sends. One thread at a time.
class FrameWriter {
 public:
  /// Borrows `out`, which has to outlive this.
  explicit FrameWriter(Bytes& out) : out_(&out) {}

  /// Error(kLimit) for a payload above kPayloadBytesMax.
  void add(FrameType type, ByteView payload);

 private:
  Bytes* out_;
};

struct Frame {
  FrameType type = FrameType::kPing;
  ByteView payload;         ///< valid until the reader's next call, and as long as its input is
  std::uint64_t begin = 0;  ///< the frame's first byte, counted from the first byte of all
};

/// Cuts a stream of bytes, which may come in any portions, into frames. Owns one buffer of at most
/// a frame, and only while a frame is cut by the end of a portion. One thread at a time.
class FrameReader {
 public:
  /// Takes bytes off the front of `input`: a frame as soon as it is whole (call again for more), or
  /// nullopt when all of `input` was taken. Frames of unknown types that may be skipped are.
  /// Error(kCorrupt) for a length that is 0, above kFrameBytesMax or not in its shortest form, as
  /// soon as it is known, and for an unknown type that may not be skipped; after an error the
  /// reader is of no use any more.
  std::optional<Frame> next(ByteView& input);

  /// No frame is begun: an end of the stream here cuts nothing off.
  bool is_between_frames() const { return header_bytes_ == 0; }
  /// Of all frames that are whole.
  std::uint64_t bytes_taken() const { return begin_; }

 private:
  bool take_header(ByteView& input);
  std::optional<ByteView> take_body(ByteView& input);

  Bytes buffer_;                  // of the frame that is cut
  std::uint64_t begin_ = 0;       // of the frame that is being read
  std::size_t body_bytes_ = 0;    // of it, once the length is whole
  std::size_t header_bytes_ = 0;  // of its length, so far
  bool length_is_whole_ = false;
};

}  // namespace isodb::wire
