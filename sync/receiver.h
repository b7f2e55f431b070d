#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "isodb/commit.h"
#include "isodb/entry.h"
#include "isodb/scope.h"
#include "repo/scope.h"
#include "repo/state.h"
#include "wire/hello.h"

namespace isodb::sync {

/// A scope as HELLO says it; nullopt for the whole. Error(kLimit) for one that is too long for it.
std::optional<wire::ScopeClaim> claim_of(const Scope& scope);
/// The inverse. Error(kCorrupt) for a claim that only who answers a clone can resolve, or whose
/// prefixes are not in the one form that there is.
Scope scope_of(const std::optional<wire::ScopeClaim>& claim);
/// What a claim comes to here, seen from these heads. Errors as scope_of() and
/// repo::boundary_at_depth().
Scope resolved_scope(RepositoryState& repository, const std::optional<wire::ScopeClaim>& claim,
                     const std::vector<CommitId>& heads);

/// What may be sent to a partial receiver, and what it holds for certain
/// (docs/protocol.md, "Partial repositories"). Borrows the repository. One thread at a time.
class Receiver {
 public:
  Receiver(const RepositoryState& repository, const Scope& scope);

  const Scope& scope() const { return surely_.scope(); }
  /// Has the content that `writer`, which it lacks and whose stamp this is, wrote there to go with
  /// it?
  bool takes(std::string_view path, const Stamp& stamp, const CommitId& writer);
  /// Of an entry that is there already: never true for what it may not hold.
  bool holds(std::string_view path, const Entry& entry);

 private:
  repo::HeldScope sent_;  // with that part of the boundary that is here
  repo::HeldScope surely_;
};

}  // namespace isodb::sync
