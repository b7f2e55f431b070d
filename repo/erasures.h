#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "isodb/entry.h"
#include "isodb/erase.h"
#include "isodb/id.h"
#include "merge/erased.h"

namespace isodb {
class RepositoryState;
}

namespace isodb::repo {

/// Which contents are erased here: by what its own branches and those of remotes come to.
/// Borrows the repository. Thread-safe.
class Erasures {
 public:
  explicit Erasures(RepositoryState& repository) : repository_(repository) {}

  /// By the refs as they are. Cheap where nothing was written since it was asked last.
  merge::ErasedPtr now();
  /// As now() said last; empty before. Costs nothing.
  merge::ErasedPtr known() const;

  /// Remembers what peers say is erased, as long as this process has the repository open: that is
  /// proved by the commits that say so, which come later. It explains why a content is missing, and
  /// nothing else may depend on it.
  void claim(const std::vector<Id>& contents);
  bool is_claimed(const Id& content) const;
  /// By now(), or claimed.
  bool has(const Id& content);

 private:
  RepositoryState& repository_;
  mutable std::mutex mutex_;
  std::uint64_t transactions_ = 0;
  merge::ErasedPtr known_ = std::make_shared<const merge::Erased>();
  std::unordered_map<Id, merge::Erased> by_target_;  // of refs; only those with any
  std::unordered_set<Id> claimed_;
};

/// Whether the document at this path is one whose content, or metadata, is erased or said to be.
bool is_erased(RepositoryState& repository, std::string_view path, const Id& content);

/// Who erased a content and why, as the branches say; nullopt where it is not erased.
std::optional<Erasure> find_erasure(RepositoryState& repository, const Id& content);

/// ContentErased where the content that a document has, or is to have, is erased. `path`: "" where
/// none is known; below .isodb/ nothing is.
void check_not_erased(RepositoryState& repository, std::string_view path, const Id& content);
/// The same for whoever is about to write it.
void check_may_come(RepositoryState& repository, std::string_view path, const Entry& entry);

/// The document that says so.
Bytes erasure_document(const Id& content, std::uint64_t bytes, std::string_view reason);
/// Error(kInvalid) where a document says nothing about the content that its path names.
void check_erasure_document(std::string_view path, ByteView document);

}  // namespace isodb::repo
