#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "objects/tree.h"
#include "repo/commit_walk.h"
#include "repo/scope.h"
#include "repo/state.h"

namespace isodb::sync {

/// Commits that all refs lead to, those of other devices' branches too.
std::vector<CommitId> all_heads(RepositoryState& repository);

/// Finds what a scope covers and the repository does not hold, newest commits first: contents and
/// metadata of what each commit in the past of all refs wrote. Borrows the repository. Costs the
/// differences between all commits and their parents. One thread at a time.
class AbsentContents {
 public:
  struct Item {
    CommitId commit;
    std::uint64_t rank = 0;  ///< in its tree
    std::string path;
    Entry entry;
  };

  AbsentContents(RepositoryState& repository, Scope scope);

  std::optional<Item> next();

 private:
  bool begin_commit();
  bool is_absent(const Entry& entry) const;

  RepositoryState& repository_;
  repo::HeldScope scope_;
  repo::CommitWalk walk_;
  const merge::ErasedPtr erased_;
  std::optional<repo::CommitWalk::Item> commit_;
  std::optional<objects::TreeDiff> diff_;
};

}  // namespace isodb::sync
