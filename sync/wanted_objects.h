#pragma once

#include <vector>

#include "repo/state.h"
#include "wire/messages.h"

namespace isodb::sync {

/// What an answer to a WANT of objects brings: those of `want.objects` that are here, intact, and
/// that the commits, merges and tags named are or have, at the entries named. Of commits that are
/// not in the past of this repository's branches, and merges and tags that no ref names, nothing: a
/// peer does not know which of those are here.
std::vector<Id> wanted_objects(RepositoryState& repository, const wire::WantMessage& want);

}  // namespace isodb::sync
