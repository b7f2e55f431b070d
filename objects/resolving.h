#pragma once

#include "objects/source.h"

namespace isodb::objects {

/// The object that a delta is based on: Error(kCorrupt) when it is missing, or when the bases of
/// bases lead on for longer than any writer makes them, as in a loop through several files.
Object get_base(const ObjectSource& source, const Id& id);

/// Error(kLimit) for a payload that is no object's.
void check_object_size(std::uint64_t payload_bytes);

/// Whether a delta is so much smaller than what it stands for that trying anything else is a waste.
inline bool is_clearly_small(std::size_t delta_bytes, std::size_t payload_bytes) {
  return delta_bytes < payload_bytes / 8;
}

}  // namespace isodb::objects
