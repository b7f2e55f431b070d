#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "isodb/repository.h"

namespace isodb::cli {

/// What Progress::all is.
enum class Total {
  kKnown,
  kEstimated,  ///< anew all the time: shown as "about", and roughly
};

/// One line on standard error that says how far a long job is, at what rate, and how long it still
/// takes. Shown from the first second on, when standard error is a terminal; wiped at the end. One
/// thread.
class ProgressMeter {
 public:
  /// `unit` is what is counted: "documents"; "bytes" is shown as MiB.
  explicit ProgressMeter(std::string_view unit, Total total = Total::kKnown);
  ~ProgressMeter();
  ProgressMeter(const ProgressMeter&) = delete;
  ProgressMeter& operator=(const ProgressMeter&) = delete;

  void update(const Progress& progress);
  /// Wipes the line until the next update, so that a message can stand there.
  void hide();

 private:
  using Clock = std::chrono::steady_clock;
  std::string unit_, what_;
  const Total total_;
  Clock::time_point began_, shown_;
  bool visible_ = false;
};

}  // namespace isodb::cli
