#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "isodb/commit.h"
#include "objects/source.h"
#include "objects/tree_verify.h"
#include "repo/state.h"

namespace isodb::sync {

/// Looks for what is wrong with a commit that a peer sent and whose signature holds. Borrows both,
/// and sees in `objects` what else came. One thread at a time.
class CommitRules {
 public:
  CommitRules(RepositoryState& repository, objects::ObjectStore& objects)
      : repository_(repository), objects_(objects) {}

  struct Verdict {
    std::string rule;                ///< that it breaks, for people; "": none
    std::uint64_t until_millis = 0;  ///< as RefusedCommit::until_millis
  };
  /// Why nothing that the author writes on top of `parents`, which are here, can be taken: as
  /// verdict() would say of the first write. "": that may be taken, or cannot be told yet.
  std::string author_problem(const std::vector<CommitId>& parents, const PublicKey& author);

  /// May it be taken? Its parents are here.
  Verdict verdict(const CommitId& id, const Commit& commit);

  /// Of a commit whose trees nobody rebuilt here, so that they may be anything. "": nothing.
  std::string tree_problem(const Commit& commit);

 private:
  RepositoryState& repository_;
  objects::ObjectStore& objects_;
  std::optional<objects::TreeVerifier> trees_;
};

}  // namespace isodb::sync
