#include "tests/reference/document_merge.h"

#include <algorithm>

#include "core/json_number.h"
#include "core/json_writer.h"
#include "tests/reference/decimal.h"
#include "tests/reference/fold.h"

namespace isodb::reference {
namespace {

constexpr std::size_t kItemsMax = 100'000;

/// One merge of JSON documents, field by field.
class JsonMerge {
 public:
  JsonMerge(const MergeTask& task, const FieldStrategies& fields) : task_(task), fields_(fields) {}

  Value merge(const Field& field);
  std::set<Field> take_conflicts() { return std::move(conflicts_); }

 private:
  enum class Taking { kLatest, kMax, kMin, kDefault };
  std::vector<Node> values_at(const Field& field) const;
  Node base_at(std::size_t i, const Field& field) const;
  std::vector<const Write*> live_writes(const Field& field) const;
  std::vector<Value> candidates(const Field& field) const;
  Value take(const Field& field, const std::vector<Value>& candidates, Taking taking);
  Value by_writes(const Field& field, Taking taking) {
    return take(field, candidates(field), taking);
  }
  Value merge_members(const Field& field, const std::vector<Node>& values);
  std::optional<Value> fold(const Field& field, const Strategy& strategy,
                            const std::vector<Node>& values);
  Node fold_array(const Field& field, const std::vector<Node>& values);
  Step<Node> step(const Strategy& strategy, const Node& base, const Node& left,
                  const Node& right) const;

