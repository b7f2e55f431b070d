#pragma once

#include "isodb/bytes.h"
#include "isodb/commit.h"
#include "objects/source.h"

namespace isodb::sync {

/// Judges a tag that a peer sent. True where what it names is in `objects`, false where nothing of
/// that id is. Error(kUnverified) for a signature that does not hold, Error(kCorrupt) for bytes
/// that are no tag, for one that names something of another type than it says, and for one with
/// more tags below it than RepositoryState::kTagsOnTagsMax allows: every session follows them all.
bool check_received_tag(const objects::ObjectSource& objects, const CommitId& root,
                        const Bytes& bytes);

}  // namespace isodb::sync
