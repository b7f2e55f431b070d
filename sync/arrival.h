#pragma once

#include <string>
#include <vector>

#include "isodb/scope.h"
#include "isodb/sync_report.h"
#include "repo/state.h"
#include "sync/incoming.h"
#include "wire/hello.h"

namespace isodb::sync {

/// Where what was received goes.
struct Destination {
  bool into_branches = false;  ///< else into remotes/<remote>/ alone
  std::string remote;          ///< what this side calls the other: refs below remotes/ have it
};

/// Brings what was received to its refs, in one durable step: each branch of `theirs` becomes the
/// state of its own heads and those that came (or remotes/<remote>/<branch> becomes the state of
/// what came); a tag that is new here is made; one that is another here is kept as
/// remotes/<remote>/tags/…. `extra` goes into the same transaction. Branches that a local writer
/// moves meanwhile are computed again. Heads in `theirs` that are not here were refused and are
/// passed over. Adds to `report`.
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
