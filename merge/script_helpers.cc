#include "merge/script_helpers.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/json_number.h"
#include "core/json_pointer.h"
#include "isodb/error.h"
#include "merge/counter.h"
#include "merge/three_way.h"
#include "merge/value_merge.h"

namespace isodb::merge {

using core::Json;
using script::Helper;
using script::HelperMeter;

namespace {

using Arguments = std::span<const Json>;

[[noreturn]] void refuse(const std::string& problem) {
  throw Error(ErrorCode::kInvalid, problem);
}

// --- what work costs

/// What a merge of some values has to look at.
struct Work {
  std::uint64_t parts = 0;    // values, and 64 bytes of text each
  std::uint64_t aligned = 0;  // items of arrays, or lines

  void add(const Json& value) {
    ++parts;
    if (value.is_number()) parts += value.number_text().size() / 64;
    if (value.is_string()) parts += value.as_string().size() / 64;
    if (value.is_array()) {
      aligned += value.size();
      for (const Json& item : value.items()) add(item);
    } else if (value.is_object()) {
      for (const core::JsonMember& member : value.members()) {
        parts += member.key().size() / 64;
        add(member.value);
      }
    }
  }
  void add_lines(const Json& value) {
    if (!value.is_string()) return;
    const std::string_view text = value.as_string();
    aligned += static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  }
  /// Alignment takes at most 2,048 edits, each of which may go over everything.
  void charge(HelperMeter& meter) const {
    meter.steps(parts + aligned * std::min<std::uint64_t>(aligned, 2'048) / 64);
  }
};

void charge(HelperMeter& meter, Arguments values) {
  Work work;
  for (const Json& value : values) work.add(value);
  work.charge(meter);
}

// --- arguments

/// None is what is not there.
const Json* there(const Json& value) {
  return value.is_null() ? nullptr : &value;
}

/// The field that is put in conflict: a JSON Pointer, "" by default; nullopt for None: nothing is.
std::optional<std::string> place_at(Arguments arguments, std::size_t i) {
  if (i >= arguments.size()) return "";
  if (arguments[i].is_null()) return std::nullopt;
  if (!arguments[i].is_string()) refuse("the place of a conflict must be a JSON Pointer or None");
  return core::JsonPointer::parse(arguments[i].as_string()).text();
}

void note(HelperMeter& meter, const std::optional<std::string>& place) {
  if (place) meter.note(*place);
}

const Json& number(const Json& value) {
  if (!value.is_number())
    refuse("not a number: " + std::string(core::json_kind_name(value.kind())));
  if (!is_countable(value.number_text())) refuse("a number of more than 1,000 digits");
  return value;
}

// --- strategies

Json merge_step(const FieldStrategy& strategy, Arguments sides,
                const std::optional<std::string>& place, HelperMeter& meter) {
  Work work;
  for (const Json& side : sides) {
    work.add(side);
    if (strategy.strategy == Strategy::kText) work.add_lines(side);
  }
  work.charge(meter);
  MergedJson merged = merge_values(strategy, there(sides[0]), there(sides[1]), there(sides[2]));
  if (merged.conflict) note(meter, place);
  return merged.value ? *std::move(merged.value) : Json();
}

Helper folding(std::string name, Strategy strategy) {
  return {std::move(name), 3, 4, 10, [strategy](Arguments arguments, HelperMeter& meter) {
            return merge_step({strategy, {}}, arguments.first(3), place_at(arguments, 3), meter);
          }};
}

Json keyed(Arguments arguments, HelperMeter& meter) {
  if (!arguments[3].is_string()) refuse("the key must be a JSON Pointer");
  const FieldStrategy by_key{Strategy::kKeyedList,
                             core::JsonPointer::parse(arguments[3].as_string()).tokens};
  return merge_step(by_key, arguments.first(3), place_at(arguments, 4), meter);
}

/// latest, max and min of a base and two sides: who left the value alone has no say.
Json decide(Strategy strategy, Arguments arguments, HelperMeter& meter) {
  const std::optional<std::string> place = place_at(arguments, 3);
  charge(meter, arguments.first(3));
  const Json &base = arguments[0], &left = arguments[1], &right = arguments[2];
  if (left == base) return right;
  if (right == base || strategy == Strategy::kLatest) return right == base ? left : right;
  if (left.is_number() && right.is_number()) {
    const auto order = core::compare_numbers(left.number_text(), right.number_text());
    return (strategy == Strategy::kMax ? order > 0 : order < 0) ? left : right;
  }
  if (!(left == right)) note(meter, place);
  return right;
}

Helper deciding(std::string name, Strategy strategy) {
  return {std::move(name), 3, 4, 10, [strategy](Arguments arguments, HelperMeter& meter) {
            return decide(strategy, arguments, meter);
          }};
}

// --- json

/// Names the fields in which a three-way merge had to choose.
class ConflictFinder {
 public:
  ConflictFinder(std::vector<core::JsonPointer> decided, HelperMeter& meter)
      : decided_(std::move(decided)), meter_(meter) {}

  void find(const Json* base, const Json* left, const Json* right, core::JsonPointer& at,
            const std::string& prefix) {
    meter_.steps(1 + decided_.size() / 16);
    const bool is_decided = std::any_of(decided_.begin(), decided_.end(),
                                        [&](const auto& field) { return field.is_prefix_of(at); });
    if (is_decided || !is_in_conflict(base, left, right)) return;
    const auto is_object = [](const Json* value) { return value != nullptr && value->is_object(); };
    if (!is_object(left) || !is_object(right) || (base != nullptr && !base->is_object())) {
      meter_.note(prefix + at.text());
      return;
    }
    for (const NamePlace& name : merged_names({right, left})) {
      const Json& first = name.object == 0 ? *right : *left;
      const std::string_view key = first.members()[name.member].key();
      at.tokens.emplace_back(key);
      find(finder_.value(base, key), finder_.value(left, key), finder_.value(right, key), at,
           prefix);
      at.tokens.pop_back();
    }
  }

 private:
  bool is_in_conflict(const Json* base, const Json* left, const Json* right) {
    Work work;
    for (const Json* side : {base, left, right}) {
      if (side != nullptr) work.add(*side);
    }
    work.charge(meter_);
    return merge_values({}, base, left, right).conflict;
  }

  std::vector<core::JsonPointer> decided_;
  HelperMeter& meter_;
  MemberFinder finder_;
};

std::vector<core::JsonPointer> decided_fields(Arguments arguments) {
  std::vector<core::JsonPointer> fields;
  if (arguments.size() < 4) return fields;
  if (!arguments[3].is_array()) refuse("the fields that the script decides must be a list");
  for (const Json& field : arguments[3].items()) {
    if (!field.is_string()) refuse("a field that the script decides must be a JSON Pointer");
    fields.push_back(core::JsonPointer::parse(field.as_string()));
  }
  if (fields.size() > kRuleFieldsMax) refuse("more than 1,000 fields that the script decides");
  return fields;
}

Json merge_json(Arguments arguments, HelperMeter& meter) {
  const std::vector<core::JsonPointer> decided = decided_fields(arguments);
  const std::optional<std::string> prefix = place_at(arguments, 4);
  charge(meter, arguments.first(3));
  const Json *base = there(arguments[0]), *left = there(arguments[1]), *right = there(arguments[2]);
  MergedJson merged = merge_values({}, base, left, right);
  if (merged.conflict && prefix) {
    core::JsonPointer at;
    ConflictFinder(decided, meter).find(base, left, right, at, *prefix);
  }
  return merged.value ? *std::move(merged.value) : Json();
}

// --- numbers, equality, conflicts

Json add(Arguments arguments, HelperMeter& meter) {
  charge(meter, arguments);
  return Json::number(
      count_step("0", number(arguments[0]).number_text(), number(arguments[1]).number_text()));
}

Json subtract(Arguments arguments, HelperMeter& meter) {
  charge(meter, arguments);
  return Json::number(
      count_step(number(arguments[1]).number_text(), number(arguments[0]).number_text(), "0"));
}

Json compare(Arguments arguments, HelperMeter& meter) {
  charge(meter, arguments);
  for (const Json& value : arguments) {
    if (!value.is_number()) refuse("compares numbers only");
  }
  const auto order = core::compare_numbers(arguments[0].number_text(), arguments[1].number_text());
  return Json::integer(order < 0 ? -1 : order > 0 ? 1 : 0);
}

Json equal(Arguments arguments, HelperMeter& meter) {
  charge(meter, arguments);
  return Json::boolean(arguments[0] == arguments[1]);
}

Json conflict(Arguments arguments, HelperMeter& meter) {
  note(meter, place_at(arguments, 0));
  return {};
}

}  // namespace

const script::Helpers& script_helpers() {
  static const script::Helpers helpers({
      {"json", 3, 5, 10, merge_json},
      folding("counter", Strategy::kCounter),
      folding("set", Strategy::kSet),
      folding("list", Strategy::kList),
      folding("text", Strategy::kText),
      {"keyed", 4, 5, 10, keyed},
      deciding("latest", Strategy::kLatest),
      deciding("max", Strategy::kMax),
      deciding("min", Strategy::kMin),
      {"add", 2, 2, 50, add},
      {"subtract", 2, 2, 50, subtract},
      {"compare", 2, 2, 10, compare},
      {"equal", 2, 2, 10, equal},
      {"conflict", 0, 1, 10, conflict},
  });
  return helpers;
}

}  // namespace isodb::merge
