#pragma once

#include <string_view>

#include "merge/authority.h"
#include "repo/staged_changes.h"

namespace isodb::repo {

/// merge::Authority for those who are about to commit: says no before anything is signed.
/// Thread-safe as that is.
class Authority : public merge::Authority {
 public:
  using merge::Authority::Authority;

  /// Error(kDenied) naming the first path that `key` may not write.
  void check_may_write(const TreeId& tree, const PublicKey& key,
                       const StagedChanges& changes) const;
  /// Guards those who govern against locking everybody out, which no later commit could mend: the
  /// changes, which made the tree `after`, leave an admin, and documents that say who may do what
  /// can be read. Error(kDenied) or Error(kInvalid), which name the document. Not a rule that
  /// commits are judged by afterwards.
  void check_stays_governed(const TreeId& after, const StagedChanges& changes) const;
};

}  // namespace isodb::repo
