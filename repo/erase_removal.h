#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "isodb/id.h"
#include "isodb/repository.h"
#include "repo/state.h"

namespace isodb::repo {

/// Names the packs that may hold bytes of what is erased, while they are being removed: as long as
/// it is set, the removal is not at its end.
inline constexpr const char* kSettingErasePending = "erase.pending";
/// Settings that begin so, each for one peer, name contents that a session which broke off did
/// without, because the peer said that they are erased: in the form of kept_objects_text().
inline constexpr std::string_view kSettingEraseClaims = "erase.claims.";
/// SHA-256 of the ids of what was erased when the last removal ended.
inline constexpr const char* kSettingEraseDone = "erase.done";

/// When trying to remove them failed last (Unix milliseconds; 0 where it was the first time), a
/// space, and why.
inline constexpr const char* kSettingEraseFailed = "erase.failed";

/// From here on a crash leaves the removal to be done: before an erasure is committed.
void expect_removal(RepositoryState& repository);
/// The same for who is about to drop these: what lies here of them is not only to be dropped. They
/// stay erased here.
void expect_removal_of(RepositoryState& repository, const merge::Erased& erased);
/// The same for a branch that is to move to a state with this tree, in the batch that moves it:
/// where the tree says that something which lies here is erased.
void expect_removal_by(RepositoryState& repository, const objects::NodeReader& nodes,
                       const TreeId& tree, refs::WriteBatch& batch);
/// Whether bytes of what is erased may be here.
bool removal_is_due(RepositoryState& repository);
/// Removes them. Error(kBusy) where others keep writing, packing or reading: it is due then as
/// before. `progress` as Repository::collect().
void remove_erased_bytes(RepositoryState& repository, const ProgressFunction& progress);

/// Whether others who are at work are waited for, as a write waits.
enum class RemovalPatience { kWaits, kNone };
/// The same where it is due, for who has something else to do: what keeps it from happening now,
/// others, a full disk or damage, does not keep it from being due. Another failure than that others
/// are at work is remembered for removal_failure(), and after the second one it is not tried for an
/// hour.
void try_removal(RepositoryState& repository, RemovalPatience patience);
/// Why it failed when it was tried last; nullopt where nothing is due.
std::optional<std::string> removal_failure(RepositoryState& repository);

}  // namespace isodb::repo
