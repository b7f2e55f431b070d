#include "repo/staged_changes.h"

#include <algorithm>
#include <cstring>

#include "core/hash.h"
#include "repo/path_order.h"

namespace isodb::repo {

void StagedChanges::put(std::string_view path, const Entry& entry) {
  Change& change = slot_for(path);
  change.removed = false;
  change.content = entry.content;
  change.size = entry.size;
  change.kind = entry.kind;
  change.flags = entry.flags;
  // Few distinct media types are in use at a time, the newest last: a search from the end is short.
  const auto known = std::find(media_types_.rbegin(), media_types_.rend(), entry.media_type);
  if (known != media_types_.rend()) {
    change.media = static_cast<std::uint32_t>(media_types_.rend() - known - 1);
  } else {
    change.media = static_cast<std::uint32_t>(media_types_.size());
    media_types_.push_back(entry.media_type);
  }
  change.metadata = 0;
  if (entry.metadata) {
    metadata_.push_back(*entry.metadata);
    change.metadata = static_cast<std::uint32_t>(metadata_.size());
  }
}

void StagedChanges::remove(std::string_view path) {
  Change& change = slot_for(path);
  const std::string_view kept = change.path;
  change = Change{};
  change.path = kept;
  change.removed = true;
}

void StagedChanges::forget(std::string_view path) {
  const Change* found = find(path);
  if (found == nullptr) return;
  // The slot stays in the table, so that later probes pass over it; an empty path matches nothing.
  const_cast<Change*>(found)->path = {};
  --live_;
}

const StagedChanges::Change* StagedChanges::find(std::string_view path) const {
  if (table_.empty() || path.empty()) return nullptr;  // an empty path marks what was forgotten
  const std::size_t mask = table_.size() - 1;
  for (std::size_t i = core::xxh3(path) & mask; table_[i] != 0; i = (i + 1) & mask) {
    const Change& change = changes_[table_[i] - 1];
    if (change.path == path) return &change;
  }
  return nullptr;
}

StagedChanges::Change& StagedChanges::slot_for(std::string_view path) {
  if (const Change* found = find(path)) return *const_cast<Change*>(found);
  if ((changes_.size() + 1) * 2 > table_.size()) grow();
  Change& change = changes_.emplace_back();
  change.path = keep(path);
  const std::size_t mask = table_.size() - 1;
  std::size_t i = core::xxh3(path) & mask;
  while (table_[i] != 0) i = (i + 1) & mask;
  table_[i] = static_cast<std::uint32_t>(changes_.size());
  ++live_;
  return change;
}

void StagedChanges::grow() {
  std::vector<std::uint32_t> larger(std::max<std::size_t>(64, table_.size() * 2));
  const std::size_t mask = larger.size() - 1;
  for (std::size_t n = 0; n < changes_.size(); ++n) {
    if (changes_[n].path.empty()) continue;
    std::size_t i = core::xxh3(changes_[n].path) & mask;
    while (larger[i] != 0) i = (i + 1) & mask;
    larger[i] = static_cast<std::uint32_t>(n + 1);
  }
  table_.swap(larger);
}

std::string_view StagedChanges::keep(std::string_view path) {
  if (arena_free_ < path.size()) {
    // Small at first: most transactions change a document or two.
    const std::size_t bytes = std::min(
        kArenaBlockBytesMin << std::min<std::size_t>(arena_.size(), 6), kArenaBlockBytesMax);
    arena_.push_back(std::make_unique_for_overwrite<char[]>(bytes));
    arena_next_ = arena_.back().get();
    arena_free_ = bytes;
  }
  const std::string_view kept(arena_next_, path.size());
  std::memcpy(arena_next_, path.data(), path.size());
  arena_next_ += path.size();
  arena_free_ -= path.size();
  return kept;
}

std::optional<Entry> StagedChanges::entry(const Change& change) const {
  if (change.removed) return std::nullopt;
  Entry entry;
  entry.content = change.content;
  entry.kind = change.kind;
  entry.flags = change.flags;
  entry.size = change.size;
  entry.media_type = media_types_[change.media];
  if (change.metadata != 0) entry.metadata = metadata_[change.metadata - 1];
  return entry;
}

std::vector<const StagedChanges::Change*> StagedChanges::sorted() const {
  return sorted({});
}

std::vector<const StagedChanges::Change*> StagedChanges::sorted(std::string_view prefix) const {
  std::vector<const Change*> found;
  std::vector<std::string_view> paths;
  for (const Change& change : changes_) {
    if (change.path.empty() || !change.path.starts_with(prefix)) continue;
    found.push_back(&change);
    paths.push_back(change.path);
  }
  std::vector<const Change*> result;
  result.reserve(found.size());
  for (const std::uint32_t place : order_of_paths(paths)) result.push_back(found[place]);
  return result;
}

}  // namespace isodb::repo
