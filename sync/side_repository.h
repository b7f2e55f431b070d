#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "core/file.h"
#include "isodb/error.h"
#include "isodb/repository.h"
#include "repo/state.h"

namespace isodb::sync {

/// What a bundle's commits come to, in a repository of its own beside the damaged one, in its
/// folder `mending/`, which is removed on destruction. One thread.
class SideRepository {
 public:
  /// What the bundle builds on is copied from `damaged`, as far as it is intact. Error(kInvalid)
  /// for another repository's bundle, Error(kCorrupt) for one that is damaged itself, Error(kBusy)
  /// where another program is at it.
  SideRepository(RepositoryState& damaged, const std::filesystem::path& bundle);
  ~SideRepository();
  SideRepository(const SideRepository&) = delete;
  SideRepository& operator=(const SideRepository&) = delete;

  const objects::ObjectSource& store() const;
  /// Why not all of the bundle could be had.
  const std::optional<Error>& error() const { return error_; }

 private:
  void copy_past(RepositoryState& damaged, const std::vector<CommitId>& heads);

  const std::filesystem::path folder_;
  std::unique_ptr<core::File> lock_;
  std::optional<Repository> repository_;
  std::optional<Error> error_;
};

}  // namespace isodb::sync
