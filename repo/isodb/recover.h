#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "isodb/id.h"
#include "isodb/repository.h"

namespace isodb {

struct RecoverOptions {
  /// Also where the database can be read, from end to end.
  bool force = false;
  ProgressFunction progress;  ///< objects, commits
};

/// What recover() found and made. A plain value.
struct Recovered {
  CommitId repository;
  std::filesystem::path set_aside;  ///< the old database; empty: there was none
  std::uint64_t packs = 0, objects = 0, commits = 0;
  std::uint64_t loose_objects = 0;  ///< that could be read of the old database
  std::vector<RefInfo> refs;        ///< that were made
  bool refs_are_known = false;      ///< they are those of the old database
  /// What could not be recovered, or could not be known; where: a file, a commit, a ref, "reflog".
  std::vector<Finding> lost;
};

/// Makes a new `repo.db` for a folder whose database is lost or damaged, of what its packs and, as
/// far as it can be read, the old database hold. Every commit's hash and signature are checked; who
/// does not hold is named, and no ref leads to it. Refs are those of the old database, where they
/// could be read. Else of the commits that none has as a parent the newest becomes heads/main, or
/// the merge of several of these that was stored last, every other heads/recovered/<n>; tag objects
/// become tags. The clone has a new writer id; the key in `keys/` stays, and is made where it is
/// missing. The old database is kept under another name. A crash leaves the old state or the new.
/// Programs that have the repository open meanwhile wait with their commits, and are refused then,
/// Error(kIo): they have to open it again.
///
/// Error(kInvalid) where the database can be read, without `force`; Error(kNotFound) where there is
/// neither pack nor database; Error(kCorrupt) where no commit without parents could be found, or
/// the key's file holds no key; Error(kBusy) while another program recovers the folder or keeps
/// writing.
Recovered recover(const std::filesystem::path& folder, const RecoverOptions& options = {});

}  // namespace isodb
