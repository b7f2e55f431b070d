#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "isodb/commit.h"
#include "repo/state.h"
#include "wire/element.h"

namespace isodb::sync {

/// Finds commits that are here by what a stream says of them, without rebuilding them: a partial
/// repository may lack what that takes. Borrows the repository. Looks through all that refs lead to
/// when it is first asked: some 60 bytes a commit. One thread at a time.
class KnownCommits {
 public:
  explicit KnownCommits(RepositoryState& repository) : repository_(repository) {}

  std::optional<CommitId> find(const wire::CommitElement& said);

 private:
  void read();

  RepositoryState& repository_;
  bool is_read_ = false;
  std::unordered_multimap<std::uint64_t, CommitId> by_signature_;  // its first 8 bytes
};

}  // namespace isodb::sync
