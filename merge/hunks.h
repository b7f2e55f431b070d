#pragma once

#include <cstddef>
#include <vector>

#include "merge/alignment.h"

namespace isodb::merge {

/// A stretch where one side or both changed a base: [begin, end) of the base and of each side. A
/// plain value.
struct Hunk {
  struct Range {
    std::size_t begin = 0, end = 0;
    std::size_t count() const { return end - begin; }
  };
  Range base, left, right;
};

/// Two sides' changes of one base, as align() gives them, as hunks: between them lie items that
/// both left alone. Changes that touch are one hunk. O(changes).
std::vector<Hunk> make_hunks(const std::vector<ChangedRange>& left,
                             const std::vector<ChangedRange>& right);

}  // namespace isodb::merge
