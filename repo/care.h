#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "refs/collection.h"
#include "repo/state.h"

namespace isodb::repo {

/// Settings that people may change; docs/storage.md, "Collection".
inline constexpr const char* kSettingKeepDays = "reflog.keep-days";
inline constexpr const char* kSettingAutomatic = "gc.auto";
inline constexpr std::uint64_t kKeepDaysDefault = 90;

/// Moves of refs before this time may be forgotten; nullopt: none may. A setting that cannot be
/// read keeps all.
std::optional<std::uint64_t> expiry_time(const RepositoryState& state);

struct Cared {
  refs::CollectResult collected;
  std::uint64_t moves_forgotten = 0;
};

struct CareOptions {
  std::optional<std::uint64_t> forget_before;  ///< as expiry_time()
  refs::CollectOptions collect;                ///< its settings are set here
  std::function<void(std::uint64_t)> count;    ///< told with each object that is kept
};
/// Forgets moves and what syncs left that is here, and collects. Errors as LocalStore::collect().
Cared care_for(RepositoryState& state, const CareOptions& options);

/// The same where gc.auto is on and the cheap look says that there may be much garbage, and then
/// only where there is. For the thread that packs: it ends soon once that is to stop. Throws what
/// goes wrong.
void care_when_due(RepositoryState& state);

}  // namespace isodb::repo
