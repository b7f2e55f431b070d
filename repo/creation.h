#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "isodb/commit.h"
#include "isodb/key.h"
#include "isodb/repository.h"
#include "refs/database.h"
#include "repo/key_file.h"

namespace isodb::repo {

/// What a repository's database is called until it is filled.
inline constexpr const char* kUnfinishedDatabase = "repo.db.unfinished";

/// The key of a repository that is to be made.
struct NewKey {
  std::optional<KeyFile> given = {};  ///< else a new one is made
  PassphraseFunction protect =
      {};  ///< asked for the passphrase that it is to be under; none: plain
};

/// What may lie in the folder of a creation that is gone on with.
enum class Leftovers {
  kNoPacks,
  kPacks,  ///< beside an unfinished database: the creation brings packs itself
};

/// Makes a new repository's folder and the key that it signs with, or finds those of a creation
/// that was interrupted. Error(kInvalid) where there is a repository already,
/// packs that have lost theirs, or other files; Error(kBusy) while another program makes one there.
KeyFile make_folder(const std::filesystem::path& folder, NewKey key = {});

/// The key of a repository's folder: the one there, else `key.given`, else a new one.
/// Error(kInvalid) where there is another one than `key.given`, Error(kCorrupt) where the file
/// holds none.
KeyFile make_key(const std::filesystem::path& folder, NewKey key = {});

/// A writer id that no other clone has.
WriterId make_writer(core::Environment& environment);

/// make_folder(); `fill` writes into the database, which appears under its name only afterwards, so
/// that a crash leaves no half-made repository.
void make_repository(const std::filesystem::path& folder, NewKey key,
                     const std::function<void(refs::Database&, const KeyFile&)>& fill,
                     Leftovers leftovers = Leftovers::kNoPacks);

/// A repository with this root that holds nothing yet, for what others will send; with settings
/// that say so, where they are given.
void make_empty_repository(const std::filesystem::path& folder, const CommitId& root,
                           const std::string& branch, NewKey key = {},
                           const std::vector<std::pair<std::string, std::string>>& settings = {});

}  // namespace isodb::repo
