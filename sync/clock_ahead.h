#pragma once

#include <cstdint>

namespace isodb::sync {

/// A commit whose clock is further ahead of a device's waits there until it is not: its author may
/// have a wrong clock, and whatever comes after it has a later one.
inline constexpr std::uint64_t kClockAheadMillisMax = 24 * 60 * 60 * std::uint64_t{1000};

}  // namespace isodb::sync
