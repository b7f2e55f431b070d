#pragma once

#include <cstddef>

namespace isodb::merge {

/// How many heads count (docs/merge.md, "Members"). Part of epoch 1: others are for tests of what
/// is done above them.
struct PeelLimits {
  std::size_t forked_heads_max = 8;    ///< of one writer
  std::size_t author_heads_max = 256;  ///< of one author
  std::size_t heads_max = 4096;        ///< in all: what a merge can name
};

}  // namespace isodb::merge
