#include "repo/ancestry.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <set>

#include "tests/support/testing.h"

using namespace isodb;
using namespace isodb::repo;
using isodb::testing::error_code_of;

namespace {

using Parents = std::vector<std::set<CommitNumber>>;

/// Runs and links of commits from `begin` on, put behind what the ancestry has.
void append(Ancestry& ancestry, const Parents& parents, CommitNumber begin, CommitNumber end) {
  CommitNumbers starts;
  std::vector<Ancestry::Link> links;
  for (CommitNumber commit = begin; commit < end; ++commit) {
    const bool goes_on = commit > 0 && parents[commit].contains(commit - 1);
    if (!goes_on) starts.push_back(commit);
    for (const CommitNumber parent : parents[commit]) {
      if (!goes_on || parent != commit - 1) links.push_back({commit, parent});
    }
  }
  ancestry.append(end - begin, starts, links);
}

std::set<CommitNumber> past_of(const Parents& parents, const CommitNumbers& heads) {
  std::set<CommitNumber> past(heads.begin(), heads.end());
  CommitNumbers open = heads;
  while (!open.empty()) {
    const CommitNumber commit = open.back();
    open.pop_back();
    for (const CommitNumber parent : parents[commit]) {
      if (past.insert(parent).second) open.push_back(parent);
    }
  }
  return past;
}

}  // namespace

TEST_CASE("pasts and common heads are those of a walk, for any numbering without a circle") {
  std::mt19937_64 random(4);
  for (int round = 0; round < 300; ++round) {
    const auto count = static_cast<CommitNumber>(1 + random() % 40);
    const CommitNumber cut = count / 3;
    // Within a segment parents may have greater numbers than their children: ranks say who is
    // older.
    std::vector<CommitNumber> ranks(count);
    for (CommitNumber i = 0; i < count; ++i) ranks[i] = i;
    std::shuffle(ranks.begin() + cut, ranks.end(), random);
    Parents parents(count);
    for (CommitNumber commit = 0; commit < count; ++commit) {
      if (commit > 0 && ranks[commit - 1] < ranks[commit] && random() % 4 != 0) {
        parents[commit].insert(commit - 1);
      }
      for (std::uint64_t k = random() % 5 == 0 ? random() % 3 : 0; k > 0; --k) {
        const auto other = static_cast<CommitNumber>(random() % count);
        if (ranks[other] < ranks[commit]) parents[commit].insert(other);
      }
    }
    Ancestry ancestry;
    append(ancestry, parents, 0, cut);
    append(ancestry, parents, cut, count);
    const auto some = [&] {
      CommitNumbers heads;
      for (std::uint64_t k = 0; k <= random() % 3; ++k) {
        heads.push_back(static_cast<CommitNumber>(random() % count));
      }
      return heads;
    };
    const CommitNumbers a = some(), b = some();
    const auto left = past_of(parents, a), right = past_of(parents, b);
    const Ancestry::Past past = ancestry.past_of(a);
    for (CommitNumber commit = 0; commit < count; ++commit) {
      REQUIRE(past.holds(commit) == left.contains(commit));
    }
    std::set<CommitNumber> heads;
    std::set_intersection(left.begin(), left.end(), right.begin(), right.end(),
                          std::inserter(heads, heads.end()));
    const std::set<CommitNumber> both = heads;
    for (const CommitNumber commit : both) {
      for (const CommitNumber parent : parents[commit]) heads.erase(parent);
    }
    REQUIRE(ancestry.common_heads(a, b) == CommitNumbers(heads.begin(), heads.end()));
  }
}

TEST_CASE("what cannot be an ancestry is refused") {
  const auto refused = [](std::uint32_t count, const CommitNumbers& starts,
                          const std::vector<Ancestry::Link>& links) {
    Ancestry ancestry;
    return error_code_of([&] { ancestry.append(count, starts, links); }) == ErrorCode::kCorrupt;
  };
  CHECK_FALSE(refused(3, {0}, {{2, 0}}));
  CHECK(refused(3, {}, {}));
  CHECK(refused(3, {1}, {}));
  CHECK(refused(3, {0, 3}, {}));
  CHECK(refused(3, {0, 2, 1}, {}));
  CHECK(refused(3, {0, 1, 1}, {}));
  CHECK(refused(3, {0}, {{3, 0}}));
  CHECK(refused(3, {0}, {{1, 3}}));
  CHECK(refused(3, {0}, {{2, 0}, {1, 0}}));
}
