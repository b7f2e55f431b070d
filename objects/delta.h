#pragma once

#include <cstddef>

#include "isodb/bytes.h"

namespace isodb::objects {

/// Appends what turns `base` into `plain` (docs/storage.md, "Records"). Never fails; the result may
/// be larger than `plain`.
void append_delta(Bytes& out, ByteView plain, ByteView base, int level);

/// Rebuilds exactly `plain_bytes` from `base` and a delta; Error(kCorrupt) when the delta is not
/// one that leads from this base to so many bytes.
Bytes apply_delta(ByteView delta, ByteView base, std::size_t plain_bytes);

/// Appends the stretches in which `plain` differs from a `base` of the same length: what a new
/// version of a tree node mostly is. False, with nothing appended, for another length.
bool append_patch(Bytes& out, ByteView plain, ByteView base);

/// As apply_delta(), for a patch.
Bytes apply_patch(ByteView patch, ByteView base, std::size_t plain_bytes);

}  // namespace isodb::objects
