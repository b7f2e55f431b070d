#include "merge/hunks.h"

#include <algorithm>

namespace isodb::merge {

namespace {

/// One side's changes, taken from the front.
class Side {
 public:
  explicit Side(const std::vector<ChangedRange>& changes) : changes_(changes) {}

  bool any() const { return next_ < changes_.size(); }
  std::size_t begin() const { return changes_[next_].before_begin; }
  /// Takes the changes that touch [.., end) of the base and stretches it over them.
  bool take(std::size_t& end) {
    const std::size_t first = next_;
    for (; any() && begin() <= end; ++next_) {
      end = std::max(end, changes_[next_].before_end);
      // What follows this change stands so much further on in the side than in the base.
      shift_ = changes_[next_].after_end - changes_[next_].before_end;
    }
    return next_ != first;
  }
  /// Where the side has what the base has at `place`, which no change covers.
  std::size_t place(std::size_t place) const { return place + shift_; }

 private:
  const std::vector<ChangedRange>& changes_;
  std::size_t next_ = 0;
  std::size_t shift_ = 0;  // modulo 2^64, so that it may be below zero
};

}  // namespace

std::vector<Hunk> make_hunks(const std::vector<ChangedRange>& left,
                             const std::vector<ChangedRange>& right) {
  Side left_side(left), right_side(right);
  std::vector<Hunk> hunks;
  while (left_side.any() || right_side.any()) {
    Hunk hunk;
    hunk.base.begin = !right_side.any()  ? left_side.begin()
                      : !left_side.any() ? right_side.begin()
                                         : std::min(left_side.begin(), right_side.begin());
    hunk.left.begin = left_side.place(hunk.base.begin);
    hunk.right.begin = right_side.place(hunk.base.begin);
    hunk.base.end = hunk.base.begin;
    bool more = true;
    while (more) {
      more = left_side.take(hunk.base.end);
      more = right_side.take(hunk.base.end) || more;
    }
    hunk.left.end = left_side.place(hunk.base.end);
    hunk.right.end = right_side.place(hunk.base.end);
    hunks.push_back(hunk);
  }
  return hunks;
}

}  // namespace isodb::merge
