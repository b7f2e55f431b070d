#include "tests/reference/alignment.h"

#include <algorithm>
#include <map>
#include <optional>

namespace isodb::reference {
namespace {

/// Two stretches, one of each sequence.
struct Rest {
  std::size_t before_begin, before_end, after_begin, after_end;
};

class Alignment {
 public:
  Alignment(const Symbols& before, const Symbols& after) : before_(before), after_(after) {
    const std::size_t items = before.size() + after.size();
    const std::size_t edits = items == 0 ? 2048 : (std::size_t{1} << 28) / items;
    edits_max_ = static_cast<std::ptrdiff_t>(std::clamp<std::size_t>(edits, 64, 2048));
  }

  Matches run() {
    Rest rest = match_ends({0, before_.size(), 0, after_.size()});
    if (!match_by_edits(rest)) {
      const Matches anchors = anchors_in(rest);
      for (const auto& [i, j] : anchors) {
        match_gap({rest.before_begin, i, rest.after_begin, j});
        matches_.emplace_back(i, j);
        rest.before_begin = i + 1;
        rest.after_begin = j + 1;
      }
      match_gap(rest);
    }
    std::sort(matches_.begin(), matches_.end());
    return matches_;
  }

 private:
  /// Step 1. What is left.
  Rest match_ends(Rest rest) {
    while (rest.before_begin < rest.before_end && rest.after_begin < rest.after_end &&
           before_[rest.before_begin] == after_[rest.after_begin]) {
      matches_.emplace_back(rest.before_begin++, rest.after_begin++);
    }
    while (rest.before_begin < rest.before_end && rest.after_begin < rest.after_end &&
           before_[rest.before_end - 1] == after_[rest.after_end - 1]) {
      matches_.emplace_back(--rest.before_end, --rest.after_end);
    }
    return rest;
  }

  /// Step 2; false where it takes too many edits.
  bool match_by_edits(const Rest& rest) {
    const auto n = static_cast<std::ptrdiff_t>(rest.before_end - rest.before_begin);
    const auto m = static_cast<std::ptrdiff_t>(rest.after_end - rest.after_begin);
    // The furthest x on each diagonal, for each number of edits.
    std::vector<std::map<std::ptrdiff_t, std::ptrdiff_t>> furthest;
    for (std::ptrdiff_t d = 0; d <= edits_max_; ++d) {
      furthest.emplace_back();
      for (std::ptrdiff_t k = -d; k <= d; k += 2) {
        std::ptrdiff_t x = d == 0 ? 0 : came_from(furthest[static_cast<std::size_t>(d - 1)], d, k);
        while (x < n && x - k < m && is_same(rest, x, x - k)) ++x;
        furthest.back()[k] = x;
        if (x < n || x - k < m) continue;
        read_back(rest, furthest, d, k);
        return true;
      }
    }
    return false;
  }

  static bool by_insertion(const std::map<std::ptrdiff_t, std::ptrdiff_t>& v, std::ptrdiff_t d,
                           std::ptrdiff_t k) {
    return k == -d || (k != d && v.at(k - 1) < v.at(k + 1));
  }

  static std::ptrdiff_t came_from(const std::map<std::ptrdiff_t, std::ptrdiff_t>& v,
                                  std::ptrdiff_t d, std::ptrdiff_t k) {
    return by_insertion(v, d, k) ? v.at(k + 1) : v.at(k - 1) + 1;
  }

  void read_back(const Rest& rest,
                 const std::vector<std::map<std::ptrdiff_t, std::ptrdiff_t>>& furthest,
                 std::ptrdiff_t d, std::ptrdiff_t k) {
    for (;; --d) {
      const auto& before = furthest[static_cast<std::size_t>(std::max<std::ptrdiff_t>(d - 1, 0))];
      const std::ptrdiff_t start = d == 0 ? 0 : came_from(before, d, k);
      for (std::ptrdiff_t x = furthest[static_cast<std::size_t>(d)].at(k); x-- > start;) {
        matches_.emplace_back(rest.before_begin + static_cast<std::size_t>(x),
                              rest.after_begin + static_cast<std::size_t>(x - k));
      }
      if (d == 0) return;
      k += by_insertion(before, d, k) ? 1 : -1;
    }
  }

  bool is_same(const Rest& rest, std::ptrdiff_t x, std::ptrdiff_t y) const {
    return before_[rest.before_begin + static_cast<std::size_t>(x)] ==
           after_[rest.after_begin + static_cast<std::size_t>(y)];
  }

  /// Step 3: what occurs once in either, and of that a longest rising run.
  Matches anchors_in(const Rest& rest) const {
    std::map<std::uint32_t, std::vector<std::size_t>> in_before, in_after;
    for (std::size_t i = rest.before_begin; i < rest.before_end; ++i) {
      in_before[before_[i]].push_back(i);
    }
    for (std::size_t j = rest.after_begin; j < rest.after_end; ++j) {
      in_after[after_[j]].push_back(j);
    }
    struct Card {
      std::pair<std::size_t, std::size_t> places;
      std::optional<std::size_t> to_the_left;
    };
    std::vector<Card> cards;
    std::vector<std::size_t> tops;  // of the piles, as places in `cards`
    for (std::size_t i = rest.before_begin; i < rest.before_end; ++i) {
      const auto there = in_after.find(before_[i]);
      if (in_before.at(before_[i]).size() > 1) continue;
      if (there == in_after.end() || there->second.size() > 1) continue;
      const std::size_t j = there->second[0];
      std::size_t pile = 0;
      while (pile < tops.size() && cards[tops[pile]].places.second < j) ++pile;
      cards.push_back({{i, j}, pile == 0 ? std::nullopt : std::optional(tops[pile - 1])});
      if (pile == tops.size()) tops.push_back(0);
      tops[pile] = cards.size() - 1;
    }
    Matches anchors;
    auto card = tops.empty() ? std::nullopt : std::optional(tops.back());
    for (; card; card = cards[*card].to_the_left) anchors.push_back(cards[*card].places);
    std::reverse(anchors.begin(), anchors.end());
    return anchors;
  }

  /// Step 4.
  void match_gap(const Rest& gap) { match_by_edits(match_ends(gap)); }

  const Symbols& before_;
  const Symbols& after_;
  std::ptrdiff_t edits_max_ = 0;
  Matches matches_;
};

}  // namespace

Matches align(const Symbols& before, const Symbols& after) {
  return Alignment(before, after).run();
}

std::vector<Changed> changed_between(const Matches& matches, std::size_t before_count,
                                     std::size_t after_count) {
  std::vector<Changed> changed;
  std::size_t i = 0, j = 0;
  const auto add_until = [&](std::size_t before_end, std::size_t after_end) {
    if (i < before_end || j < after_end) changed.push_back({i, before_end, j, after_end});
  };
  for (const auto& [matched, with] : matches) {
    add_until(matched, with);
    i = matched + 1;
    j = with + 1;
  }
  add_until(before_count, after_count);
  return changed;
}

}  // namespace isodb::reference
