#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "isodb/id.h"

namespace isodb::sync {

/// A ref that a session moved here. A plain value.
struct MovedRef {
  std::string name;
  std::optional<Id> before;
  Id after;
  std::uint64_t merged_paths = 0;  ///< whose versions had to be merged
  std::uint64_t paths_in_conflict = 0;
};

/// A commit that was left out, with all that descends from it. A plain value.
struct RefusedCommit {
  CommitId commit;
  std::string rule;  ///< that it breaks, for people
  /// Milliseconds since 1970: from then on it may be taken, as its clock is not ahead any more; 0:
  /// time changes nothing.
  std::uint64_t until_millis = 0;
};

/// What a session came to, for the one who asked for it. A plain value.
struct Report {
  std::uint64_t commits_sent = 0, commits_received = 0;  ///< received: new here
  std::uint64_t operations_sent = 0, operations_received = 0;
  std::vector<MovedRef> moved;
  /// By this side, and by the other as it says: now, or in an earlier session, so that the other
  /// left it out in this one.
  std::vector<RefusedCommit> refused, refused_there;
  /// Documents that a partial repository could not merge, for want of contents that the other side
  /// did not hold: their branches stay as they were, and what came is kept.
  std::vector<std::string> waiting;
  /// Commits that the branches here do not count any more, or never did, from now on: heads of
  /// revoked or copied writers (docs/merge.md). They are kept, as peeled/heads/BRANCH/ID.
  std::vector<CommitId> peeled;
  std::uint64_t contents_received = 0;  ///< versions of documents, to be in a wider scope
  /// What was asked for, to be in a wider scope, and the other side did not hold: its documents.
  std::vector<std::string> contents_missing;
  std::vector<std::string> tags_differ;  ///< another tag has this name here
  /// Refs that were not made here, because there are too many (docs/protocol.md, Limits).
  std::vector<std::string> refs_refused;
  bool takes_nothing = false;        ///< the other side, though this one would send
  std::uint64_t commits_unsent = 0;  ///< with takes_nothing: of the branches here, not there
  bool agreed = false;               ///< both sides hold the same commits, and know it
};

}  // namespace isodb::sync
