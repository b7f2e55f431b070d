#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

namespace isodb::bench {

using Json = nlohmann::json;

/// What one piece of work in a child process came to.
struct ChildResult {
  Json value;                              ///< what the work returned; null when it failed
  std::string error;                       ///< why it failed
  bool offered = true;                     ///< false when the engine has no answer to this work
  double cpu_seconds = 0;                  ///< of all its threads and processes
  std::uint64_t peak_resident_bytes = 0;   ///< ru_maxrss: mapped files count as far as touched
  std::uint64_t peak_anonymous_bytes = 0;  ///< mapped files aside; sampled each 5 ms
};

/// Called within `work` while the engine is open: takes a sample of the memory, so that work too
/// short for the sampling from outside has one.
void note_memory();

/// Runs `work` in a child process of its own, so that its memory is its alone and a crash ends only
/// this row. The caller has one thread and little memory.
ChildResult run_in_child(const std::function<Json()>& work);

}  // namespace isodb::bench
