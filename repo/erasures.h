#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "isodb/entry.h"
#include "isodb/erase.h"
#include "isodb/id.h"
#include "merge/erased.h"
#include "refs/database.h"

namespace isodb {
class RepositoryState;
}

namespace isodb::repo {

/// Ids of contents that were erased when removals began, in the form of kept_objects_text(): they
/// stay erased here whatever becomes of the branches that said so.
inline constexpr const char* kSettingEraseRemoved = "erase.removed";

/// Which contents are erased here: by what its own branches come to, and by what they came to when
/// bytes were removed, for nobody gets those back by moving a branch. What others say explains why
/// a content is missing, and nothing is dropped for it: they may have no right to erase, and a
/// content that they say is erased may be one that the branches here need. Borrows the repository.
/// Thread-safe.
class Erasures {
 public:
  explicit Erasures(RepositoryState& repository) : repository_(repository) {}

  /// By the branches as they are, and what they once said. Cheap where nothing was written since
  /// it was asked last.
  merge::ErasedPtr now();
  /// As now() said last; empty before. Costs nothing.
  merge::ErasedPtr known() const;
  /// By now(), or by branches of remotes: their contents may be missing. As cheap as now().
  merge::ErasedPtr anywhere();

  /// These stay erased here: before their bytes are dropped.
  void remember(const merge::Erased& contents);

  /// Has may_lack() know of what a peer says is erased, for as long as the caller keeps it: that
  /// is proved by the commits that say so, which come later.
  void claim(const merge::ErasedPtr& contents);
  /// By anywhere(), or claimed: if the content is not here, that is no damage.
  bool may_lack(const Id& content);

 private:
  struct Known {
    merge::ErasedPtr here = std::make_shared<const merge::Erased>(), anywhere = here;
  };
  Known read();
  merge::Erased removed();
  /// What this ref's target says; nullopt where it says nothing or cannot be read.
  std::optional<merge::Erased> said_by(const refs::Ref& ref);

  RepositoryState& repository_;
  mutable std::mutex mutex_;
  std::uint64_t transactions_ = 0;
  Known known_;
  std::optional<std::string> removed_text_;  // the setting, as it was read last
  merge::Erased removed_;
  std::unordered_map<Id, merge::Erased> by_target_;  // of refs; only those with any
  std::vector<std::weak_ptr<const merge::Erased>> claims_;
};

/// Who erased a content and why, as the branches say; nullopt where it is not erased. Only its id
/// where no branch says so any more.
std::optional<Erasure> find_erasure(RepositoryState& repository, const Id& content);

/// ContentErased where the content that a document has, or is to have, is erased. `path`: "" where
/// none is known; below .isodb/ nothing is.
void check_not_erased(RepositoryState& repository, std::string_view path, const Id& content);
/// ContentErased where a content that is not here is erased, be it by what a remote says.
void explain_absence(RepositoryState& repository, std::string_view path, const Id& content);
/// As check_not_erased() for whoever is about to write it.
void check_may_come(RepositoryState& repository, std::string_view path, const Entry& entry);

/// The document that says so.
Bytes erasure_document(const Id& content, std::uint64_t bytes, std::string_view reason);
/// Error(kInvalid) where a document says nothing about the content that its path names.
void check_erasure_document(std::string_view path, ByteView document);

}  // namespace isodb::repo
