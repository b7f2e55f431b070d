#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "objects/content.h"
#include "objects/source.h"

namespace isodb::sync {

/// How far into an old document LARGE can name chunks, and how many in all: 16 GiB at least.
inline constexpr std::size_t kOldChunksMax = std::size_t{1} << 20;

/// The chunks of a document in their order, read a list at a time. Borrows the source. One thread
/// at a time. Error(kCorrupt) for lists that are missing or damaged, or of the wrong level.
class ChunkWalk {
 public:
  /// A blob has one chunk, itself.
  ChunkWalk(const objects::ObjectSource& source, const objects::ContentRef& document);

  std::optional<objects::ListItem> next();

 private:
  struct Level {
    objects::List list;
    std::size_t at = 0;
  };

  const objects::ObjectSource& source_;
  std::vector<Level> levels_;  // the root's first
  std::optional<objects::ListItem> blob_;
};

}  // namespace isodb::sync
