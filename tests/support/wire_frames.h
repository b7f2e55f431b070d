#pragma once

#include <utility>
#include <vector>

#include "core/hash.h"
#include "core/varint.h"
#include "wire/frame.h"

namespace isodb::testing {

/// The frames in `bytes`, which have to be whole.
inline std::vector<std::pair<wire::FrameType, Bytes>> frames_of(ByteView bytes) {
  std::vector<std::pair<wire::FrameType, Bytes>> frames;
  wire::FrameReader reader;
  while (const auto frame = reader.next(bytes)) frames.emplace_back(frame->type, frame->payload);
  if (!reader.is_between_frames()) throw std::runtime_error("cut within a frame");
  return frames;
}

inline Id numbered_id(std::uint64_t number) {
  Bytes seed = "isodb test id";
  core::put_u64(seed, number);
  return core::sha256(seed);
}

}  // namespace isodb::testing
