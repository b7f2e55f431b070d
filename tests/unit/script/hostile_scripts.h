#pragma once

#include <string>
#include <vector>

namespace isodb::script::testing {

struct HostileScript {
  std::string name, source;
};

/// Scripts that try to use up time, memory or the machine's stack while they are compiled or run,
/// or to see what they must not: those of cases/hostile.txt, each under a comment with its name,
/// and texts too long to stand in a file.
std::vector<HostileScript> hostile_scripts();

/// How a script ends, and what it used: "out_of_steps at 2:7, 1000000 steps, 3 cells".
std::string ending_of(const std::string& source);

}  // namespace isodb::script::testing
