#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "objects/content.h"

namespace isodb::sync {

/// Gathers a commit's deleted list in bounded memory: what grows long is stored as it comes, and
/// put together at the end. One thread at a time.
class DeletedPathsWriter {
 public:
  explicit DeletedPathsWriter(objects::ObjectStore& objects) : objects_(objects) {}

  void add(const std::string& path);
  /// The list's id; nullopt for no paths. Once.
  std::optional<Id> finish();

  /// Stores all that was added, to go on another time.
  const std::vector<objects::ContentRef>& save();
  void restore(std::vector<objects::ContentRef> segments) { segments_ = std::move(segments); }

 private:
  static constexpr std::size_t kSegmentBytes = 4 << 20;

  objects::ObjectStore& objects_;
  std::vector<objects::ContentRef> segments_;
  Bytes tail_;
};

/// Reads a deleted list from its beginning, a part at a time. Borrows the source. Error(kCorrupt)
/// for a list whose paths do not ascend or that is damaged.
class DeletedPathsReader {
 public:
  DeletedPathsReader(const objects::ObjectSource& source, const std::optional<Id>& list);

  /// The path at hand; nullptr after the last.
  const std::string* path() const { return at_end_ ? nullptr : &path_; }
  void next();

 private:
  std::unique_ptr<objects::ContentReader> reader_;
  std::uint64_t offset_ = 0;
  Bytes buffer_;
  std::size_t at_ = 0;
  std::string path_;
  bool at_end_ = true;
};

/// A content by its id alone, as commits name their deleted lists. Error(kCorrupt) when it is
/// missing or neither a blob nor a list.
objects::ContentRef content_of(const objects::ObjectSource& source, const Id& id);

}  // namespace isodb::sync
