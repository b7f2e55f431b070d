#include "cli/progress.h"

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstdio>

#include "cli/text.h"

namespace isodb::cli {
namespace {

constexpr std::chrono::milliseconds kFirstShown{1000};
constexpr std::chrono::milliseconds kShownEvery{200};
constexpr double kLongestShown = 100.0 * 24 * 3600;  // whoever estimates more does not know

std::string duration(std::uint64_t seconds) {
  if (seconds < 60) return std::to_string(seconds) + " s";
  if (seconds < 3600) {
    return std::to_string(seconds / 60) + " min " + std::to_string(seconds % 60) + " s";
  }
  return std::to_string(seconds / 3600) + " h " + std::to_string(seconds % 3600 / 60) + " min";
}

std::string amount(std::uint64_t number, std::string_view unit) {
  return unit == "bytes" ? human_bytes(number) : grouped(number);
}

/// As exact as an estimate is, to a sixteenth or better, so that it seldom changes.
std::uint64_t roughly(std::uint64_t number) {
  const std::uint64_t step = std::max<std::uint64_t>(1, std::bit_floor(number) / 16);
  return (number + step - 1) / step * step;
}

}  // namespace

ProgressMeter::ProgressMeter(std::string_view unit, Total total)
    : unit_(unit), total_(total), began_(Clock::now()), shown_(began_) {}

ProgressMeter::~ProgressMeter() {
  hide();
}

void ProgressMeter::hide() {
  if (visible_) std::fputs("\r\x1b[K", stderr);
  visible_ = false;
}

void ProgressMeter::update(const Progress& progress) {
  const Clock::time_point now = Clock::now();
  if (what_ != progress.what) {
    what_ = progress.what;
    began_ = now;
  }
  if (now - began_ < kFirstShown || now - shown_ < kShownEvery) return;
  shown_ = now;
  const double seconds = std::chrono::duration<double>(now - began_).count();
  const double rate = static_cast<double>(progress.done) / seconds;
  std::string line = what_ + ": " + amount(progress.done, unit_);
  if (progress.all > 0 && total_ == Total::kKnown) line += " of " + amount(progress.all, unit_);
  if (progress.all > 0 && total_ == Total::kEstimated) {
    line += " of about " + amount(roughly(progress.all), unit_);
  }
  if (unit_ != "bytes") line += " " + unit_;
  line += ", " + amount(static_cast<std::uint64_t>(rate), unit_) + "/s";
  if (progress.all > progress.done && rate > 0) {
    const double left = static_cast<double>(progress.all - progress.done) / rate;
    if (left < kLongestShown) {
      line += ", " + duration(static_cast<std::uint64_t>(left) + 1) + " left";
    }
  }
  std::fprintf(stderr, "\r\x1b[K%s", line.substr(0, 79).c_str());
  visible_ = true;
}

}  // namespace isodb::cli
