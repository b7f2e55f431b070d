#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/json.h"

namespace isodb::merge {

/// One field in which two documents differ; at least one value is there.
struct JsonChange {
  std::string pointer;  ///< JSON Pointer: in the newer document, or in the older one when removed
  std::optional<core::Json> before, after;
};

/// What changed from `before` to `after`, for people: members by name, items as pair_items() pairs
/// them, recursively, down to the smallest values that differ; a value that was added or removed is
/// one change, whatever it holds. Empty when both are equal as data. Items come in the order of
/// `after`, members in that of `before` and then the new ones. Neither value may have duplicate
/// members or lone surrogates. O(n) plus the cost of aligning arrays (alignment.h). Thread-safe.
std::vector<JsonChange> diff_json(const core::Json& before, const core::Json& after);

/// A JSON Patch (RFC 6902) of add, remove and replace operations that turns `before` into what
/// equals `after` as data; new members come last. An array is replaced as a whole where that takes
/// fewer bytes than its changes do. As diff_json() otherwise.
core::Json make_json_patch(const core::Json& before, const core::Json& after);

}  // namespace isodb::merge
