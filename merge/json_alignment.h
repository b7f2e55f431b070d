#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "core/json.h"
#include "merge/alignment.h"

namespace isodb::merge {

/// Where the items of two arrays differ, equal meaning equal as data (numbers by value, members in
/// any order). As align(); the keys that items are compared by take as much memory as the arrays.
std::vector<ChangedRange> align_items(const std::vector<core::Json>& before,
                                      const std::vector<core::Json>& after);

/// One item of either array, or both where they stand for each other.
struct ItemPair {
  std::optional<std::size_t> before, after;
};

/// What becomes of each item, in the order of `after`, removed ones before what follows them:
/// matched items are pairs of equal values; in a changed range the first items are paired with each
/// other, as many as both sides have, as changes of one item, and what is over was removed or
/// added.
std::vector<ItemPair> pair_items(const std::vector<core::Json>& before,
                                 const std::vector<core::Json>& after);

/// The members of two objects by name: pairs of indexes in the order of `before`, then those that
/// only `after` has, in its order. O(members).
std::vector<ItemPair> pair_members(const std::vector<core::JsonMember>& before,
                                   const std::vector<core::JsonMember>& after);

}  // namespace isodb::merge
