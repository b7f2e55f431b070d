#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "isodb/commit.h"
#include "refs/database.h"
#include "repo/state.h"

namespace isodb::sync {

/// Makes the refs `prefix`0, `prefix`1 and so on name these commits and nothing else, up to 1,024.
/// Refs whose commits are wanted still stay as they are, and free ones are used again.
void name_heads(refs::Database& database, const std::string& prefix,
                const std::set<CommitId>& wanted, refs::WriteBatch& batch);

/// Commits of this very writer that were not here have come: its folder was copied, or is a backup.
/// What is written here from now on comes after them (`sequence`: the greatest of those that this
/// key signed), and under another name from the next opening on.
void part_from_copies(const RepositoryState& repository, std::uint64_t sequence,
                      refs::WriteBatch& batch);

}  // namespace isodb::sync
