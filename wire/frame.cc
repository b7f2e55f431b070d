#include "wire/frame.h"

#include <algorithm>
#include <string>

#include "core/varint.h"
#include "isodb/error.h"

namespace isodb::wire {
namespace {

constexpr std::size_t kLengthBytesMax = 3;
constexpr std::uint8_t kSkippedFrom = 128;  // an unknown type from here on may be skipped

[[noreturn]] void throw_corrupt(const std::string& problem, std::uint64_t offset) {
  throw Error(ErrorCode::kCorrupt, "frame at offset " + std::to_string(offset) + ": " + problem);
}

bool is_known(std::uint8_t type) {
  return (type >= static_cast<std::uint8_t>(FrameType::kHello) &&
          type <= static_cast<std::uint8_t>(FrameType::kErased)) ||
         type == static_cast<std::uint8_t>(FrameType::kPing) ||
         type == static_cast<std::uint8_t>(FrameType::kExpect);
}

}  // namespace

void FrameWriter::add(FrameType type, ByteView payload) {
  if (payload.size() > kPayloadBytesMax) {
    throw Error(ErrorCode::kLimit,
                "a frame of " + std::to_string(payload.size() + 1) + " bytes, at most 65,536");
  }
  core::put_varint(*out_, payload.size() + 1);
  core::put_u8(*out_, static_cast<std::uint8_t>(type));
  *out_ += payload;
}

bool FrameReader::take_header(ByteView& input) {
  while (!length_is_whole_ && !input.empty()) {
    const auto byte = static_cast<std::uint8_t>(input[0]);
    input.remove_prefix(1);
    body_bytes_ |= static_cast<std::size_t>(byte & 0x7f) << (7 * header_bytes_);
    ++header_bytes_;
    length_is_whole_ = byte < 0x80;
    if (body_bytes_ > kFrameBytesMax || (!length_is_whole_ && header_bytes_ == kLengthBytesMax)) {
      throw_corrupt("longer than 65,536 bytes", begin_);
    }
    if (length_is_whole_ && byte == 0) {
      throw_corrupt(header_bytes_ == 1 ? "of no bytes" : "its length is not in the shortest form",
                    begin_);
    }
  }
  return length_is_whole_;
}

std::optional<ByteView> FrameReader::take_body(ByteView& input) {
  const ByteView part = input.substr(0, std::min(body_bytes_ - buffer_.size(), input.size()));
  input.remove_prefix(part.size());
  if (part.size() == body_bytes_) return part;  // nothing of it came before
  buffer_ += part;
  if (buffer_.size() < body_bytes_) return std::nullopt;
  return buffer_;
}

std::optional<Frame> FrameReader::next(ByteView& input) {
  for (;;) {
    // What the frame given last pointed into.
    if (!length_is_whole_ && !buffer_.empty()) Bytes().swap(buffer_);
    if (!take_header(input)) return std::nullopt;
    const std::optional<ByteView> body = take_body(input);
    if (!body) return std::nullopt;
    const auto type = static_cast<std::uint8_t>((*body)[0]);
    const Frame frame{static_cast<FrameType>(type), body->substr(1), begin_};
    if (!is_known(type) && type < kSkippedFrom) {
      throw_corrupt("of the unknown type " + std::to_string(type), begin_);
    }
    begin_ += header_bytes_ + body_bytes_;
    header_bytes_ = body_bytes_ = 0;
    length_is_whole_ = false;
    if (is_known(type)) return frame;
  }
}

}  // namespace isodb::wire
