#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace isodb::merge {

/// A stretch in which two sequences differ: items [before_begin, before_end) of the first stand
/// where items [after_begin, after_end) of the second do. A plain value.
struct ChangedRange {
  std::size_t before_begin = 0, before_end = 0;
  std::size_t after_begin = 0, after_end = 0;

  std::size_t before_count() const { return before_end - before_begin; }
  std::size_t after_count() const { return after_end - after_begin; }
  friend bool operator==(const ChangedRange&, const ChangedRange&) = default;
};

/// How many insertions and deletions a script may have to be found exactly, for two sequences of
/// so many items together: 2^28 / items, within 64 and 2,048. It bounds the time to about 2^28
/// steps and the memory to 8 MiB.
std::size_t exact_edits_max(std::size_t items);

/// Aligns two sequences of symbols, equal items having equal symbols, and returns where they
/// differ, in order, never touching each other. Everything between the ranges is equal.
///
/// The rule (docs/merge.md, "Alignment"; the result is part of how documents merge, so it is
/// fixed): the common beginning and end are matched; what is left by E. Myers' greedy algorithm
/// ("An O(ND) Difference Algorithm and Its Variations", 1986, figure 2), deletions before
/// insertions where either would do. That is a longest common subsequence. When it would take more
/// than exact_edits_max() edits, the symbols that occur once in either sequence are anchors, of
/// which a longest increasing run is matched, and each gap between anchors is aligned in the same
/// way; a gap that again takes more edits is one changed range. Deterministic; O((n + m) log (n +
/// m)) plus the bound above. Thread-safe.
std::vector<ChangedRange> align(std::span<const std::uint32_t> before,
                                std::span<const std::uint32_t> after);

}  // namespace isodb::merge
