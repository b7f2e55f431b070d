#include "sync/line_pace.h"

namespace isodb::sync {
namespace {

constexpr std::int64_t kMicrosPerSecond = 1'000'000;

/// Packs 5 times as long for a tenth fewer bytes (20,000 documents of 450 bytes): worth it where
/// the line takes longer still. It packs 1.5 MB/s, so it never holds up such a line.
constexpr int kSlowLevel = 12;
constexpr std::int64_t kSlowBytesPerSecond = 200'000;
/// Packs in half the time for 4 % more bytes: for lines that take all that is packed.
constexpr int kQuickLevel = 1;
constexpr std::int64_t kQuickBytesPerSecond = 4'000'000;
constexpr std::int64_t kQuickBytesMin = 1 << 20;  // seen before it is believed

}  // namespace

bool LinePace::line_takes(std::int64_t bytes_per_second) const {
  return seen_.bytes * kMicrosPerSecond > seen_.line_micros * bytes_per_second;
}

bool LinePace::is_quick() const {
  return level_ <= kQuickLevel;
}

void LinePace::change(int level) {
  level_ = level;
  seen_ = {};
}

void LinePace::add(const Step& step) {
  seen_.bytes += step.bytes;
  seen_.line_micros += step.line_micros;
  if (level_ >= kSlowLevel) return;
  const bool is_enough = seen_.bytes >= kQuickBytesMin;
  if (is_enough && level_ > kQuickLevel && line_takes(kQuickBytesPerSecond)) {
    change(kQuickLevel);
  } else if (seen_.line_micros >= kMicrosPerSecond) {
    change(line_takes(kSlowBytesPerSecond) ? level_ : kSlowLevel);
  }
}

}  // namespace isodb::sync
