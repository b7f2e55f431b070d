#include "merge/field_merge.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "core/json_number.h"
#include "core/json_pointer.h"
#include "merge/field_fold.h"
#include "merge/three_way.h"

namespace isodb::merge {

using core::Json;
using core::JsonPointer;

const DocumentPtr& Bases::of(std::size_t step) {
  std::optional<DocumentPtr>& base = known_[step];
  if (!base) {
    const auto end = live_.begin() + static_cast<std::ptrdiff_t>(step);
    base = input_.base(std::vector<std::size_t>(live_.begin(), end), live_[step]);
  }
  return *base;
}

const JsonSource& JsonSources::of(std::size_t write) {
  JsonSource& source = sources_[write];
  if (source.root == nullptr) {
    const Document& document = *input_.writes[write].document;
    source.root = json_of(document);
    if (part_ == DocumentPart::kContent) {
      source.text = document.content();
    } else {
      source.text = document.metadata() ? ByteView(*document.metadata()) : ByteView("{}");
    }
  }
  return source;
}

namespace {

/// A commit that wrote a field, with the field's value in its document and in what it saw.
struct FieldWrite {
  std::size_t write = 0;
  const Json* value = nullptr;
  const Json* seen = nullptr;
  bool whole = false;  ///< wrote this field and all below, whatever their values
  std::vector<const JsonPointer*> conflicts_below;  ///< of what it saw, at or below this field
};

/// A field on the way down, below `above`.
struct Field {
  const Field* above = nullptr;  ///< nullptr: this is the root
  std::string_view name;
  std::size_t hint = 0;                 ///< where the name stands among the members of some object
  std::size_t depth = 0;                ///< names that lead here
  std::vector<const Json*> values;      ///< of the live versions, in fold order; nullptr: none
  std::vector<const FieldRule*> rules;  ///< those that may hold for it or for a field below
  /// Of those that wrote it; found when they are asked for.
  mutable std::optional<std::vector<FieldWrite>> writes;

  bool is_root() const { return above == nullptr; }
  std::vector<std::string_view> tokens() const {
    std::vector<std::string_view> tokens(depth);
    for (const Field* field = this; !field->is_root(); field = field->above) {
      tokens[field->depth - 1] = field->name;
    }
    return tokens;
  }
  std::string pointer() const {
    std::string text;
    for (const std::string_view token : tokens()) core::append_pointer_token(text, token);
    return text;
  }
};

class FieldMerge {
 public:
  FieldMerge(const MergeInput& input, DocumentPart part, LiveWrites& live_writes, Bases& bases,
             JsonSources& sources, ValueEquality& equality)
      : input_(input),
        part_(part),
        live_writes_(live_writes),
        bases_(bases),
        sources_(sources),
        equality_(equality) {
    parse_conflicts();
  }

  MergedFields run(const Rule* rule) {
    Field root;
    for (const std::size_t version : bases_.live()) root.values.push_back(sources_.root(version));
    root.writes = root_writes();
    FieldStrategy strategy;
    if (rule != nullptr) {
      strategy = rule->root;
      for (const FieldRule& field : rule->fields) root.rules.push_back(&field);
    }
    const bool all_json =
        std::find(root.values.begin(), root.values.end(), nullptr) == root.values.end();
    result_.value = all_json ? merge(root, strategy) : by_default(root);
    if (!result_.value && !result_.opaque_write) {  // no write of what is there was given
      result_.value = version_value(root, root.values.size() - 1);
    }
    return std::move(result_);
  }

 private:
  const Document& document(std::size_t write) const { return *input_.writes[write].document; }
  MergedValue value_of(const Json& value, std::size_t write) { return {value, sources_.of(write)}; }
  MaybeValue version_value(const Field& field, std::size_t i) {
    if (field.values[i] == nullptr) return {};
    return value_of(*field.values[i], bases_.live()[i]);
  }
  void put_in_conflict(const Field& field, ConflictReason reason) {
    result_.conflicts.push_back({part_, field.pointer(), reason});
  }

  // --- who wrote what

  void parse_conflicts() {
    conflicts_.resize(input_.writes.size());
    for (const std::size_t write : live_writes_.all()) {
      const std::vector<Conflict>* seen = input_.writes[write].seen_conflicts;
      if (seen == nullptr) continue;
      for (const Conflict& conflict : *seen) {
        if (!concerns_field(conflict.reason)) {
          conflicts_[write].emplace_back();  // as if the root field were in conflict
        } else if (conflict.part == part_) {
          conflicts_[write].push_back(JsonPointer::parse(conflict.field));
        }
      }
    }
  }

  bool same_bytes(const Document& a, const Document& b) const {
    return part_ == DocumentPart::kContent ? a.same_content(b) : a.metadata() == b.metadata();
  }

