#pragma once

#include "merge/merged_value.h"
#include "merge/rules.h"

namespace isodb::merge {

/// Items of an array that a strategy takes.
inline constexpr std::size_t kMergedItemsMax = 100'000;

/// Does the strategy decide a field by folding its versions?
bool folds(Strategy strategy);

/// Is `value` (nullptr: none) of the kind that a folding strategy needs?
bool suits(const FieldStrategy& strategy, const core::Json* value, ValueEquality& equality);

struct FoldStep {
  MaybeValue value;
  bool conflict = false;
};

/// One step of a fold by `strategy`, one that folds, or of the array fold for kJson. All that is
/// there suits; a base that does not is given as none.
FoldStep fold_step(const FieldStrategy& strategy, const MaybeValue& base, const MaybeValue& left,
                   const MaybeValue& right, ValueEquality& equality, MemberFinder& finder);

}  // namespace isodb::merge
