#include "sync/line_pace.h"

#include "wire/run.h"

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
/// Five times as many bytes for a fifth less work on both sides: for lines that are so quick that
/// it comes to less time. Only trying shows it, so it is tried where it costs a second at most.
constexpr std::int64_t kPlainBytesPerSecond = 10'000'000;
constexpr std::int64_t kPlainTriedBytes = 8 << 20;
constexpr std::int64_t kPlainTriedMicros = kMicrosPerSecond;
/// Of the speed before, in quarters: less work is worth a little time, and two measurements of the
/// same differ by as much.
constexpr std::int64_t kPlainSpeedQuarters = 3;

}  // namespace

std::int64_t LinePace::plain_per_second() const {
  const std::int64_t micros = seen_.making_micros + seen_.line_micros;
  return seen_.plain_bytes * kMicrosPerSecond / (micros + 1);
}

bool LinePace::line_takes(std::int64_t bytes_per_second) const {
  return seen_.bytes * kMicrosPerSecond > seen_.line_micros * bytes_per_second;
}

void LinePace::change(int level) {
  level_ = level;
  seen_ = {};
}

void LinePace::add(const Step& step) {
  seen_.plain_bytes += step.plain_bytes;
  seen_.bytes += step.bytes;
  seen_.making_micros += step.making_micros;
  seen_.line_micros += step.line_micros;
  if (level_ == wire::RunWriter::kPlain) return judge_plain();
  if (level_ >= kSlowLevel) return;
  const bool is_enough = seen_.bytes >= kQuickBytesMin;
  if (is_enough && level_ > kQuickLevel && line_takes(kQuickBytesPerSecond)) {
    change(kQuickLevel);
  } else if (is_enough && level_ == kQuickLevel && !plain_was_slower_ &&
             line_takes(kPlainBytesPerSecond)) {
    packed_speed_ = plain_per_second();
    change(wire::RunWriter::kPlain);
  } else if (seen_.line_micros >= kMicrosPerSecond) {
    change(line_takes(kSlowBytesPerSecond) ? level_ : kSlowLevel);
  }
}

void LinePace::judge_plain() {
  const std::int64_t micros = seen_.making_micros + seen_.line_micros;
  if (seen_.plain_bytes < kPlainTriedBytes && micros < kPlainTriedMicros) return;
  if (4 * plain_per_second() < kPlainSpeedQuarters * packed_speed_) {
    plain_was_slower_ = true;
    return change(kQuickLevel);
  }
  change(level_);
}

}  // namespace isodb::sync
