#include "merge/erased.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace isodb::merge {
namespace {

constexpr std::string_view kSuffix = ".json";

}  // namespace

std::string erased_path(const Id& content) {
  return std::string(kErasedPrefix) + content.hex() + std::string(kSuffix);
}

std::optional<Id> erased_by(std::string_view path) {
  if (!path.starts_with(kErasedPrefix) || !path.ends_with(kSuffix)) return std::nullopt;
  path.remove_prefix(kErasedPrefix.size());
  path.remove_suffix(kSuffix.size());
  const std::optional<Id> id = Id::from_hex(path);
  // One spelling alone, so that no content has two documents.
  return id && id->hex() == path ? id : std::nullopt;
}

Erased Erased::in_tree(const objects::NodeReader& nodes, const TreeId& tree) {
  Erased erased;
  objects::Cursor cursor(nodes, tree);
  for (cursor.seek(kErasedPrefix); cursor.valid(); cursor.next()) {
    if (!cursor.path().starts_with(kErasedPrefix)) break;
    if (const std::optional<Id> id = erased_by(cursor.path())) erased.ids_.push_back(*id);
  }
  return erased;
}

bool Erased::has(const Id& content) const {
  return std::binary_search(ids_.begin(), ids_.end(), content);
}

bool Erased::touches(const Entry& entry) const {
  return has(entry.content) || (entry.metadata && has(*entry.metadata));
}

void Erased::add(const Erased& others) {
  if (others.ids_.empty()) return;
  std::vector<Id> all;
  all.reserve(ids_.size() + others.ids_.size());
  std::set_union(ids_.begin(), ids_.end(), others.ids_.begin(), others.ids_.end(),
                 std::back_inserter(all));
  ids_ = std::move(all);
}

}  // namespace isodb::merge
