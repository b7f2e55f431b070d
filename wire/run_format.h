#pragma once

#include <cstddef>
#include <cstdint>

#include "wire/frame.h"
#include "wire/run.h"

namespace isodb::wire {

/// How a RUN frame's run is coded.
enum class Coding : std::uint8_t {
  kPlain = 0,
  kZstdBegins = 1,  ///< with an empty window
  kZstdGoesOn = 2,  ///< with what the runs before it held, back to the one that began
};
inline constexpr std::uint8_t kGoesOnInNextFrame = 0x80;

inline constexpr std::size_t kRunFrameHeaderBytes = 2;
inline constexpr std::size_t kRunPartBytesMax = kPayloadBytesMax - kRunFrameHeaderBytes;

}  // namespace isodb::wire
