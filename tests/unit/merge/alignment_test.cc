#include "merge/alignment.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <ctime>
#include <numeric>
#include <random>

using namespace isodb::merge;

namespace {

using Sequence = std::vector<std::uint32_t>;

Sequence of(std::string_view letters) {
  return {letters.begin(), letters.end()};
}

/// The script as text: equal items as they are, [removed|added] for each range.
std::string script(std::string_view before, std::string_view after) {
  std::string text;
  std::size_t at = 0;
  for (const ChangedRange& range : align(of(before), of(after))) {
    text += before.substr(at, range.before_begin - at);
    text += '[';
    text += before.substr(range.before_begin, range.before_count());
    text += '|';
    text += after.substr(range.after_begin, range.after_count());
    text += ']';
    at = range.before_end;
  }
  return text + std::string(before.substr(at));
}

std::size_t edit_count(const std::vector<ChangedRange>& ranges) {
  std::size_t count = 0;
  for (const ChangedRange& range : ranges) count += range.before_count() + range.after_count();
  return count;
}

/// Checks that the ranges are ordered and apart, and that all between them is equal.
bool is_script(const Sequence& before, const Sequence& after,
               const std::vector<ChangedRange>& ranges) {
  std::size_t i = 0, j = 0;
  for (std::size_t r = 0; r <= ranges.size(); ++r) {
    const std::size_t end = r < ranges.size() ? ranges[r].before_begin : before.size();
    if (r > 0 && r < ranges.size() && end == i) return false;
    for (; i < end; ++i, ++j) {
      if (j >= after.size() || before[i] != after[j]) return false;
    }
    if (r == ranges.size()) break;
    if (ranges[r].after_begin != j) return false;
    if (ranges[r].before_count() + ranges[r].after_count() == 0) return false;
    i = ranges[r].before_end;
    j = ranges[r].after_end;
  }
  return i == before.size() && j == after.size();
}

/// Edits of a shortest script by the textbook table.
std::size_t shortest(const Sequence& a, const Sequence& b) {
  std::vector<std::size_t> row(b.size() + 1, 0);
  for (const std::uint32_t x : a) {
    std::size_t diagonal = 0;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t above = row[j + 1];
      row[j + 1] = x == b[j] ? diagonal + 1 : std::max(above, row[j]);
      diagonal = above;
    }
  }
  return a.size() + b.size() - 2 * row[b.size()];
}

Sequence random_sequence(std::mt19937_64& random, std::size_t size, std::uint32_t alphabet) {
  Sequence sequence(size);
  for (auto& symbol : sequence) symbol = static_cast<std::uint32_t>(random() % alphabet);
  return sequence;
}

}  // namespace

TEST_CASE("Equal sequences have no changed range, and each empty side is one") {
  CHECK(align({}, {}).empty());
  CHECK(align(of("abc"), of("abc")).empty());
  CHECK(script("", "abc") == "[|abc]");
  CHECK(script("abc", "") == "[abc|]");
}

TEST_CASE("An alignment's ties are as documented") {
  // Golden: merging depends on them.
  CHECK(script("abcabba", "cbabac") == "[ab|]c[|b]ab[b|]a[|c]");
  CHECK(script("aXb", "aYb") == "a[X|Y]b");
  CHECK(script("aab", "ab") == "a[a|]b");
  CHECK(script("ab", "aab") == "a[|a]b");
  CHECK(script("abab", "baba") == "[a|]bab[|a]");
  CHECK(script("ab", "ba") == "[a|]b[|a]");
  CHECK(script("xaxbx", "yaybyx") == "[x|y]a[x|y]b[|y]x");
}

TEST_CASE("An alignment of up to its exact limit is a longest common subsequence") {
  std::mt19937_64 random(7);
  for (int round = 0; round < 2'000; ++round) {
    const auto alphabet = static_cast<std::uint32_t>(1 + random() % 6);
    const Sequence a = random_sequence(random, random() % 24, alphabet);
    const Sequence b = random_sequence(random, random() % 24, alphabet);
    const auto ranges = align(a, b);
    REQUIRE(is_script(a, b, ranges));
    REQUIRE(edit_count(ranges) == shortest(a, b));
    REQUIRE(align(a, b) == ranges);
  }
}

TEST_CASE("A long alignment with many edits still finds what is common") {
  std::mt19937_64 random(11);
  Sequence before(100'000);
  std::iota(before.begin(), before.end(), 0u);
  Sequence after;
  std::size_t edits = 0;
  for (const std::uint32_t symbol : before) {
    const auto what = random() % 20;
    if (what == 0) {
      ++edits;  // removed
      continue;
    }
    if (what == 1) {
      after.push_back(1'000'000 + symbol);
      ++edits;
    }
    after.push_back(symbol);
  }
  const auto ranges = align(before, after);
  CHECK(edits > exact_edits_max(before.size() + after.size()));
  CHECK(is_script(before, after, ranges));
  CHECK(edit_count(ranges) == edits);
}

TEST_CASE("Sequences made to be slow are aligned in bounded time") {
  std::mt19937_64 random(13);
  Sequence shuffled(100'000);
  std::iota(shuffled.begin(), shuffled.end(), 0u);
  Sequence other = shuffled;
  std::shuffle(other.begin(), other.end(), random);
  const Sequence few = random_sequence(random, 100'000, 2);
  const Sequence few_others = random_sequence(random, 100'000, 2);
  Sequence reversed = shuffled;
  std::reverse(reversed.begin(), reversed.end());
  const std::clock_t start = std::clock();  // the processor's time: machines are busy
  CHECK(is_script(shuffled, other, align(shuffled, other)));
  CHECK(is_script(few, few_others, align(few, few_others)));
  CHECK(is_script(shuffled, reversed, align(shuffled, reversed)));
  CHECK(edit_count(align(shuffled, reversed)) == 2 * shuffled.size() - 2);
  CHECK(std::clock() - start < 20 * CLOCKS_PER_SEC);
}

TEST_CASE("The bound on exact edits falls with the size of the sequences") {
  CHECK(exact_edits_max(0) == 2048);
  CHECK(exact_edits_max(100'000) == 2048);
  CHECK(exact_edits_max(1'000'000) == 268);
  CHECK(exact_edits_max(100'000'000) == 64);
}
