#include "objects/boundary.h"

#include <catch2/catch.hpp>

#include "tests/support/trees.h"

using namespace isodb;
using namespace isodb::objects;
using namespace isodb::testing;

namespace {

/// The rule as docs/format.md has it, over all keys of a level at once.
std::vector<std::size_t> cuts_by_the_book(const std::vector<std::string>& keys,
                                          std::uint8_t level) {
  std::vector<std::size_t> cuts;
  for (std::size_t start = 0; start < keys.size();) {
    std::size_t cut = 0;
    std::uint64_t weight = 0;
    std::vector<std::uint64_t> weights;
    for (std::size_t i = start; i < keys.size() && cut == 0; ++i) {
      const std::uint64_t key_weight = 64 + keys[i].size();
      weight += key_weight;
      weights.push_back(weight);
      const std::uint64_t hash = core::xxh3(keys[i], level);
      if (i > start && weight > 512 &&
          (key_weight * (weight - 512) >= std::uint64_t{1} << 23 ||
           hash < key_weight * (weight - 512) << 41)) {
        cut = i + 1;
      } else if (weight > 16384) {
        std::uint64_t least = UINT64_MAX;
        for (std::size_t k = start; k < i; ++k) {
          const std::uint64_t other = core::xxh3(keys[k], level);
          if (weights[k - start] > 8192 && (cut == 0 || other < least)) {
            least = other;
            cut = k + 1;
          }
        }
      }
    }
    if (cut == 0) break;
    cuts.push_back(cut);
    start = cut;
  }
  return cuts;
}

std::vector<std::size_t> cuts_of_finder(const std::vector<std::string>& keys, std::uint8_t level) {
  std::vector<std::size_t> cuts;
  BoundaryFinder finder(level);
  std::size_t start = 0;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (const auto cut = finder.add(keys[i])) {
      start += *cut;
      cuts.push_back(start);
      i = start - 1;  // keys past the cut are given again
    }
  }
  return cuts;
}

std::vector<std::string> sorted_paths(Shape shape, std::size_t count, std::mt19937_64& random) {
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < count; ++i) paths.push_back(shaped_path(shape, i, random));
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  return paths;
}

std::uint64_t weight_of(const std::vector<std::string>& keys, std::size_t from, std::size_t to) {
  std::uint64_t weight = 0;
  for (std::size_t i = from; i < to; ++i) weight += key_weight(keys[i]);
  return weight;
}

}  // namespace

TEST_CASE("cuts fall where the rule says, at any level") {
  std::mt19937_64 random(61);
  for (const Shape shape : kShapes) {
    INFO(shape_name(shape));
    const auto paths = sorted_paths(shape, 3000, random);
    for (const std::uint8_t level : {0, 1, 2, 63}) {
      CHECK(cuts_of_finder(paths, level) == cuts_by_the_book(paths, level));
    }
  }
}

TEST_CASE("no node has one key, or weighs more than the limit, and cuts are forced where ground") {
  std::mt19937_64 random(62);
  for (const Shape shape : kShapes) {
    INFO(shape_name(shape));
    const auto paths = sorted_paths(shape, 3000, random);
    std::size_t forced = 0, start = 0;
    for (const std::size_t cut : cuts_of_finder(paths, 0)) {
      const std::uint64_t weight = weight_of(paths, start, cut);
      const bool natural = ends_naturally(0, paths[cut - 1], weight, cut - start);
      REQUIRE(cut - start >= 2);
      REQUIRE(weight > kNodeWeightMin);
      REQUIRE(weight <= kNodeWeightLimit);
      if (!natural) {
        ++forced;
        REQUIRE(weight > kNodeWeightMax / 2);
        REQUIRE_FALSE(surely_ends_naturally(0, paths[cut - 1]));
      }
      start = cut;
    }
    const bool ground = shape == Shape::kHighHashes || shape == Shape::kRisingHashes;
    CHECK((forced > 10) == ground);
  }
}

TEST_CASE("what a forced cut looked at lies in the node behind it") {
  std::mt19937_64 random(63);
  for (const Shape shape : {Shape::kHighHashes, Shape::kRisingHashes}) {
    const auto paths = sorted_paths(shape, 4000, random);
    BoundaryFinder finder(0);
    std::size_t start = 0, looked_until = 0;
    for (std::size_t i = 0; i < paths.size(); ++i) {
      if (const auto cut = finder.add(paths[i])) {
        start += *cut;
        REQUIRE(start >= looked_until);
        looked_until = i + 1;
        i = start - 1;
      }
    }
    CHECK(start > 3000);
  }
}

TEST_CASE("a change of a key moves cuts of its own node, the one before and those behind only") {
  std::mt19937_64 random(64);
  for (const Shape shape : kShapes) {
    INFO(shape_name(shape));
    const auto paths = sorted_paths(shape, 1500, random);
    const auto before = cuts_of_finder(paths, 0);
    for (std::size_t round = 0; round < 60; ++round) {
      auto changed = paths;
      const std::size_t at = random() % paths.size();
      changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(at));
      const auto after = cuts_of_finder(changed, 0);
      // Whole nodes before the one with the key; the last of them may move.
      const auto own = static_cast<std::size_t>(std::upper_bound(before.begin(), before.end(), at) -
                                                before.begin());
      for (std::size_t i = 0; i + 1 < own; ++i) REQUIRE(after[i] == before[i]);
    }
  }
}
