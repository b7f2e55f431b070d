#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <unordered_map>

#include "isodb/id.h"
#include "repo/state.h"

namespace isodb::repo {

/// What keeps objects: refs, the reflog, the draft, unfinished syncs, computed trees and the
/// repository's root. A plain value.
struct Roots {
  std::set<Id> ids;
  std::unordered_map<Id, std::string> names;  ///< of those that refs name
  std::uint64_t last_move = 0;                ///< moves of refs up to this one are in it
  std::uint64_t moves_forgotten = 0;          ///< that were left out
  /// Contents that sessions did without because their peers said that they are erased. These keep
  /// nothing, and what leads to them is whole without them.
  std::set<Id> lacking;
};

struct RootOptions {
  /// Of refs and reflog only what moved after this move, as Roots::last_move told it; 0: all.
  std::uint64_t moves_after = 0;
  /// As if the moves before this time had been forgotten already.
  std::uint64_t forget_before_millis = 0;
};

/// Runs an action that may fail because of damage.
using Guard = std::function<void(const std::string& where, const std::function<void()>&)>;

/// The roots as they are. Whatever moves while they are read has a higher number than last_move.
Roots read_roots(RepositoryState& state, const RootOptions& options, const Guard& guarded);

}  // namespace isodb::repo
