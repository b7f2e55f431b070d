#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "isodb/error.h"
#include "isodb/hybrid_time.h"
#include "isodb/id.h"
#include "isodb/key.h"
#include "isodb/repository.h"

namespace isodb {

/// What is known of an erased content. A plain value.
struct Erasure {
  Id content;
  std::string reason;
  std::uint64_t bytes = 0;         ///< of the content, as its eraser said
  std::optional<CommitId> commit;  ///< that erased it; nullopt where that cannot be told
  std::string by;                  ///< the name of the commit's author
  std::optional<PublicKey> author;
  HybridTime clock;  ///< of the commit
};

/// A document's content was asked for, or is to be written again, and is erased: kErased.
class ContentErased : public Error {
 public:
  /// `path` may be "".
  ContentErased(Erasure erasure, const std::string& path, const std::string& hint);
  const Erasure& erasure() const { return erasure_; }

 private:
  Erasure erasure_;
};

struct EraseRequest {
  /// The document whose content on the current branch is erased; "" where `content` is given. Of
  /// one that merging put together, also the versions that it was made of.
  std::string path;
  std::optional<Id> content;  ///< a content, or metadata, by its id
  bool history = false;       ///< with a path: every content that it ever had
  bool metadata = false;      ///< with a path: also the metadata
  std::string reason;         ///< for everybody to read, for ever
};

/// What was erased. A plain value.
struct EraseReport {
  std::vector<Id> contents;       ///< those that were not erased before, ascending
  std::vector<CommitId> commits;  ///< one on each branch
  /// Documents of the current branch, other than the one that was named, that have one of these
  /// contents, ascending.
  std::vector<std::string> also;
  /// Of these contents, those whose bytes stay, because they are part of another document, or of
  /// one below .isodb/.
  std::vector<Id> kept;
};

/// Erases contents for good: a commit on every branch, and then their bytes are removed from this
/// repository. Returns when they are gone. docs/erase.md says what that reaches and what not.
/// Error(kNotFound) where there is no such document or content; Error(kInvalid) without a reason,
/// for a path below .isodb/ and where all of it is erased already; Error(kDenied) unless the key is
/// an admin's; Error(kBusy) where others kept writing or reading while the bytes were to be
/// removed: the erasure holds, and the next command that writes goes on with the removal.
EraseReport erase(Repository& repository, const EraseRequest& request,
                  const ProgressFunction& progress = {});

/// The erasure of a content; nullopt where it is not erased.
std::optional<Erasure> erasure_of(const Repository& repository, const Id& content);
/// What is erased, ascending: for who goes through many entries.
std::vector<Id> erased_contents(const Repository& repository);
/// All of them, ascending by content.
std::vector<Erasure> erasures(const Repository& repository);

/// Removes the bytes of what is erased and may still be here: because an erasure came from
/// elsewhere, or an earlier removal was interrupted. False where there was nothing to do.
/// Error(kBusy) as erase().
bool remove_erased(Repository& repository, const ProgressFunction& progress = {});

/// Why bytes of what is erased are still here, where opening the repository or the end of a session
/// was to remove them and could not: a full disk, damage. nullopt where none are due. Both try
/// again, from the second time on after an hour; remove_erased() and Repository::collect() do at
/// once, and throw what is wrong.
std::optional<std::string> removal_failure(const Repository& repository);

}  // namespace isodb
