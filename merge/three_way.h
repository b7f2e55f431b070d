#pragma once

#include <cstddef>
#include <vector>

#include "merge/merged_value.h"

namespace isodb::merge {

/// Where a name stands first among several objects.
struct NamePlace {
  std::size_t object, member;
};
/// The names of objects in the order that a merged one has (docs/merge.md, "Layout"). `objects`:
/// from the greatest version downwards. O(members).
std::vector<NamePlace> merged_names(const std::vector<const core::Json*>& objects);

/// What is done with an item that a side put in the place of another.
enum class ArrayMode {
  kItems,  ///< it is a change of that item
  kList,   ///< one item went and another came
};

/// The three-way merge of values (docs/merge.md); the right side is the later one. Remembers
/// whether it had to choose. One thread at a time.
class ThreeWay {
 public:
  ThreeWay(ValueEquality& equality, MemberFinder& finder) : equality_(equality), finder_(finder) {}

  MaybeValue merge(const MaybeValue& base, const MaybeValue& left, const MaybeValue& right);
  /// All three are arrays.
  MergedValue merge_arrays(const MergedValue& base, const MergedValue& left,
                           const MergedValue& right);
  /// As merge_arrays(), but all that both sides put in is kept: no conflict.
  MergedValue merge_lists(const MergedValue& base, const MergedValue& left,
                          const MergedValue& right);
  bool conflict() const { return conflict_; }

 private:
  MergedValue merge_items(const MergedValue& base, const MergedValue& left,
                          const MergedValue& right, ArrayMode mode);
  MergedValue merge_objects(const MaybeValue& base, const MergedValue& left,
                            const MergedValue& right);
  MaybeValue choose(const MaybeValue& value);

  ValueEquality& equality_;
  MemberFinder& finder_;
  bool conflict_ = false;
};

}  // namespace isodb::merge
