#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "bench/child.h"

namespace isodb::bench {

/// What this machine can do at all, as bounds to hold the engines' numbers against.
struct Limit {
  std::string id, title, unit;
};
const std::vector<Limit>& limits();

/// Measures all; files go to `folder`. The returned object maps a limit's id to its value.
Json measure_limits(const std::filesystem::path& folder);

}  // namespace isodb::bench
