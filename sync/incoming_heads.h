#pragma once

#include <set>
#include <string>

#include "isodb/commit.h"
#include "refs/database.h"

namespace isodb::sync {

/// Makes the refs `prefix`0, `prefix`1 and so on name these commits and nothing else, up to 1,024.
/// Refs whose commits are wanted still stay as they are, and free ones are used again.
void name_heads(refs::Database& database, const std::string& prefix,
                const std::set<CommitId>& wanted, refs::WriteBatch& batch);

}  // namespace isodb::sync
