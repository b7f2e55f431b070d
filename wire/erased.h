#pragma once

#include <cstddef>
#include <vector>

#include "isodb/id.h"
#include "wire/frame.h"

namespace isodb::wire {

/// How many contents a peer may say are erased.
inline constexpr std::size_t kErasedMax = 262'144;

/// Appends ERASED frames, at least one, the last of them marked as the last: contents, sorted, none
/// twice. Error(kLimit) for more than kErasedMax.
void write_erased(FrameWriter& out, const std::vector<Id>& contents);

/// Collects the contents of several frames, within the limit. One thread at a time.
class ErasedReader {
 public:
  /// The payload of an ERASED frame; true when it was the last. Error(kCorrupt) for one that
  /// write_erased() would not have written.
  bool add(ByteView payload);
  std::vector<Id> take();

 private:
  std::vector<Id> contents_;
};

}  // namespace isodb::wire
