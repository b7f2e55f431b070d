#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/json.h"
#include "merge/alignment.h"

namespace isodb::merge {

/// Numbers values so that two have one number exactly when they are equal as data (numbers by
/// value, members in any order). Each container is looked at once, however deep it stands in others
/// that are asked for, so numbering all parts of a document costs O(its size). Borrows the
/// containers: they stay where and as they are while this lives. One thread at a time.
class ValueSymbols {
 public:
  std::uint32_t of(const core::Json& value);
  std::vector<std::uint32_t> of_items(const std::vector<core::Json>& items);

 private:
  std::uint32_t number_of(std::string key);
  std::uint32_t of_container(const core::Json& value);

  std::unordered_map<std::string, std::uint32_t> numbers_;      // only looked up, never walked
  std::unordered_map<const void*, std::uint32_t> of_contents_;  // likewise
};

/// Where the items of two arrays differ. As align(), on the items' symbols.
std::vector<ChangedRange> align_items(const std::vector<core::Json>& before,
                                      const std::vector<core::Json>& after, ValueSymbols& symbols);

/// One item of either array, or both where they stand for each other.
struct ItemPair {
  std::optional<std::size_t> before, after;
};

/// What becomes of each item, in the order of `after`, removed ones before what follows them:
/// matched items are pairs of equal values; in a changed range the first items are paired with each
/// other, as many as both sides have, as changes of one item, and what is over was removed or
/// added.
std::vector<ItemPair> pair_items(const std::vector<core::Json>& before,
                                 const std::vector<core::Json>& after, ValueSymbols& symbols);

/// The members of two objects by name: pairs of indexes in the order of `before`, then those that
/// only `after` has, in its order. O(members).
std::vector<ItemPair> pair_members(const std::vector<core::JsonMember>& before,
                                   const std::vector<core::JsonMember>& after);

}  // namespace isodb::merge