  std::vector<FieldWrite> root_writes() {
    std::vector<FieldWrite> writes;
    for (const std::size_t i : live_writes_.all()) {
      const Document* seen = input_.writes[i].seen.get();
      FieldWrite write{i, sources_.root(i), seen ? sources_.json_of(*seen) : nullptr};
      write.whole = seen == nullptr;
      for (const JsonPointer& conflict : conflicts_[i]) {
        write.conflicts_below.push_back(&conflict);
        write.whole = write.whole || conflict.tokens.empty();
      }
      const bool opaque = write.value == nullptr && write.seen == nullptr;
      if (write.whole || !write.conflicts_below.empty() ||
          (opaque ? !same_bytes(document(i), *seen) : !equality_.equal(write.value, write.seen))) {
        writes.push_back(std::move(write));
      }
    }
    return writes;
  }

  /// Who wrote a field also wrote the one above it.
  const std::vector<FieldWrite>& writes_of(const Field& field) {
    if (!field.writes) field.writes = member_writes(field);
    return *field.writes;
  }

  std::vector<FieldWrite> member_writes(const Field& field) {
    const std::size_t depth = field.above->depth;
    std::vector<FieldWrite> writes;
    for (const FieldWrite& parent : writes_of(*field.above)) {
      FieldWrite write{parent.write, finder_.value(parent.value, field.name, field.hint),
                       finder_.value(parent.seen, field.name, field.hint), parent.whole};
      for (const JsonPointer* conflict : parent.conflicts_below) {
        if (conflict->tokens.size() <= depth || conflict->tokens[depth] != field.name) continue;
        write.conflicts_below.push_back(conflict);
        write.whole = write.whole || conflict->tokens.size() == depth + 1;
      }
      if (write.whole || !write.conflicts_below.empty() ||
          !equality_.equal(write.value, write.seen)) {
        writes.push_back(std::move(write));
      }
    }
    return writes;
  }

  // --- deciding

  /// The live writes that are candidates, in fold order.
  std::vector<const FieldWrite*> candidates(const Field& field) {
    std::vector<std::size_t> indexes;
    const std::vector<FieldWrite>& writes = writes_of(field);
    for (const FieldWrite& write : writes) indexes.push_back(write.write);
    const std::vector<std::size_t> live = live_writes_.live(indexes);
    std::vector<const FieldWrite*> candidates;
    auto next = live.begin();
    for (const FieldWrite& write : writes) {
      if (next == live.end() || *next != write.write) continue;
      ++next;
      const bool created_without = input_.writes[write.write].seen == nullptr &&
                                   write.value == nullptr && !is_opaque(field, write);
      if (!created_without) candidates.push_back(&write);
    }
    return candidates;
  }

  /// At the root, a document that is not JSON is a value too.
  static bool is_opaque(const Field& field, const FieldWrite& write) {
    return field.is_root() && write.value == nullptr;
  }

  bool same_value(const Field& field, const FieldWrite& a, const FieldWrite& b) {
    if (is_opaque(field, a) && is_opaque(field, b)) {
      return same_bytes(document(a.write), document(b.write));
    }
    return equality_.equal(a.value, b.value);
  }

  MaybeValue take(const Field& field, const FieldWrite& write) {
    if (is_opaque(field, write)) result_.opaque_write = write.write;
    if (write.value == nullptr) return {};
    return value_of(*write.value, write.write);
  }

  MaybeValue by_default(const Field& field) {
    const auto all = candidates(field);
    if (all.empty()) return {};
    const bool conflict = std::any_of(all.begin(), all.end(), [&](const FieldWrite* write) {
      return !same_value(field, *write, *all.back());
    });
    if (conflict) put_in_conflict(field, ConflictReason::kBothChanged);
    return take(field, *all.back());
  }

  MaybeValue by_extreme(const Field& field, Strategy strategy) {
    const FieldWrite* best = nullptr;
    for (const FieldWrite* write : candidates(field)) {
      if (is_opaque(field, *write)) return by_default(field);
      if (write->value == nullptr) continue;
      if (!write->value->is_number()) return by_default(field);
      if (best != nullptr) {
        const auto order =
            core::compare_numbers(write->value->number_text(), best->value->number_text());
        if (strategy == Strategy::kMax ? order < 0 : order > 0) continue;
      }
      best = write;
    }
    return best == nullptr ? MaybeValue() : take(field, *best);
  }

  MaybeValue by_latest(const Field& field) {
    const auto all = candidates(field);
    return all.empty() ? MaybeValue() : take(field, *all.back());
  }

  // --- folding

  const Json* base_value(const Field& field, std::size_t step) {
    const DocumentPtr& base = bases_.of(step);
    const Json* value = base == nullptr ? nullptr : sources_.json_of(*base);
    for (const std::string_view token : field.tokens()) value = finder_.value(value, token);
    return value;
  }

  MaybeValue fold(const Field& field, const FieldStrategy& strategy) {
    MaybeValue merged = version_value(field, 0);
    bool conflict = false;
    for (std::size_t i = 1; i < field.values.size(); ++i) {
      MaybeValue base;
      const Json* in_base = base_value(field, i);
      if (in_base != nullptr && suits(strategy, in_base, equality_)) {
        base = MergedValue(*in_base, base_source_);
      }
      FoldStep step =
          fold_step(strategy, base, merged, version_value(field, i), equality_, finder_);
      merged = std::move(step.value);
      conflict = conflict || step.conflict;
    }
    if (conflict) {
      put_in_conflict(field, strategy.strategy == Strategy::kText
                                 ? ConflictReason::kOverlappingLines
                                 : ConflictReason::kBothChanged);
    }
    return merged;
  }

