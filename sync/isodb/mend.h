#pragma once

#include <optional>
#include <string>
#include <vector>

#include "isodb/error.h"
#include "isodb/remote.h"
#include "isodb/repository.h"
#include "isodb/sync.h"

namespace isodb::sync {

/// An object that was damaged or missing, and is as it should be now. A plain value.
struct MendedObject {
  Id id;
  ObjectType type = ObjectType::kBlob;
  std::string where;  ///< that it is for: "commit <id> path <path>", a ref
};

/// What a mending came to. A plain value.
struct MendReport {
  std::vector<MendedObject> mended;
  /// Files that damage was dropped from: packs were written anew from what is intact in them.
  std::vector<std::string> files;
  /// What fsck finds now; empty: the repository is whole.
  std::vector<Finding> remaining;
  NotSeen not_seen;
  Bandwidth bandwidth;         ///< of the remote
  std::optional<Error> error;  ///< why not all could be asked for; `mended` holds all the same
  bool unreachable = false;    ///< with `error`: there is no line
};

struct MendOptions {
  SyncOptions conversation;   ///< time, progress, first contact and stop of it; with a remote
  ProgressFunction progress;  ///< objects and commits looked at
};

/// Finds what is damaged or missing, asks `remote` for that alone, proves each object by its hash
/// and stores it where it is read from then on. What another copy here, or merging again, gives
/// back is not asked for. Packs and rows with damage are dropped, or written anew, once nothing of
/// them is needed that is not to be had elsewhere. What was mended is durable at each moment; the
/// same call goes on after an interruption.
/// Where `repo.db` is unreadable this cannot begin.
/// Error(kInvalid) for a URL that is none, Error(kDenied) for a first contact that was not wanted,
/// Error(kBusy) while another process packs.
MendReport mend_from(Repository& repository, const Remote& remote, const MendOptions& options = {});

/// The same from a bundle file: what its commits come to is searched for the objects. Where it
/// builds on commits before it, these are taken from here, as far as they are intact.
/// Error(kInvalid) for another repository's bundle; what is wrong with the file is in
/// MendReport::error.
MendReport mend_from_bundle(Repository& repository, const std::filesystem::path& file,
                            const MendOptions& options = {});

}  // namespace isodb::sync
