#pragma once

#include <cstddef>
#include <vector>

#include "isodb/bytes.h"
#include "wire/hello.h"

namespace isodb::wire {

/// Room for a list of no refs.
inline constexpr std::size_t kRefsListBytesMin = 3;

/// Error(kInvalid) or Error(kLimit) naming the ref.
void check_refs(const std::vector<RefHeads>& refs);

/// Cuts refs into lists that fit into frames; a ref's ids go on under its name in the next one.
/// Borrows the refs, which check_refs() has found good.
class RefsCutter {
 public:
  explicit RefsCutter(const std::vector<RefHeads>& refs) : refs_(&refs) {}

  /// A list of at most `bytes_max`, which is at least kRefsListBytesMin.
  Bytes next(std::size_t bytes_max);
  bool at_end() const { return ref_ == refs_->size(); }

 private:
  const std::vector<RefHeads>* refs_;
  std::size_t ref_ = 0;
  std::size_t id_ = 0;  // of that ref, the next one
};

/// Appends REFS frames with what is left, at least one.
void write_rest(FrameWriter& out, RefsCutter& refs);

}  // namespace isodb::wire
