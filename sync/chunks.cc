#include "sync/chunks.h"

#include <utility>

#include "isodb/error.h"

namespace isodb::sync {

ChunkWalk::ChunkWalk(const objects::ObjectSource& source, const objects::ContentRef& document)
    : source_(source) {
  if (document.kind == ContentKind::kBlob) {
    blob_ = objects::ListItem{document.id, document.size};
  } else {
    levels_.push_back(
        {objects::decode_list(objects::get_expected(source, document.id, ObjectType::kList)), 0});
  }
}

std::optional<objects::ListItem> ChunkWalk::next() {
  if (blob_) return std::exchange(blob_, std::nullopt);
  while (!levels_.empty() && levels_.back().at == levels_.back().list.items.size()) {
    levels_.pop_back();
  }
  if (levels_.empty()) return std::nullopt;
  for (;;) {
    Level& level = levels_.back();
    const objects::ListItem item = level.list.items[level.at++];
    if (level.list.level == 0) return item;
    objects::List below =
        objects::decode_list(objects::get_expected(source_, item.id, ObjectType::kList));
    if (below.level + 1 != level.list.level || below.size != item.size) {
      throw Error(ErrorCode::kCorrupt, "list " + item.id.hex() + " is not what names it says");
    }
    levels_.push_back({std::move(below), 0});
  }
}

}  // namespace isodb::sync
