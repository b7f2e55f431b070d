#pragma once

#include <vector>

#include "repo/state.h"

namespace isodb::repo {

/// True when `ancestor` is reachable from `descendant` (or equal). Looks at commits that the
/// history index does not know and that are not older than `ancestor`.
bool is_ancestor(const RepositoryState& state, const CommitId& ancestor,
                 const CommitId& descendant);

/// Of the commits that led both to one of `a` and to one of `b`, those that led to no other of
/// them; sorted by id. Where these lie far back, a long history is put into the history index.
std::vector<CommitId> common_heads(const RepositoryState& state, const std::vector<CommitId>& a,
                                   const std::vector<CommitId>& b);

}  // namespace isodb::repo
