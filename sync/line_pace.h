#pragma once

#include <cstdint>

namespace isodb::sync {

/// Decides how hard the runs of a stream are packed, from how quickly the line takes them: harder
/// where it is slow, for less work where it takes all that is made. Looks at sums since the last
/// change, of a second of the line's time at most. A plain value.
class LinePace {
 public:
  /// One step of sending.
  struct Step {
    std::int64_t bytes = 0;        ///< on the line
    std::int64_t line_micros = 0;  ///< since those of the step before were there
  };

  /// `level`: zstd's, to begin with.
  explicit LinePace(int level) : level_(level) {}

  /// From the next run on; zstd's.
  int level() const { return level_; }
  /// Does the line take all that is made, so that work counts more than bytes?
  bool is_quick() const;
  void add(const Step& step);

 private:
  bool line_takes(std::int64_t bytes_per_second) const;
  void change(int level);

  int level_;
  Step seen_;  // since the last change or second
};

}  // namespace isodb::sync
