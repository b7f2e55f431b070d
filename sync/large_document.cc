#include "sync/large_document.h"

#include <algorithm>
#include <utility>

#include "isodb/error.h"
#include "objects/list_format.h"
#include "sync/chunks.h"

namespace isodb::sync {

/// Tells which new bytes have become chunks.
class LargeDocument::ChunkSink : public objects::ObjectSink {
 public:
  explicit ChunkSink(LargeDocument& document) : document_(document) {}
  Id put(ObjectType type, ByteView payload, const objects::PutHint& hint) override {
    const Id id = document_.objects_.put(type, payload, hint);
    if (type == ObjectType::kBlob) {
      document_.new_chunks_.push_back({id, payload.size()});
      document_.tail_.erase(0, payload.size());
    }
    return id;
  }

 private:
  LargeDocument& document_;
};

LargeDocument::LargeDocument(objects::ObjectStore& objects, const wire::OperationElement& operation,
                             const std::optional<objects::ContentRef>& older,
                             const objects::PutHint& hint)
    : objects_(objects), size_(operation.size), parts_(operation.parts) {
  check_parts(older);
  sink_ = std::make_unique<ChunkSink>(*this);
  writer_ = std::make_unique<objects::ContentWriter>(*sink_, objects_, hint);
  take_old_parts();
}

LargeDocument::~LargeDocument() = default;

void LargeDocument::check_parts(const std::optional<objects::ContentRef>& older) {
  if (size_ <= kBlobBytesMax || size_ > objects::kDocumentBytesMax) {
    throw Error(ErrorCode::kCorrupt, "LARGE cannot have " + std::to_string(size_) + " bytes");
  }
  if (parts_.size() > wire::LargePart::kPartsMax) {
    throw Error(ErrorCode::kCorrupt, "LARGE has more than 4,096 parts");
  }
  std::uint64_t old_count = 0;   // of the old chunks to be read
  std::uint64_t old_in_all = 0;  // named, some perhaps many times: each is work
  for (const wire::LargePart& part : parts_) {
    if (part.count > 0) {
      if (part.count > kOldChunksMax || part.first > kOldChunksMax - part.count) {
        throw Error(ErrorCode::kCorrupt, "LARGE names a chunk above 1,048,576");
      }
      old_count = std::max(old_count, part.first + part.count);
      old_in_all += part.count;
    } else if (part.new_bytes == 0 || part.new_bytes > size_ - missing_) {
      throw Error(ErrorCode::kCorrupt, "the parts of LARGE do not add up to its size");
    }
    missing_ += part.new_bytes;
  }
  if (old_in_all > kOldChunksMax) {
    throw Error(ErrorCode::kCorrupt, "LARGE names more than 1,048,576 old chunks");
  }
  if (old_count > 0) {
    if (!older || older->kind != ContentKind::kList) {
      throw Error(ErrorCode::kCorrupt, "LARGE names chunks of a document that has none");
    }
    read_old_chunks(*older, old_count);
  }
  std::uint64_t all = missing_;
  for (const wire::LargePart& part : parts_) {
    for (std::uint64_t i = 0; i < part.count && all <= size_; ++i) {
      all += old_chunks_[part.first + i].size;
    }
  }
  if (all != size_) {
    throw Error(ErrorCode::kCorrupt, "the parts of LARGE do not add up to its size");
  }
}

void LargeDocument::read_old_chunks(const objects::ContentRef& older, std::uint64_t count) {
  ChunkWalk walk(objects_, older);
  while (old_chunks_.size() < count) {
    const std::optional<objects::ListItem> chunk = walk.next();
    if (!chunk) throw Error(ErrorCode::kCorrupt, "LARGE names a chunk that its base has not");
    old_chunks_.push_back(*chunk);
  }
}

/// Up to the next part with new bytes.
void LargeDocument::take_old_parts() {
  for (; part_ < parts_.size() && parts_[part_].count > 0; ++part_) {
    for (std::uint64_t i = 0; i < parts_[part_].count; ++i) {
      const objects::ListItem& chunk = old_chunks_[parts_[part_].first + i];
      writer_->add_chunk(chunk.id, chunk.size);
    }
  }
  if (part_ < parts_.size()) left_in_part_ = parts_[part_].new_bytes;
}

void LargeDocument::take(ByteView bytes) {
  if (bytes.size() > missing_) {
    throw Error(ErrorCode::kCorrupt, "pieces have more bytes than their document lacks");
  }
  while (!bytes.empty()) {
    const ByteView part = bytes.substr(0, left_in_part_);
    bytes.remove_prefix(part.size());
    tail_ += part;
    taken_ += part.size();
    missing_ -= part.size();
    left_in_part_ -= part.size();
    writer_->write(part);
    if (left_in_part_ > 0) continue;
    writer_->end_chunk();
    ++part_;
    take_old_parts();
  }
}

objects::ContentRef LargeDocument::finish() {
  return writer_->finish();
}

std::vector<SavedBytes> LargeDocument::save() {
  std::vector<SavedBytes> saved;
  save_chunks(saved);
  std::erase_if(segments_, [&](const Segment& segment) {
    return segment.begin + segment.content.size <= cut_bytes();
  });
  const std::uint64_t stored =
      segments_.empty() ? cut_bytes() : segments_.back().begin + segments_.back().content.size;
  if (stored < taken_) {
    const ByteView rest = ByteView(tail_).substr(stored - cut_bytes());
    segments_.push_back({objects::write_content(objects_, rest), stored});
  }
  for (const Segment& segment : segments_) {
    const std::uint64_t cut = cut_bytes();
    saved.push_back({segment.content, cut > segment.begin ? cut - segment.begin : 0});
  }
  return saved;
}

void LargeDocument::save_chunks(std::vector<SavedBytes>& saved) {
  if (cut_bytes() > kBlobBytesMax) {
    objects::ContentWriter writer(objects_);
    for (const objects::ListItem& chunk : new_chunks_) writer.add_chunk(chunk.id, chunk.size);
    saved.push_back({writer.finish(), 0});
    return;
  }
  for (const objects::ListItem& chunk : new_chunks_) {
    saved.push_back({{chunk.id, ContentKind::kBlob, chunk.size}, 0});
  }
}

}  // namespace isodb::sync
