#pragma once

#include <string_view>
#include <vector>

#include "merge/document.h"

namespace isodb::merge {

struct GovernedMerge {
  DocumentPtr document;  ///< the very version where the result is the same as it
  bool conflict = false;
};

/// Merges the live versions (at least one, in fold order) of a document below .isodb/ by the fixed
/// rules of docs/merge.md, "Paths under .isodb/". A pure function. Thread-safe.
GovernedMerge merge_governed(std::string_view path, const std::vector<DocumentPtr>& live);

}  // namespace isodb::merge
