#pragma once

#include "refs/sqlite.h"

namespace isodb::refs {

/// "isod": in SQLite's header, so that no other program's file is taken for a repository's.
inline constexpr std::int64_t kApplicationId = 0x69736f64;

/// Brings the file to the newest schema, in one transaction: an empty one, or one of an older
/// version.
void migrate(Connection& connection);

/// Error(kUnsupported) for a newer schema, with both versions named, or an older one that has to be
/// migrated first; Error(kCorrupt) for a file that is no repository's. True when it has to be
/// migrated.
bool needs_migration(Connection& connection);

}  // namespace isodb::refs
