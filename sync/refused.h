#pragma once

#include <cstddef>

#include "isodb/sync.h"
#include "repo/state.h"

namespace isodb::sync {

inline constexpr std::size_t kRefusedMax = 256;

/// Keeps what a session with `peer` refused, on either side, in the setting "refused", the
/// newest kRefusedMax; and drops what is settled: what came meanwhile, and all of a peer with which
/// everything is agreed.
void record_refused(RepositoryState& repository, const PublicKey& peer, const Report& report);

}  // namespace isodb::sync
