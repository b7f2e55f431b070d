#include "exchange/blob_table.h"

#include <utility>

namespace isodb::exchange {

void BlobTable::hold(std::uint64_t mark, Bytes content) {
  forget(mark);
  held_bytes_ += content.size();
  held_.emplace(mark, std::move(content));
  arrivals_.push_back(mark);
  shrink();
}

void BlobTable::add(std::uint64_t mark, const Entry& content) {
  forget(mark);
  stored_.insert_or_assign(mark, Stored{content.content, content.size, content.kind});
  ++documents_;
}

void BlobTable::forget(std::uint64_t mark) {
  if (const auto held = held_.find(mark); held != held_.end()) {
    held_bytes_ -= held->second.size();
    held_.erase(held);
  }
  stored_.erase(mark);
}

void BlobTable::shrink() {
  while (held_bytes_ > held_bytes_max_) {
    const std::uint64_t oldest = arrivals_.front();
    arrivals_.pop_front();
    if (held_.contains(oldest)) store(oldest, {}, {});
  }
  // Marks that were stored on demand stay in the queue until they are at its front.
  while (!arrivals_.empty() && !held_.contains(arrivals_.front())) arrivals_.pop_front();
}

const BlobTable::Stored& BlobTable::store(std::uint64_t mark, std::string_view media_type,
                                          const std::optional<Id>& resembles) {
  const auto held = held_.find(mark);
  const Entry entry = session_.write_document(held->second, std::string(media_type), resembles);
  held_bytes_ -= held->second.size();
  held_.erase(held);
  ++documents_;
  return stored_.insert_or_assign(mark, Stored{entry.content, entry.size, entry.kind})
      .first->second;
}

std::optional<Entry> BlobTable::entry(std::uint64_t mark, std::string_view media_type,
                                      const std::optional<Id>& resembles) {
  const Stored* stored = nullptr;
  if (held_.contains(mark)) {
    stored = &store(mark, media_type, resembles);
  } else if (const auto found = stored_.find(mark); found != stored_.end()) {
    stored = &found->second;
  } else {
    return std::nullopt;
  }
  Entry entry;
  entry.content = stored->content;
  entry.size = stored->size;
  entry.kind = stored->kind;
  entry.media_type = std::string(media_type);
  return entry;
}

}  // namespace isodb::exchange
