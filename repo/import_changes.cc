#include "repo/import_changes.h"

#include <algorithm>
#include <cstring>

namespace isodb::repo {
namespace {

constexpr std::size_t kBlockBytesMin = 1024, kBlockBytesMax = 1 << 20;

}  // namespace

/// Stands before the content's id, the metadata's, and the path.
struct ImportChanges::Head {
  std::uint64_t size = 0;
  std::uint32_t media = 0;
  std::uint32_t path_bytes = 0;
  ContentKind kind = ContentKind::kBlob;
  bool removed = false, has_metadata = false;

  std::size_t ids() const { return removed ? 0 : has_metadata ? 2 : 1; }
};

ImportChanges::Head ImportChanges::head_at(const char* at) {
  Head head;
  std::memcpy(&head, at, sizeof(head));
  return head;
}

char* ImportChanges::room_for(std::size_t bytes) {
  if (left_ < bytes) {
    // Small at first: most commits of a history change a document or two.
    constexpr std::size_t kDoublings = 10;
    const std::size_t grown = kBlockBytesMin << std::min(blocks_.size(), kDoublings);
    left_ = std::max(std::min(grown, kBlockBytesMax), bytes);
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(left_));
    next_ = blocks_.back().get();
  }
  char* const room = next_;
  next_ += bytes;
  left_ -= bytes;
  return room;
}

/// Few media types are in use at a time, the newest last.
std::uint32_t ImportChanges::media_number(const std::string& media_type) {
  const auto known = std::find(media_types_.rbegin(), media_types_.rend(), media_type);
  if (known != media_types_.rend()) {
    return static_cast<std::uint32_t>(media_types_.rend() - known - 1);
  }
  media_types_.push_back(media_type);
  return static_cast<std::uint32_t>(media_types_.size() - 1);
}

void ImportChanges::add(std::string_view path, const std::optional<Entry>& entry) {
  Head head;
  head.path_bytes = static_cast<std::uint32_t>(path.size());
  head.removed = !entry;
  if (entry) {
    head.size = entry->size;
    head.media = media_number(entry->media_type);
    head.kind = entry->kind;
    head.has_metadata = entry->metadata.has_value();
  }
  char* const room = room_for(sizeof(head) + head.ids() * Id::kSize + path.size());
  places_.push_back(room);
  char* at = room;
  const auto put = [&](const void* bytes, std::size_t count) {
    std::memcpy(at, bytes, count);
    at += count;
  };
  put(&head, sizeof(head));
  if (entry) put(entry->content.data(), Id::kSize);
  if (head.has_metadata) put(entry->metadata->data(), Id::kSize);
  if (!path.empty()) put(path.data(), path.size());
}

bool ImportChanges::removes(std::size_t place) const {
  return head_at(places_[place]).removed;
}

std::string_view ImportChanges::path(std::size_t place) const {
  const char* const at = places_[place];
  const Head head = head_at(at);
  return {at + sizeof(head) + head.ids() * Id::kSize, head.path_bytes};
}

void ImportChanges::load(std::size_t place, Entry& entry) const {
  const char* at = places_[place];
  const Head head = head_at(at);
  at += sizeof(head);
  std::memcpy(entry.content.data(), at, Id::kSize);
  entry.kind = head.kind;
  entry.flags = 0;
  entry.size = head.size;
  entry.media_type = media_types_[head.media];
  entry.stamp = {};
  entry.merge_digest_tail = 0;
  entry.metadata.reset();
  if (head.has_metadata) std::memcpy(entry.metadata.emplace().data(), at + Id::kSize, Id::kSize);
}

}  // namespace isodb::repo
