#include "sync/line_pace.h"

#include <catch2/catch.hpp>

#include "wire/run.h"

using namespace isodb::sync;

namespace {

constexpr int kPlain = isodb::wire::RunWriter::kPlain;

/// A sender and a line: runs of 128 KiB, 5 times smaller when packed.
struct Sender {
  LinePace pace{3};
  std::int64_t line_bytes_per_second = 0;
  std::int64_t packing_micros = 0, plain_micros = 0;  // for a run
  std::int64_t bytes = 0;

  /// The levels of this many runs, each where it changes.
  std::vector<int> levels_of(int runs) {
    std::vector<int> levels{pace.level()};
    for (; runs > 0; --runs) {
      LinePace::Step step;
      step.plain_bytes = 128 << 10;
      step.bytes = pace.level() == kPlain ? step.plain_bytes : step.plain_bytes / 5;
      step.making_micros = pace.level() == kPlain ? plain_micros : packing_micros;
      step.line_micros = step.bytes * 1'000'000 / line_bytes_per_second;
      bytes += step.bytes;
      pace.add(step);
      if (pace.level() != levels.back()) levels.push_back(pace.level());
    }
    return levels;
  }
};

}  // namespace

TEST_CASE("what goes over a slow line is packed harder, and stays so") {
  Sender sender{.line_bytes_per_second = 1'000, .packing_micros = 1'000, .plain_micros = 500};
  CHECK(sender.levels_of(100) == std::vector<int>{3, 12});
  sender.line_bytes_per_second = 1'000'000'000;
  CHECK(sender.levels_of(10'000) == std::vector<int>{12});
}

TEST_CASE("what goes over a line that is neither slow nor quick is packed as it was") {
  Sender sender{.line_bytes_per_second = 1'000'000, .packing_micros = 1'000, .plain_micros = 500};
  CHECK(sender.levels_of(1'000) == std::vector<int>{3});
}

TEST_CASE("a sender that packs slowly does not take its line for a slow one") {
  Sender sender{
      .line_bytes_per_second = 8'000'000, .packing_micros = 2'000'000, .plain_micros = 500};
  CHECK(sender.levels_of(1'000) == std::vector<int>{3, 1});
}

TEST_CASE("what goes over a line that is quick enough is not packed") {
  Sender sender{.line_bytes_per_second = 200'000'000, .packing_micros = 2'000, .plain_micros = 500};
  CHECK(sender.levels_of(10'000) == std::vector<int>{3, 1, kPlain});
  SECTION("until it is not quick any more") {
    sender.line_bytes_per_second = 20'000'000;
    CHECK(sender.levels_of(10'000) == std::vector<int>{kPlain, 1});
    sender.line_bytes_per_second = 100'000;
    CHECK(sender.levels_of(1'000) == std::vector<int>{1, 12});
  }
}

TEST_CASE("sending plain is tried once, and for a second at most") {
  Sender sender{.line_bytes_per_second = 15'000'000, .packing_micros = 2'000, .plain_micros = 500};
  CHECK(sender.levels_of(10'000) == std::vector<int>{3, 1, kPlain, 1});
  const std::int64_t packed = std::int64_t{10'000} * (128 << 10) / 5;
  CHECK(sender.bytes < packed + 9'000'000);
}
