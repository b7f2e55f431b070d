#include "sync/receiver.h"

#include <algorithm>
#include <string>
#include <utility>

#include "isodb/error.h"

namespace isodb::sync {
namespace {

using Boundary = wire::ScopeClaim::Boundary;

/// A receiver holds all that is before its boundary, so that a commit which it lacks is before none
/// of those that this side lacks, too. (One whose clone is not at its end has its boundary here.)
Scope as_known_here(const RepositoryState& repository, Scope scope) {
  std::erase_if(scope.boundary,
                [&](const CommitId& commit) { return !repository.store->contains(commit); });
  return scope;
}

std::vector<std::string> prefixes_of(const wire::ScopeClaim& claim) {
  try {
    if (scope_prefixes(claim.prefixes) == claim.prefixes) return claim.prefixes;
  } catch (const Error& error) {
    throw Error(ErrorCode::kCorrupt, error.what());
  }
  throw Error(ErrorCode::kCorrupt, "the peer's scope names paths in another form than their one");
}

}  // namespace

std::optional<wire::ScopeClaim> claim_of(const Scope& scope) {
  if (scope.is_whole()) return std::nullopt;
  wire::ScopeClaim claim;
  claim.prefixes = scope.prefixes;
  claim.commits = scope.boundary;
  if (!claim.commits.empty()) claim.boundary = Boundary::kCommits;
  return claim;
}

Scope scope_of(const std::optional<wire::ScopeClaim>& claim) {
  Scope scope;
  if (!claim) return scope;
  if (claim->boundary >= Boundary::kDepth) {
    throw Error(ErrorCode::kCorrupt, "the peer's scope is one that only a clone can ask for");
  }
  scope.prefixes = prefixes_of(*claim);
  scope.boundary = claim->commits;
  return scope;
}

Scope resolved_scope(RepositoryState& repository, const std::optional<wire::ScopeClaim>& claim,
                     const std::vector<CommitId>& heads) {
  if (!claim || claim->boundary < Boundary::kDepth) return scope_of(claim);
  Scope scope;
  scope.prefixes = prefixes_of(*claim);
  scope.boundary = claim->boundary == Boundary::kDepth
                       ? repo::boundary_at_depth(repository, heads, claim->number)
                       : repo::boundary_since(repository, heads, claim->number);
  return scope;
}

Receiver::Receiver(const RepositoryState& repository, const Scope& scope)
    : sent_(repository, as_known_here(repository, scope)), surely_(repository, scope) {}

bool Receiver::takes(std::string_view path, const Stamp& stamp, const CommitId& writer) {
  return sent_.covers(path, stamp, writer);
}

bool Receiver::holds(std::string_view path, const Entry& entry) {
  return surely_.surely_covers(path, entry.stamp);
}

}  // namespace isodb::sync