  bool all_suit(const Field& field, const FieldStrategy& strategy) {
    return std::all_of(field.values.begin(), field.values.end(),
                       [&](const Json* value) { return suits(strategy, value, equality_); });
  }

  // --- json

  MaybeValue merge(const Field& field, FieldStrategy strategy) {
    for (const FieldRule* rule : field.rules) {
      if (rule->tokens.size() != field.depth) continue;
      strategy = rule->strategy;
      break;
    }
    const bool folding = folds(strategy.strategy);
    const auto equals_last = [&](const Json* value) {
      return equality_.equal(value, field.values.back());
    };
    if (!(field.values.back() != nullptr && counts(field, strategy)) &&
        std::all_of(field.values.begin(), field.values.end() - 1, equals_last)) {
      return version_value(field, field.values.size() - 1);
    }
    if (folding) return all_suit(field, strategy) ? fold(field, strategy) : by_default(field);
    if (strategy.strategy == Strategy::kLatest) return by_latest(field);
    if (strategy.strategy == Strategy::kMax || strategy.strategy == Strategy::kMin) {
      return by_extreme(field, strategy.strategy);
    }
    const auto all = [&](auto is_kind) {
      return std::all_of(field.values.begin(), field.values.end(), is_kind);
    };
    if (all([](const Json* value) { return value == nullptr || value->is_object(); })) {
      return merge_objects(field);
    }
    const FieldStrategy array;
    if (all([](const Json* value) { return value != nullptr && value->is_array(); }) &&
        all_suit(field, array)) {
      return fold(field, array);
    }
    return by_default(field);
  }

  /// Is a counter declared for the field or below? Then two equal changes are not one.
  static bool counts(const Field& field, const FieldStrategy& strategy) {
    return strategy.strategy == Strategy::kCounter ||
           std::any_of(field.rules.begin(), field.rules.end(), [&](const FieldRule* rule) {
             return rule->tokens.size() > field.depth &&
                    rule->strategy.strategy == Strategy::kCounter;
           });
  }

  MaybeValue merge_objects(const Field& field) {
    std::vector<const Json*> objects;
    std::vector<std::size_t> versions;
    for (std::size_t i = field.values.size(); i-- > 0;) {
      if (field.values[i] == nullptr) continue;
      objects.push_back(field.values[i]);
      versions.push_back(bases_.live()[i]);
    }
    std::vector<MergedValue::Member> members;
    for (const NamePlace& place : merged_names(objects)) {
      const Json& name = objects[place.object]->members()[place.member].name;
      MaybeValue value = merge_member(field, name.as_string(), place.member);
      if (!value) continue;
      members.push_back({value_of(name, versions[place.object]), *std::move(value)});
    }
    const MergedValue model = value_of(*objects.front(), versions.front());
    const bool some_have_none = objects.size() < field.values.size();
    const bool stays = !some_have_none || is_there(field);
    if (members.empty() && !stays) return {};
    return MergedValue::object(std::move(members), &model);
  }

  /// Some versions have an object, some none: whether it is there, by the default.
  bool is_there(const Field& field) {
    const auto all = candidates(field);
    if (all.empty()) return false;
    const auto has_it = [&](const FieldWrite* write) {
      return write->value != nullptr || is_opaque(field, *write);
    };
    const bool there = has_it(all.back());
    if (std::any_of(all.begin(), all.end(),
                    [&](const FieldWrite* write) { return has_it(write) != there; })) {
      put_in_conflict(field, ConflictReason::kBothChanged);
    }
    return there;
  }

  MaybeValue merge_member(const Field& field, std::string_view name, std::size_t hint) {
    Field member{&field, name, hint, field.depth + 1};
    for (const Json* value : field.values) {
      member.values.push_back(finder_.value(value, name, hint));
    }
    for (const FieldRule* rule : field.rules) {
      const bool leads_here =
          rule->tokens.size() > field.depth &&
          (rule->tokens[field.depth] == "*" || rule->tokens[field.depth] == name);
      if (leads_here) member.rules.push_back(rule);
    }
    return merge(member, {});
  }

  const MergeInput& input_;
  const DocumentPart part_;
  LiveWrites& live_writes_;
  Bases& bases_;
  JsonSources& sources_;
  ValueEquality& equality_;
  MemberFinder finder_;
  const JsonSource base_source_;                     // of no text: nothing merged comes from a base
  std::vector<std::vector<JsonPointer>> conflicts_;  // of what each write saw
  MergedFields result_;
};

}  // namespace

MergedFields merge_fields(const MergeInput& input, DocumentPart part, const Rule* rule,
                          LiveWrites& live_writes, Bases& bases, JsonSources& sources,
                          ValueEquality& equality) {
  return FieldMerge(input, part, live_writes, bases, sources, equality).run(rule);
}

}  // namespace isodb::merge
