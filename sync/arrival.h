#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "isodb/scope.h"
#include "isodb/sync_report.h"
#include "repo/state.h"
#include "sync/incoming.h"
#include "wire/hello.h"

namespace isodb::sync {

/// Branches and tags that a repository may have, in all, to be given another one by a peer; and
/// refs below one remote's name. Far below what a session can name, so that no peer's refs ever
/// keep the others from syncing.
inline constexpr std::size_t kRefsTakenMax = 16'384;

/// Where what was received goes.
struct Destination {
  bool into_branches = false;  ///< else into remotes/<remote>/ alone
  std::string remote;          ///< what this side calls the other: refs below remotes/ have it
  /// Commits that had come before, perhaps from others: of a branch whose heads were refused, they
  /// are not what was taken.
  std::vector<CommitId> not_of_it = {};
};

/// Brings what was received to its refs, in one durable step: each branch of `theirs` becomes the
/// state of its own heads and those that came (or remotes/<remote>/<branch> becomes the state of
/// what came); a tag that is new here is made; one that is another here is kept as
/// remotes/<remote>/tags/…. `extra` goes into the same transaction. Branches that a local writer
/// moves meanwhile are computed again. Heads in `theirs` that are not here were refused and are
/// passed over; so are refs that would be new here above kRefsTakenMax, and what came of them is
/// kept as what no ref names: until it is collected. Adds to `report`.
///
/// In a partial repository a branch may need contents to be merged. With `may_ask` these are
/// returned, and nothing is done; else that branch stays as it is, with what was taken of it kept
/// as it is between sessions.
std::vector<ContentNotHeld::Need> bring_to_refs(RepositoryState& repository, Incoming& incoming,
                                                const wire::Agreement& theirs,
                                                const Destination& destination,
                                                const refs::WriteBatch& extra, bool may_ask,
                                                Report& report);

}  // namespace isodb::sync