  const MergeTask& task_;
  const FieldStrategies& fields_;
  std::set<Field> conflicts_;
};

bool wrote(const Write& write, const Field& field) {
  if (write.created) return true;
  if (!(value_at(write.document.value, field) == value_at(write.seen.value, field))) return true;
  return std::any_of(write.seen_conflicts.begin(), write.seen_conflicts.end(),
                     [&](const Field& conflict) { return on_one_line(conflict, field); });
}

bool is_short_array(const Node& node) {
  return node->value.is_array() && node->value.size() <= kItemsMax;
}

bool is_keyed(const Node& list, const core::JsonPointer& pointer) {
  std::vector<Json> keys;
  for (const Node& item : list->parts) {
    const Node key = item->value.is_object() ? key_of(item, pointer) : nullptr;
    if (key == nullptr || std::find(keys.begin(), keys.end(), key->value) != keys.end()) {
      return false;
    }
    keys.push_back(key->value);
  }
  return true;
}

/// A value that a strategy that folds can work on.
bool is_of_kind(const Node& node, const Strategy& strategy) {
  switch (strategy.kind) {
    case StrategyKind::kCounter:
      return node->value.is_number() && PlainDecimal::of(node->value.number_text());
    case StrategyKind::kText:
      return node->value.is_string();
    case StrategyKind::kKeyedList:
      return is_short_array(node) && is_keyed(node, strategy.key);
    default:
      return is_short_array(node);
  }
}

bool folds(const Strategy& strategy) {
  switch (strategy.kind) {
    case StrategyKind::kCounter:
    case StrategyKind::kSet:
    case StrategyKind::kList:
    case StrategyKind::kKeyedList:
    case StrategyKind::kText:
      return true;
    default:
      return false;
  }
}

std::vector<Node> JsonMerge::values_at(const Field& field) const {
  std::vector<Node> values;
  for (const Document& version : task_.versions) {
    values.push_back(node_at(version.value.json, field));
  }
  return values;
}

Node JsonMerge::base_at(std::size_t i, const Field& field) const {
  const std::optional<Document> base = task_.base(i);
  return base ? node_at(base->value.json, field) : nullptr;
}

std::vector<const Write*> JsonMerge::live_writes(const Field& field) const {
  std::vector<const Write*> all, live;
  for (const Write& write : task_.writes) {
    if (wrote(write, field)) all.push_back(&write);
  }
  for (const Write* write : all) {
    const bool seen = std::any_of(all.begin(), all.end(), [&](const Write* other) {
      return task_.history->sees(other->commit, write->commit);
    });
    if (!seen) live.push_back(write);
  }
  return live;
}

std::vector<Value> JsonMerge::candidates(const Field& field) const {
  std::vector<Value> values;
  for (const Write* write : live_writes(field)) {
    Value value = value_at(write->document.value, field);
    if (write->created && value.is_none()) continue;
    values.push_back(std::move(value));
  }
  return values;
}

Value JsonMerge::take(const Field& field, const std::vector<Value>& candidates, Taking taking) {
  if (candidates.empty()) return {};
  if (taking == Taking::kLatest) return candidates.back();
  if (taking == Taking::kMax || taking == Taking::kMin) {
    const Value* best = nullptr;
    bool numbers = true;
    for (const Value& value : candidates) {
      if (value.is_none()) continue;
      numbers = numbers && value.json != nullptr && value.json->value.is_number();
      if (!numbers) break;
      const auto order = best == nullptr ? std::strong_ordering::equal
                                         : core::compare_numbers(value.json->value.number_text(),
                                                                 best->json->value.number_text());
      if (taking == Taking::kMax ? order >= 0 : order <= 0) best = &value;
    }
    if (numbers) return best == nullptr ? Value{} : *best;
  }
  for (const Value& value : candidates) {
    if (!(value == candidates.back())) conflicts_.insert(field);
  }
  return candidates.back();
}

Value JsonMerge::merge_members(const Field& field, const std::vector<Node>& values) {
  std::vector<Node> greatest_first;
  bool one_is_none = false;
  for (auto value = values.rbegin(); value != values.rend(); ++value) {
    if (*value != nullptr) {
      greatest_first.push_back(*value);
    } else {
      one_is_none = true;
    }
  }
  std::vector<Name> names;
  std::vector<Node> members;
  for (const Name& name : order_members(greatest_first)) {
    Field member = field;
    member.push_back(name.name);
    const Value value = merge(member);
    if (value.json == nullptr) continue;
    names.push_back(name);
    members.push_back(value.json);
  }
  const Node merged = make_object(names, members, greatest_first[0]);
  if (!one_is_none) return {merged, std::nullopt};
  std::vector<Value> choices = candidates(field);
  for (Value& choice : choices) {
    if (!choice.is_none()) choice = {make_object({}, {}, nullptr), std::nullopt};
  }
  const Value decided = take(field, choices, Taking::kDefault);
  return members.empty() ? decided : Value{merged, std::nullopt};
}

Step<Node> JsonMerge::step(const Strategy& strategy, const Node& base, const Node& left,
                           const Node& right) const {
  if (left == nullptr && right == nullptr) return {nullptr};
  if (equal(left, base)) return {right};
  if (equal(right, base)) return {left};
  switch (strategy.kind) {
    case StrategyKind::kCounter: {
      const auto number = [](const Node& node) {
        return node == nullptr ? PlainDecimal() : *PlainDecimal::of(node->value.number_text());
      };
      const PlainDecimal sum = number(left) + (number(right) - number(base));
      return {make_scalar(Json::number(sum.text()))};
    }
    case StrategyKind::kSet:
      return set_step(base, left, right);
    case StrategyKind::kKeyedList:
      return keyed_list_step(base, left, right, strategy.key);
    case StrategyKind::kText: {
      if (base == nullptr) return {right, !equal(left, right)};
      const auto text = [](const Node& node) {
        return node == nullptr ? std::string() : std::string(node->value.as_string());
      };
      const auto merged = text_step(text(base), text(left), text(right));
      return {make_scalar(Json::string(merged.value)), merged.conflict};
    }
    default:
      return array_step(base, left, right, ArrayMode::kList);
  }
}

/// nullopt: the values are not of the kind needed.
std::optional<Value> JsonMerge::fold(const Field& field, const Strategy& strategy,
                                     const std::vector<Node>& values) {
  for (const Node& value : values) {
    if (value != nullptr && !is_of_kind(value, strategy)) return std::nullopt;
  }
  Node merged = values[0];
  for (std::size_t i = 1; i < values.size(); ++i) {
    Node base = base_at(i, field);
    if (base != nullptr && !is_of_kind(base, strategy)) base = nullptr;
    const auto stepped = step(strategy, base, merged, values[i]);
    merged = stepped.value;
    if (stepped.conflict) conflicts_.insert(field);
  }
  return Value{merged, std::nullopt};
}

Node JsonMerge::fold_array(const Field& field, const std::vector<Node>& values) {
  Node merged = values[0];
  for (std::size_t i = 1; i < values.size(); ++i) {
    Node base = base_at(i, field);
    if (base != nullptr && !is_short_array(base)) base = nullptr;
    const auto stepped = three_way(base, merged, values[i]);
    merged = stepped.value;
    if (stepped.conflict) conflicts_.insert(field);
  }
  return merged;
}

Value JsonMerge::merge(const Field& field) {
  const std::vector<Node> values = values_at(field);
  const std::optional<Strategy> strategy = strategy_of(fields_, field);
  const auto all = [&](auto&& holds) { return std::all_of(values.begin(), values.end(), holds); };
  if (all([&](const Node& value) { return equal(value, values.back()); }) &&
      (values.back() == nullptr || !counts_at_or_below(fields_, field))) {
    return {values.back(), std::nullopt};
  }
  if (strategy && folds(*strategy)) {
    if (auto folded = fold(field, *strategy, values)) return *folded;
    return by_writes(field, Taking::kDefault);
  }
  if (strategy && strategy->kind == StrategyKind::kLatest) return by_writes(field, Taking::kLatest);
  if (strategy && strategy->kind == StrategyKind::kMax) return by_writes(field, Taking::kMax);
  if (strategy && strategy->kind == StrategyKind::kMin) return by_writes(field, Taking::kMin);
  if (all([](const Node& value) { return value == nullptr || value->value.is_object(); })) {
    return merge_members(field, values);
  }
  if (all([](const Node& value) { return value != nullptr && is_short_array(value); })) {
    return {fold_array(field, values), std::nullopt};
  }
  return by_writes(field, Taking::kDefault);
}

/// The live writes of the content as one field, in fold order.
std::vector<const Write*> content_writes(const MergeTask& task) {
  std::vector<const Write*> all, live;
  for (const Write& write : task.writes) {
    if (write.created || write.document.bytes != write.seen.bytes ||
        !write.seen_conflicts.empty()) {
      all.push_back(&write);
    }
  }
  for (const Write* write : all) {
    const bool seen = std::any_of(all.begin(), all.end(), [&](const Write* other) {
      return task.history->sees(other->commit, write->commit);
    });
    if (!seen) live.push_back(write);
  }
  return live;
}

/// What a script returned, in the places of the greatest version that has something there.
Node spell_result(const Json& value, const Field& field, const std::vector<Document>& versions) {
  if (!value.is_container()) return make_scalar(value);
  Node model;
  for (const Document& version : versions) {
    const Node place = node_at(version.value.json, field);
    if (place != nullptr && place->value.kind() == value.kind()) model = place;
  }
  std::vector<Node> parts;
  std::vector<Name> names;
  if (value.is_array()) {
    for (const Json& item : value.items()) parts.push_back(spell_result(item, field, {}));
    return make_array(parts, model);
  }
  for (const JsonMember& member : value.members()) {
    Field place = field;
    place.emplace_back(member.key());
    names.push_back({place.back(), "", {}});
    parts.push_back(spell_result(member.value, place, versions));
  }
  return make_object(names, parts, model);
}

/// The text of a merged value: docs/merge.md, "Layout".
Bytes lay_out(const Node& merged, const MergeTask& task) {
  const Document& written = content_writes(task).back()->document;
  if (equal(written.value.json, merged)) return written.bytes;
  for (auto version = task.versions.rbegin(); version != task.versions.rend(); ++version) {
    if (equal(version->value.json, merged)) return version->bytes;
  }
  const Document& greatest = task.versions.back();
  Bytes text = greatest.before + write_spelled(merged, greatest.style) + greatest.after;
  return text.size() > kMergedBytesMax ? core::write_json(merged->value) : text;
}

/// What stands for a result above 16 MiB: the content as one field, in conflict.
MergedDocument as_one_field(const MergeTask& task) {
  MergedDocument merged = merge_latest(task, LatestKind::kDeclared);
  merged.conflicts.insert(Field{});
  return merged;
}

}  // namespace

MergedDocument merge_json(const MergeTask& task, const FieldStrategies& fields) {
  JsonMerge merge(task, fields);
  const Value value = merge.merge({});
  MergedDocument merged;
  if (value.json != nullptr) {
    merged.bytes = lay_out(value.json, task);
    if (merged.bytes.size() > kMergedBytesMax) return as_one_field(task);
  } else {
    merged.bytes = value.bytes.value_or("");
  }
  merged.conflicts = merge.take_conflicts();
  return merged;
}

MergedDocument merge_text(const MergeTask& task) {
  MergedDocument merged;
  merged.bytes = task.versions[0].bytes;
  for (std::size_t i = 1; i < task.versions.size(); ++i) {
    const std::optional<Document> base = task.base(i);
    const Bytes& right = task.versions[i].bytes;
    const bool based = base && base->is_text;
    const auto stepped = based ? text_step(base->bytes, merged.bytes, right)
                               : Step<std::string>{right, right != merged.bytes};
    merged.bytes = stepped.value;
    if (stepped.conflict) merged.conflicts.insert(Field{});
    if (merged.bytes.size() > kMergedBytesMax) return as_one_field(task);
  }
  return merged;
}

MergedDocument merge_latest(const MergeTask& task, LatestKind kind) {
  MergedDocument merged;
  const std::vector<const Write*> writes = content_writes(task);
  merged.bytes = writes.back()->document.bytes;
  if (kind == LatestKind::kDeclared) return merged;
  for (const Write* write : writes) {
    if (write->document.bytes != merged.bytes) merged.conflicts.insert(Field{});
  }
  return merged;
}

ScriptMerge merge_by_script(const MergeTask& task, const ScriptStep& step) {
  const auto all = [&](auto&& holds) {
    return std::all_of(task.versions.begin(), task.versions.end(), holds);
  };
  const bool is_json = all([](const Document& version) { return version.value.json != nullptr; });
  if (!is_json && !all([](const Document& version) { return version.is_text; })) {
    return {ScriptOutcome::kNotGiven, {}};
  }
  const auto given = [&](const Document& document) -> MaybeJson {
    if (is_json && document.value.json != nullptr) return document.value.json->value;
    return !is_json && document.is_text ? MaybeJson(Json::string(document.bytes)) : std::nullopt;
  };
  std::set<Field> conflicts;
  MaybeJson merged = given(task.versions[0]);
  for (std::size_t i = 1; i < task.versions.size(); ++i) {
    const std::optional<Document> base = task.base(i);
    merged =
        step(base ? given(*base) : std::nullopt, *merged, *given(task.versions[i]), i, conflicts);
    if (!merged || (!is_json && !merged->is_string())) return {ScriptOutcome::kFailed, {}};
    if (!is_json && merged->as_string().size() > kMergedBytesMax) {
      return {ScriptOutcome::kDone, as_one_field(task)};
    }
  }
  if (is_json) {
    const Bytes bytes = lay_out(spell_result(*merged, {}, task.versions), task);
    if (bytes.size() > kMergedBytesMax) return {ScriptOutcome::kDone, as_one_field(task)};
    return {ScriptOutcome::kDone, {bytes, conflicts, false}};
  }
  return {ScriptOutcome::kDone, {Bytes(merged->as_string()), conflicts, false}};
}

}  // namespace isodb::reference
