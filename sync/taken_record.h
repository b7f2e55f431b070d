#pragma once

#include <optional>
#include <string>

#include "isodb/key.h"
#include "refs/database.h"
#include "repo/state.h"
#include "sync/resume_point.h"

namespace isodb::sync {

/// The setting that says which objects a session with one peer brought before it broke off among
/// them. Nothing refers to these objects, so that it counts until the repository is collected.
/// Borrows the repository. One thread at a time.
class TakenRecord {
 public:
  TakenRecord(RepositoryState& repository, const PublicKey& peer);

  /// nullopt where there is none, or no more.
  std::optional<ObjectsTaken> read() const;
  /// As of the collection generation that the batch is for.
  void write(const std::optional<ObjectsTaken>& taken, refs::WriteBatch& batch) const;

 private:
  RepositoryState& repository_;
  const std::string setting_;
};

}  // namespace isodb::sync
