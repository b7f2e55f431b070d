#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "isodb/key.h"
#include "refs/database.h"
#include "repo/state.h"
#include "wire/hello.h"

namespace isodb::sync {

/// The refs of this repository that travel: branches with all their heads, those that were set
/// aside too (by id, as far as wire::kRefHeadsMax allows), and tags. A tag that names a merge
/// directly is none of them: merges do not travel.
wire::Agreement local_refs(RepositoryState& repository);

/// How `refs` differ from `base`, as HELLO and REFS say it: a ref that is gone has no ids.
std::vector<wire::RefHeads> changed_refs(const wire::Agreement& base, const wire::Agreement& refs);
/// `base` with such changes applied.
wire::Agreement with_changes(wire::Agreement base, const std::vector<wire::RefHeads>& changes);

/// Of the refs in `theirs` those that were agreed on, have not moved there since, and were deleted
/// here: they are not to come back.
std::vector<std::string> deleted_here(RepositoryState& repository, const wire::Agreement& agreed,
                                      const wire::Agreement& theirs);

/// The commits that the branches among `refs` name, sorted, each once.
std::vector<CommitId> branch_commits(const wire::Agreement& refs);

/// The commits whose past goes with `refs`: those of branches, and those that tags name.
std::vector<CommitId> commits_named(RepositoryState& repository, const wire::Agreement& refs);
/// The tag objects that `ours` names and `theirs` does not.
std::vector<TagId> tags_missing(RepositoryState& repository, const wire::Agreement& ours,
                                const wire::Agreement& theirs);

/// What was agreed on with one peer, the last two times: kept as settings
/// (docs/protocol.md, "Agreement"). A plain value; a setting that cannot be read counts as none.
class Agreements {
 public:
  Agreements(refs::Database& database, const PublicKey& peer);

  const std::optional<wire::Agreement>& last() const { return last_; }
  /// The one with this digest.
  std::optional<wire::Agreement> find(const wire::AgreementDigest& digest) const;
  /// Adds to `batch` what makes `agreement` the last.
  void record(refs::WriteBatch& batch, const wire::Agreement& agreement);

 private:
  std::string key_;
  std::optional<wire::Agreement> last_, before_;
};

}  // namespace isodb::sync
