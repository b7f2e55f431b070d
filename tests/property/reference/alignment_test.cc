// The reference's alignment is written from the document alone: it and the engine's must agree.
#include <catch2/catch.hpp>
#include <set>

#include "merge/alignment.h"
#include "tests/reference/alignment.h"
#include "tests/reference/random.h"

using namespace isodb;
using namespace isodb::reference;

namespace {

Symbols random_symbols(Random& random, std::size_t count, std::size_t kinds) {
  Symbols symbols;
  for (std::size_t i = 0; i < count; ++i) {
    symbols.push_back(static_cast<std::uint32_t>(random.below(kinds)));
  }
  return symbols;
}

/// Some items taken out, changed and put in.
Symbols edited(Random& random, const Symbols& symbols, std::size_t one_in, std::size_t kinds) {
  Symbols result;
  for (const std::uint32_t symbol : symbols) {
    if (random.chance(1, one_in)) result.push_back(static_cast<std::uint32_t>(random.below(kinds)));
    if (!random.chance(1, one_in)) result.push_back(symbol);
  }
  return result;
}

void check_same(const Symbols& before, const Symbols& after) {
  std::vector<merge::ChangedRange> expected;
  for (const Changed& range : changed_between(align(before, after), before.size(), after.size())) {
    expected.push_back({range.before_begin, range.before_end, range.after_begin, range.after_end});
  }
  REQUIRE(merge::align(before, after) == expected);
}

}  // namespace

TEST_CASE("alignment: short sequences are aligned as in the reference") {
  Random random(1);
  for (std::size_t i = 0; i < 20'000; ++i) {
    const std::size_t kinds = 1 + random.below(6);
    const Symbols before = random_symbols(random, random.below(14), kinds);
    check_same(before, random.chance(1, 2) ? edited(random, before, 4, kinds)
                                           : random_symbols(random, random.below(14), kinds));
  }
}

TEST_CASE("alignment: sequences too different for all edits are aligned as in the reference") {
  Random random(2);
  for (const std::size_t kinds : {40, 4'000, 400'000}) {
    const Symbols before = random_symbols(random, 3'000, kinds);
    check_same(before, random_symbols(random, 3'000, kinds));
    check_same(before, edited(random, before, 2, kinds));
  }
}
