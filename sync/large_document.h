#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "objects/content.h"
#include "wire/element.h"

namespace isodb::sync {

/// Stored bytes: those of a content from `skipped` on. A plain value.
struct SavedBytes {
  objects::ContentRef content;
  std::uint64_t skipped = 0;
};

/// Puts a document together from chunks of an older one and from new bytes as they come, in
/// constant memory but for the older one's list. Borrows the store. One thread at a time.
/// Error(kCorrupt) for parts that cannot be.
class LargeDocument {
 public:
  /// `older`: what the path had; nullopt where there are no chunks to take.
  LargeDocument(objects::ObjectStore& objects, const wire::OperationElement& operation,
                const std::optional<objects::ContentRef>& older, const objects::PutHint& hint);
  ~LargeDocument();

  /// The next new bytes; no more than missing_bytes().
  void take(ByteView bytes);
  std::uint64_t missing_bytes() const { return missing_; }
  /// Once nothing is missing.
  objects::ContentRef finish();

  /// Stores the new bytes taken so far: joined, these contents are what take() was given. Costs
  /// what came since the last time.
  std::vector<SavedBytes> save();

 private:
  class ChunkSink;
  struct Segment {
    objects::ContentRef content;
    std::uint64_t begin = 0;  // among the new bytes
  };
  void check_parts(const std::optional<objects::ContentRef>& older);
  void read_old_chunks(const objects::ContentRef& older, std::uint64_t count);
  void take_old_parts();
  std::uint64_t cut_bytes() const { return taken_ - tail_.size(); }
  void save_chunks(std::vector<SavedBytes>& saved);

  objects::ObjectStore& objects_;
  const std::uint64_t size_;
  const std::vector<wire::LargePart> parts_;
  std::vector<objects::ListItem> old_chunks_;
  std::vector<objects::ListItem> new_chunks_;
  std::vector<Segment> segments_;  // of the tail, stored by save()
  Bytes tail_;                     // new bytes that are in no chunk yet
  std::uint64_t taken_ = 0, missing_ = 0;
  std::size_t part_ = 0;
  std::uint64_t left_in_part_ = 0;
  std::unique_ptr<ChunkSink> sink_;
  std::unique_ptr<objects::ContentWriter> writer_;
};

}  // namespace isodb::sync
