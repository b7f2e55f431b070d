#pragma once

#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "isodb/entry.h"
#include "isodb/id.h"
#include "isodb/scope.h"

namespace isodb {
class RepositoryState;
}

namespace isodb::repo {

/// Tells damage from what a partial repository merely does not hold, where all that is known of a
/// content is which entry names it. That this repository's writer is the entry's says nothing: its
/// folder may have been copied, and anybody can write another's id. Borrows the repository.
/// Thread-safe.
///
/// The first question about the states of some commits costs a walk from them to the boundary, the
/// next ones about the same states a few lookups.
class HeldContents {
 public:
  explicit HeldContents(RepositoryState& repository);
  ~HeldContents();

  /// Whether a repository of this scope has to hold what the entry that stands at this path in the
  /// states of some commits names. Error(kCorrupt) where history is damaged.
  bool includes(const Scope& scope, std::string_view path, const Entry& entry,
                const std::vector<CommitId>& states);

 private:
  class Memory;

  RepositoryState& repository_;
  std::mutex mutex_;
  std::unique_ptr<Memory> memory_;  // of the scope that was asked about last
};

}  // namespace isodb::repo
