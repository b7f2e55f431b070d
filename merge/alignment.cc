#include "merge/alignment.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

namespace isodb::merge {

namespace {

using Symbols = std::span<const std::uint32_t>;

/// Ranges as they are found, those that touch made one.
class RangeList {
 public:
  void add(const ChangedRange& range) {
    if (range.before_count() == 0 && range.after_count() == 0) return;
    if (!ranges_.empty() && ranges_.back().before_end == range.before_begin &&
        ranges_.back().after_end == range.after_begin) {
      ranges_.back().before_end = range.before_end;
      ranges_.back().after_end = range.after_end;
    } else {
      ranges_.push_back(range);
    }
  }
  std::vector<ChangedRange> take() { return std::move(ranges_); }

 private:
  std::vector<ChangedRange> ranges_;
};

/// Myers' greedy algorithm with its whole trace kept: row d holds, for the diagonals -d, -d + 2, …,
/// d, how far along `before` a path of d edits gets.
class GreedyScript {
 public:
  GreedyScript(Symbols before, Symbols after) : before_(before), after_(after) {}

  /// The number of edits of the shortest script; nullopt when it is above `edits_max`.
  std::optional<std::size_t> search(std::size_t edits_max) {
    const auto diagonal_of_end =
        static_cast<std::ptrdiff_t>(before_.size()) - static_cast<std::ptrdiff_t>(after_.size());
    for (std::size_t d = 0; d <= edits_max; ++d) {
      const auto reach = static_cast<std::ptrdiff_t>(d);
      for (std::ptrdiff_t k = -reach; k <= reach; k += 2) {
        const std::size_t x = follow_matches(d == 0 ? 0 : step(d, k), k);
        trace_.push_back(static_cast<std::uint32_t>(x));
        if (k == diagonal_of_end && x >= before_.size()) return d;
      }
    }
    return std::nullopt;
  }

  /// The single edits of the script that search() found, in order.
  std::vector<ChangedRange> edits(std::size_t count) const {
    std::vector<ChangedRange> edits(count);
    std::ptrdiff_t k =
        static_cast<std::ptrdiff_t>(before_.size()) - static_cast<std::ptrdiff_t>(after_.size());
    for (std::size_t d = count; d > 0; --d) {
      const bool insertion = is_insertion(d, k);
      k += insertion ? 1 : -1;
      const std::size_t x = at(d - 1, k);
      const auto y = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(x) - k);
      edits[d - 1] = insertion ? ChangedRange{x, x, y, y + 1} : ChangedRange{x, x + 1, y, y};
    }
    return edits;
  }

 private:
  std::size_t at(std::size_t d, std::ptrdiff_t k) const {
    const auto column = static_cast<std::size_t>(k + static_cast<std::ptrdiff_t>(d)) / 2;
    return trace_[d * (d + 1) / 2 + column];
  }

  bool is_insertion(std::size_t d, std::ptrdiff_t k) const {
    const auto reach = static_cast<std::ptrdiff_t>(d);
    return k == -reach || (k != reach && at(d - 1, k - 1) < at(d - 1, k + 1));
  }

  std::size_t step(std::size_t d, std::ptrdiff_t k) const {
    return is_insertion(d, k) ? at(d - 1, k + 1) : at(d - 1, k - 1) + 1;
  }

  std::size_t follow_matches(std::size_t x, std::ptrdiff_t k) const {
    auto y = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(x) - k);
    while (x < before_.size() && y < after_.size() && before_[x] == after_[y]) ++x, ++y;
    return x;
  }

  Symbols before_, after_;
  std::vector<std::uint32_t> trace_;
};

struct Anchor {
  std::size_t before, after;
};

/// The symbols that occur exactly once in both sequences, in the order of `before`.
std::vector<Anchor> unique_pairs(Symbols before, Symbols after) {
  struct Occurrence {
    std::size_t in_before = 0, in_after = 0, place_after = 0;
  };
  std::unordered_map<std::uint32_t, Occurrence> occurrences;  // only looked up, never walked
  for (const std::uint32_t symbol : before) ++occurrences[symbol].in_before;
  for (std::size_t i = 0; i < after.size(); ++i) {
    const auto found = occurrences.find(after[i]);
    if (found == occurrences.end()) continue;
    ++found->second.in_after;
    found->second.place_after = i;
  }
  std::vector<Anchor> pairs;
  for (std::size_t i = 0; i < before.size(); ++i) {
    const Occurrence& occurrence = occurrences[before[i]];
    if (occurrence.in_before == 1 && occurrence.in_after == 1) {
      pairs.push_back({i, occurrence.place_after});
    }
  }
  return pairs;
}

