#pragma once

#include <cstdint>
#include <memory>

#include "tests/reference/world.h"

namespace isodb::reference {

/// What random histories may have.
struct HistoryOptions {
  std::size_t commits_max = 30;
  std::size_t writers_max = 8;
  std::uint64_t epoch_max = 3;
  std::size_t scripts = 1;  ///< 0: no rule names a script
  bool erases = false;      ///< contents are erased, some of them before others know
  Limits limits = {};       ///< of the world's state
};

/// A random history of several clones that write, exchange commits, fork and are revoked; the same
/// for the same seed.
struct RandomHistory {
  Plan plan;
  std::unique_ptr<World> world;
};
RandomHistory random_history(std::uint64_t seed, const HistoryOptions& options = {});

/// Layers of commits, each after a random half of the layer below and all writing one path: with
/// four layers of 30 the bases of bases are too many to be told apart.
Plan layered_history(std::uint64_t seed, std::size_t layers, std::size_t width);

}  // namespace isodb::reference
