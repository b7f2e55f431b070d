#include "merge/field_fold.h"

#include <unordered_set>
#include <utility>
#include <vector>

#include "core/json_pointer.h"
#include "merge/counter.h"
#include "merge/text_merge.h"
#include "merge/three_way.h"

namespace isodb::merge {

using core::Json;

namespace {

const Json* key_of(const Json& item, const FieldStrategy& strategy) {
  return item.is_object() ? core::find_at(item, core::JsonPointer{strategy.key}) : nullptr;
}

bool has_unique_keys(const Json& array, const FieldStrategy& strategy, ValueEquality& equality) {
  std::unordered_set<std::uint32_t> known;  // only looked up
  for (const Json& item : array.items()) {
    const Json* key = key_of(item, strategy);
    if (key == nullptr || !known.insert(equality.symbols().of(*key)).second) return false;
  }
  return true;
}

MergedValue or_empty(const MaybeValue& array) {
  return array ? *array : MergedValue(Json::array());
}

/// The symbols of an array's items.
std::unordered_set<std::uint32_t> symbols_of(const MergedValue& array, ValueEquality& equality) {
  const auto symbols = equality.symbols().of_items(array.data().items());
  return {symbols.begin(), symbols.end()};
}

MergedValue merge_sets(const MergedValue& base, const MergedValue& left, const MergedValue& right,
                       ValueEquality& equality) {
  const auto in_base = symbols_of(base, equality), in_right = symbols_of(right, equality);
  std::unordered_set<std::uint32_t> taken;
  std::vector<MergedValue> items;
  const auto add = [&](const MergedValue& from, const auto& wanted) {
    for (std::size_t i = 0; i < from.data().size(); ++i) {
      const std::uint32_t symbol = equality.symbols().of(from.data().items()[i]);
      if (wanted(symbol) && taken.insert(symbol).second) items.push_back(from.part(i));
    }
  };
  add(left, [&](std::uint32_t item) { return !in_base.contains(item) || in_right.contains(item); });
  const auto in_left = symbols_of(left, equality);
  add(right,
      [&](std::uint32_t item) { return !in_base.contains(item) && !in_left.contains(item); });
  return MergedValue::array(std::move(items), &right);
}

/// The items of an array of objects by their keys.
class KeyedItems {
 public:
  KeyedItems(const MergedValue& array, const FieldStrategy& strategy, ValueEquality& equality)
      : array_(array) {
    std::vector<MergedValue> keys;
    for (std::size_t i = 0; i < array.data().size(); ++i) {
      const Json& key = *key_of(array.data().items()[i], strategy);
      symbols_.push_back(equality.symbols().of(key));
      places_.emplace(symbols_.back(), i);
      keys.emplace_back(key);
    }
    keys_ = MergedValue::array(std::move(keys), nullptr);
    equality.keep(keys_.data());
  }

  MaybeValue find(std::uint32_t key) const {
    const auto found = places_.find(key);
    return found == places_.end() ? MaybeValue() : array_.part(found->second);
  }
  const MergedValue& keys() const { return keys_; }
  const std::vector<std::uint32_t>& symbols() const { return symbols_; }

 private:
  const MergedValue& array_;
  MergedValue keys_{Json()};
  std::vector<std::uint32_t> symbols_;
  std::unordered_map<std::uint32_t, std::size_t> places_;  // only looked up
};

FoldStep merge_keyed(const FieldStrategy& strategy, const MergedValue& base,
                     const MergedValue& left, const MergedValue& right, ValueEquality& equality,
                     MemberFinder& finder) {
  const KeyedItems b(base, strategy, equality), l(left, strategy, equality),
      r(right, strategy, equality);
  ThreeWay three_way(equality, finder);
  const MaybeValue ordered = ThreeWay(equality, finder).merge_lists(b.keys(), l.keys(), r.keys());
  std::vector<MergedValue> items;
  std::unordered_set<std::uint32_t> done;
  const auto add = [&](std::uint32_t key) {
    if (!done.insert(key).second) return;
    MaybeValue item = three_way.merge(b.find(key), l.find(key), r.find(key));
    if (item) items.push_back(*std::move(item));
  };
  for (const std::uint32_t key : equality.symbols().of_items(ordered->data().items())) add(key);
  for (const std::uint32_t key : l.symbols()) add(key);
  for (const std::uint32_t key : r.symbols()) add(key);
  return {MergedValue::array(std::move(items), &right), three_way.conflict()};
}

FoldStep merge_strings(const MaybeValue& base, const MaybeValue& left, const MaybeValue& right) {
  if (!base) return {right, true};
  const auto text = [](const MaybeValue& value) {
    return value ? value->data().as_string() : std::string_view();
  };
  MergedText merged = merge_text(text(base), text(left), text(right));
  for (const MaybeValue* side : {&right, &left}) {
    if (*side && text(*side) == merged.text) return {*side, merged.conflict};
  }
  return {MergedValue(Json::string(merged.text)), merged.conflict};
}

MergedValue count(const MaybeValue& base, const MaybeValue& left, const MaybeValue& right) {
  const auto text = [](const MaybeValue& value) {
    return value ? value->data().number_text() : std::string_view("0");
  };
  return MergedValue(Json::number(count_step(text(base), text(left), text(right))));
}

}  // namespace

bool folds(Strategy strategy) {
  return strategy == Strategy::kCounter || strategy == Strategy::kSet ||
         strategy == Strategy::kList || strategy == Strategy::kKeyedList ||
         strategy == Strategy::kText;
}

bool suits(const FieldStrategy& strategy, const Json* value, ValueEquality& equality) {
  if (value == nullptr) return true;
  switch (strategy.strategy) {
    case Strategy::kCounter:
      return value->is_number() && is_countable(value->number_text());
    case Strategy::kText:
      return value->is_string();
    case Strategy::kKeyedList:
      return value->is_array() && value->size() <= kMergedItemsMax &&
             has_unique_keys(*value, strategy, equality);
    default:
      return value->is_array() && value->size() <= kMergedItemsMax;
  }
}

FoldStep fold_step(const FieldStrategy& strategy, const MaybeValue& base, const MaybeValue& left,
                   const MaybeValue& right, ValueEquality& equality, MemberFinder& finder) {
  if (!left && !right) return {};
  if (equality.equal(left, base)) return {right};
  if (equality.equal(right, base)) return {left};
  FoldStep step;
  switch (strategy.strategy) {
    case Strategy::kCounter:
      return {count(base, left, right)};
    case Strategy::kSet:
      step.value = merge_sets(or_empty(base), or_empty(left), or_empty(right), equality);
      break;
    case Strategy::kList:
      step.value =
          ThreeWay(equality, finder).merge_lists(or_empty(base), or_empty(left), or_empty(right));
      break;
    case Strategy::kKeyedList:
      step =
          merge_keyed(strategy, or_empty(base), or_empty(left), or_empty(right), equality, finder);
      break;
    case Strategy::kText:
      if (equality.equal(left, right)) return {right};
      return merge_strings(base, left, right);
    default: {
      ThreeWay three_way(equality, finder);
      step.value = three_way.merge(base, left, right);
      step.conflict = three_way.conflict();
    }
  }
  if (step.value) equality.keep(step.value->data());
  return step;
}

}  // namespace isodb::merge
