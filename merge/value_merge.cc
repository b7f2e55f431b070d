#include "merge/value_merge.h"

#include <string>
#include <utility>

#include "merge/field_fold.h"

namespace isodb::merge {

using core::Json;

MergedJson merge_values(const FieldStrategy& strategy, const Json* base, const Json* left,
                        const Json* right) {
  if (!folds(strategy.strategy) && strategy.strategy != Strategy::kJson) {
    throw Error(ErrorCode::kInvalid, "the strategy '" +
                                         std::string(strategy_name(strategy.strategy)) +
                                         "' decides by writes, which values alone do not show");
  }
  ValueEquality equality(ValueEquality::Documents::kLarge);
  MemberFinder finder;
  const bool sides_suit = suits(strategy, left, equality) && suits(strategy, right, equality);
  const FieldStrategy used =
      strategy.strategy == Strategy::kJson || !sides_suit ? FieldStrategy{} : strategy;
  const JsonSource source;
  const auto value = [&](const Json* json) {
    return json == nullptr ? MaybeValue() : MaybeValue(MergedValue(*json, source));
  };
  const bool base_suits = used.strategy == Strategy::kJson || suits(used, base, equality);
  FoldStep step = fold_step(used, value(base_suits ? base : nullptr), value(left), value(right),
                            equality, finder);
  MergedJson merged{std::nullopt, step.conflict};
  if (step.value) merged.value = step.value->data();
  return merged;
}

}  // namespace isodb::merge
