#pragma once

#include <unordered_set>
#include <vector>

#include "isodb/commit.h"
#include "merge/state_engine.h"
#include "repo/state.h"
#include "sync/receiver.h"

namespace isodb::sync {

/// Finds what a partial receiver needs and may lack to compute merges: merges as it will, from
/// nothing remembered, and sees what is read. Borrows what it is given. Memory: that of an engine
/// (merge::StateEngine). One thread at a time.
///
/// Where this repository is partial itself and lacks something, what it found until then: the
/// receiver asks for what it misses, or says that it does.
class MergeContents {
 public:
  MergeContents(RepositoryState& repository, Receiver& receiver);

  /// Contents and metadata that were not returned before, to judge this commit.
  std::vector<Id> for_commit(const CommitId& id, const Commit& commit);

 private:
  void note(const std::string& path, const Entry& entry);

  RepositoryState& repository_;
  Receiver& receiver_;
  merge::StateEngine engine_;
  std::unordered_set<Id> returned_;
  std::vector<Id> found_;
};

}  // namespace isodb::sync
