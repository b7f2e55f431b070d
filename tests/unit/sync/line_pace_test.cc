#include "sync/line_pace.h"

#include <catch2/catch.hpp>

using namespace isodb::sync;

namespace {

/// A sender and a line: runs of 128 KiB, packed to a fifth.
struct Sender {
  LinePace pace{3};
  std::int64_t line_bytes_per_second = 0;

  /// The levels of this many runs, each where it changes.
  std::vector<int> levels_of(int runs) {
    std::vector<int> levels{pace.level()};
    for (; runs > 0; --runs) {
      const std::int64_t bytes = (128 << 10) / 5;
      pace.add({bytes, bytes * 1'000'000 / line_bytes_per_second});
      if (pace.level() != levels.back()) levels.push_back(pace.level());
    }
    return levels;
  }
};

}  // namespace

TEST_CASE("what goes over a slow line is packed harder, and stays so") {
  Sender sender{.line_bytes_per_second = 1'000};
  CHECK(sender.levels_of(100) == std::vector<int>{3, 12});
  sender.line_bytes_per_second = 1'000'000'000;
  CHECK(sender.levels_of(10'000) == std::vector<int>{12});
}

TEST_CASE("what goes over a line that is neither slow nor quick is packed as it was") {
  Sender sender{.line_bytes_per_second = 1'000'000};
  CHECK(sender.levels_of(1'000) == std::vector<int>{3});
}

TEST_CASE("what goes over a quick line is packed for less work, until it is slow") {
  Sender sender{.line_bytes_per_second = 8'000'000};
  CHECK(sender.levels_of(1'000) == std::vector<int>{3, 1});
  sender.line_bytes_per_second = 100'000;
  CHECK(sender.levels_of(1'000) == std::vector<int>{1, 12});
}
