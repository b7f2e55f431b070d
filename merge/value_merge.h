#pragma once

#include <optional>

#include "core/json.h"
#include "merge/rules.h"

namespace isodb::merge {

struct MergedJson {
  std::optional<core::Json> value;  ///< nullopt: none
  bool conflict = false;
};

/// One step of a strategy on values alone, for a script that merges a field as a rule would
/// (docs/merge.md): the strategies that fold, and kJson for the three-way merge. nullptr is none;
/// `right` is the later side. Where a side does not suit the strategy: as kJson. Error(kInvalid)
/// for a strategy that does not fold. Time as align(). Thread-safe.
MergedJson merge_values(const FieldStrategy& strategy, const core::Json* base,
                        const core::Json* left, const core::Json* right);

}  // namespace isodb::merge
