#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace isodb::bench {

/// What one meeting of two repositories took on the line.
struct LineCost {
  std::uint64_t bytes = 0;        ///< both ways, as TCP carries them
  std::uint64_t round_trips = 0;  ///< times that one side waited for the other
  double seconds = 0;             ///< until both hold the same
};

struct LineRow {
  std::string what;
  std::map<std::string, LineCost> costs;  ///< by system
};

/// The cases of docs/protocol.md, "Gates", for isodb and for git, on a quick and on a slow line.
struct LineResults {
  std::vector<std::string> systems;
  std::vector<LineRow> quick, slow;
};

LineResults run_lines(const std::filesystem::path& folder);

}  // namespace isodb::bench