/// The longest run of pairs that rises in both sequences, by patience sorting: each pair goes on
/// the leftmost pile whose top is above it and remembers the top of the pile before.
std::vector<Anchor> rising_anchors(const std::vector<Anchor>& pairs) {
  constexpr std::size_t kNone = SIZE_MAX;
  std::vector<std::size_t> tops, predecessor(pairs.size(), kNone);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const auto pile = std::lower_bound(
        tops.begin(), tops.end(), pairs[i].after,
        [&](std::size_t top, std::size_t place) { return pairs[top].after < place; });
    if (pile != tops.begin()) predecessor[i] = *(pile - 1);
    if (pile == tops.end()) {
      tops.push_back(i);
    } else {
      *pile = i;
    }
  }
  std::vector<Anchor> anchors(tops.size());
  std::size_t i = tops.empty() ? kNone : tops.back();
  for (std::size_t left = anchors.size(); left-- > 0; i = predecessor[i]) anchors[left] = pairs[i];
  return anchors;
}

class Aligner {
 public:
  Aligner(Symbols before, Symbols after)
      : before_(before), after_(after), edits_max_(exact_edits_max(before.size() + after.size())) {}

  std::vector<ChangedRange> run() {
    ChangedRange middle = trimmed({0, before_.size(), 0, after_.size()});
    if (!align_exactly(middle)) align_by_anchors(middle);
    return ranges_.take();
  }

 private:
  /// What is left of a stretch without its common beginning and end.
  ChangedRange trimmed(ChangedRange range) const {
    while (range.before_count() > 0 && range.after_count() > 0 &&
           before_[range.before_begin] == after_[range.after_begin]) {
      ++range.before_begin, ++range.after_begin;
    }
    while (range.before_count() > 0 && range.after_count() > 0 &&
           before_[range.before_end - 1] == after_[range.after_end - 1]) {
      --range.before_end, --range.after_end;
    }
    return range;
  }

  bool align_exactly(const ChangedRange& range) {
    if (range.before_count() == 0 || range.after_count() == 0) {
      ranges_.add(range);
      return true;
    }
    GreedyScript script(before_.subspan(range.before_begin, range.before_count()),
                        after_.subspan(range.after_begin, range.after_count()));
    const auto count = script.search(edits_max_);
    if (!count) return false;
    for (const ChangedRange& edit : script.edits(*count)) {
      ranges_.add({range.before_begin + edit.before_begin, range.before_begin + edit.before_end,
                   range.after_begin + edit.after_begin, range.after_begin + edit.after_end});
    }
    return true;
  }

  void align_by_anchors(const ChangedRange& range) {
    const auto anchors =
        rising_anchors(unique_pairs(before_.subspan(range.before_begin, range.before_count()),
                                    after_.subspan(range.after_begin, range.after_count())));
    ChangedRange gap{range.before_begin, 0, range.after_begin, 0};
    const auto close_gap = [&](std::size_t before_end, std::size_t after_end) {
      gap.before_end = before_end;
      gap.after_end = after_end;
      const ChangedRange rest = trimmed(gap);
      if (!align_exactly(rest)) ranges_.add(rest);
      gap.before_begin = before_end + 1;
      gap.after_begin = after_end + 1;
    };
    for (const Anchor& anchor : anchors) {
      close_gap(range.before_begin + anchor.before, range.after_begin + anchor.after);
    }
    close_gap(range.before_end, range.after_end);
  }

  const Symbols before_, after_;
  const std::size_t edits_max_;
  RangeList ranges_;
};

}  // namespace

std::size_t exact_edits_max(std::size_t items) {
  constexpr std::size_t kSteps = std::size_t{1} << 28;
  return std::clamp<std::size_t>(kSteps / std::max<std::size_t>(items, 1), 64, 2048);
}

std::vector<ChangedRange> align(std::span<const std::uint32_t> before,
                                std::span<const std::uint32_t> after) {
  return Aligner(before, after).run();
}

}  // namespace isodb::merge
