#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "isodb/sync.h"
#include "repo/state.h"
#include "wire/refusals.h"

namespace isodb::sync {

inline constexpr std::size_t kRefusedMax = 256;

/// As long as this a refusal stands that time does not mend. A right to write is judged by what
/// came before the commit, so that it would be refused for ever; but not for ever by this program.
inline constexpr std::uint64_t kRefusalStandsMillis = 7 * 24 * 60 * 60 * std::uint64_t{1000};

/// Keeps what a session with `peer` refused, on either side, in the setting "refused", the
/// newest kRefusedMax; and drops what is settled: what came meanwhile, and all of a peer with which
/// everything is agreed.
void record_refused(RepositoryState& repository, const PublicKey& peer, const Report& report);

/// As ACK and HELLO say them: sorted by commit.
std::vector<wire::Refusal> refusals_of(const std::vector<RefusedCommit>& refused);

/// What this side refused of `peer` and would still refuse, so that it need not come again: the
/// newest wire::kRefusedToldMax. A refusal ends with its time (a clock that was ahead), or
/// kRefusalStandsMillis after the commit came.
std::vector<RefusedCommit> standing_refusals(const RepositoryState& repository,
                                             const PublicKey& peer);

}  // namespace isodb::sync
