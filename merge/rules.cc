#include "merge/rules.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>
#include <utility>

#include "core/hash.h"
#include "core/json_canonical.h"
#include "core/json_pointer.h"
#include "merge/json_spans.h"

namespace isodb::merge {

using core::Json;
using core::JsonMember;

namespace {

/// Canonical JSON, but that `fields` keep their order: the first that matches a field holds for it.
std::string canonical_rule(const Json& rule) {
  const Json* fields = rule.find("fields");
  if (fields == nullptr) return core::canonical_json(rule);
  std::string in_order = "{";
  for (const core::JsonMember& field : fields->members()) {
    if (in_order.size() > 1) in_order += ',';
    in_order += core::canonical_json(field.name) + ":" + core::canonical_json(field.value);
  }
  in_order += "}";
  Json without = rule;
  without.set("fields", Json());
  std::string text = core::canonical_json(without);
  // A quotation mark stands before a name and never unescaped within a string.
  constexpr std::string_view kPlace = "\"fields\":null";
  return text.replace(text.find(kPlace) + kPlace.size() - 4, 4, in_order);
}

constexpr std::array<std::pair<std::string_view, Strategy>, 9> kStrategies{
    {{"json", Strategy::kJson},
     {"text", Strategy::kText},
     {"latest", Strategy::kLatest},
     {"script", Strategy::kScript},
     {"max", Strategy::kMax},
     {"min", Strategy::kMin},
     {"counter", Strategy::kCounter},
     {"set", Strategy::kSet},
     {"list", Strategy::kList}}};

/// Reads the document and knows where each value stands, so that each fault has its place.
class RulesReader {
 public:
  RulesReader(ByteView text, const Json& root) : root_(root), spans_(text, root) {}

  std::vector<Rule> read() {
    if (!root_.is_object()) fail(root_, "expected an object with the member 'rules'");
    only(root_, {"rules"});
    const Json* rules = root_.find("rules");
    if (rules == nullptr) fail(root_, "there is no member 'rules', an array of rules");
    if (!rules->is_array()) fail(*rules, "'rules' must be an array");
    std::vector<Rule> read;
    for (const Json& rule : rules->items()) {
      if (read.size() == kRulesMax) fail(rule, "more than 1,000 rules");
      read.push_back(read_rule(rule));
    }
    return read;
  }

 private:
  [[noreturn]] void fail(const Json& place, const std::string& problem) const {
    throw core::JsonError(ErrorCode::kInvalid,
                          core::json_position(spans_.text(), spans_.of(place).begin), problem);
  }

  static std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

  void only(const Json& object, std::initializer_list<std::string_view> names) const {
    for (const JsonMember& member : object.members()) {
      if (std::find(names.begin(), names.end(), member.key()) != names.end()) continue;
      std::string known;
      for (const std::string_view name : names) known += (known.empty() ? "" : ", ") + quoted(name);
      fail(member.name, "unknown member " + quoted(member.key()) + "; known are " + known);
    }
  }

  const Json& string_member(const Json& rule, std::string_view name) const {
    const Json* value = rule.find(name);
    if (value == nullptr) fail(rule, "the rule has no " + quoted(name));
    if (!value->is_string()) fail(*value, quoted(name) + " must be a string");
    return *value;
  }

  Rule read_rule(const Json& object) const {
    if (!object.is_object()) fail(object, "a rule must be an object");
    only(object, {"match", "strategy", "fields", "script", "steps", "cells"});
    Rule rule;
    rule.match = read_match(string_member(object, "match"));
    if (const Json* strategy = object.find("strategy")) {
      rule.root = read_strategy(*strategy);
    } else {
      fail(object, "the rule has no 'strategy'");
    }
    const bool is_script = rule.root.strategy == Strategy::kScript;
    if (const Json* fields = object.find("fields")) {
      if (rule.root.strategy != Strategy::kJson) {
        fail(*fields, "'fields' goes with the strategy 'json' only");
      }
      rule.fields = read_fields(*fields);
    }
    for (const std::string_view name : {"script", "steps", "cells"}) {
      const Json* value = object.find(name);
      if (value != nullptr && !is_script) {
        fail(*value, quoted(name) + " goes with the strategy 'script' only");
      }
    }
    if (is_script) {
      const Json& script = string_member(object, "script");
      rule.script = read_script(script);
      rule.script_offset = spans_.of(script).begin;
      rule.steps = read_budget(object, "steps");
      rule.cells = read_budget(object, "cells");
    }
    rule.canonical = canonical_rule(object);
    return rule;
  }

  std::string read_match(const Json& value) const {
    const std::string_view match = value.as_string();
    if (match.empty()) fail(value, "'match' must not be empty");
    if (match.size() > kMatchBytesMax) fail(value, "'match' has more than 1,024 bytes");
    return std::string(match);
  }

  std::string read_script(const Json& value) const {
    const std::string_view script = value.as_string();
    if (!script.starts_with(kScriptPrefix) || script.size() == kScriptPrefix.size()) {
      fail(value, "'script' must be a path under " + std::string(kScriptPrefix));
    }
    return std::string(script);
  }

  std::uint64_t read_budget(const Json& rule, std::string_view name) const {
    const Json* value = rule.find(name);
    if (value == nullptr) return kScriptBudgetDefault;
    std::uint64_t budget = 0;
    if (value->is_number()) {
      const std::string_view text = value->number_text();
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), budget);
      if (error != std::errc() || end != text.data() + text.size()) budget = 0;
    }
    if (budget < 1 || budget > kScriptBudgetMax) {
      fail(*value, quoted(name) + " must be a whole number from 1 to 100000000");
    }
    return budget;
  }

  FieldStrategy read_strategy(const Json& value) const {
    if (value.is_object()) return read_keyed_list(value);
    if (!value.is_string()) fail(value, "a strategy must be a string or {\"list\": POINTER}");
    for (const auto& [name, strategy] : kStrategies) {
      if (name == value.as_string()) return {strategy, {}};
    }
    fail(value, "unknown strategy " + quoted(value.as_string()) +
                    "; known are json, text, latest, script, max, min, counter, set, list and "
                    "{\"list\": POINTER}");
  }

  FieldStrategy read_keyed_list(const Json& value) const {
    only(value, {"list"});
    const Json* key = value.find("list");
    if (key == nullptr || !key->is_string()) {
      fail(value, "expected {\"list\": POINTER}, with a pointer to the key in an item");
    }
    return {Strategy::kKeyedList, read_pointer(*key, key->as_string())};
  }

  std::vector<std::string> read_pointer(const Json& place, std::string_view text) const {
    try {
      return core::JsonPointer::parse(text).tokens;
    } catch (const Error& error) {
      fail(place, error.what());
    }
  }

  std::vector<FieldRule> read_fields(const Json& value) const {
    if (!value.is_object()) fail(value, "'fields' must be an object of JSON Pointers");
    if (value.size() > kRuleFieldsMax) fail(value, "more than 1,000 fields in one rule");
    std::vector<FieldRule> fields;
    for (const JsonMember& member : value.members()) {
      FieldRule field{read_pointer(member.name, member.key()), read_strategy(member.value)};
      if (field.strategy.strategy == Strategy::kScript) {
        fail(member.value, "the strategy 'script' is for whole documents only");
      }
      fields.push_back(std::move(field));
    }
    return fields;
  }

  const Json& root_;
  const JsonSpans spans_;
};

/// A pattern's first segment where that stands for itself alone; nullopt for one with wildcards.
std::optional<std::string_view> literal_segment(std::string_view pattern) {
  const std::string_view segment = pattern.substr(0, pattern.find('/'));
  if (segment.find_first_of("*?") != std::string_view::npos) return std::nullopt;
  return segment;
}

}  // namespace

std::string_view strategy_name(Strategy strategy) {
  for (const auto& [name, known] : kStrategies) {
    if (known == strategy) return name;
  }
  return "list";  // by key
}

Id rule_id(const Rule* rule, const Id& script_content) {
  if (rule == nullptr) return {};
  std::string text("isodb-rule-v1\0", 14);
  text += rule->canonical;
  text += script_content.bytes();
  return core::sha256(text);
}

Rules::Rules() : state_(std::make_shared<const State>()) {}

Rules Rules::parse(ByteView text) {
  if (text.size() > kRulesBytesMax) {
    throw core::JsonError(ErrorCode::kLimit, core::json_position(text, kRulesBytesMax),
                          "the rules take more than 1 MiB");
  }
  const Json root = core::parse_json(text);
  auto state = std::make_shared<State>();
  state->rules = RulesReader(text, root).read();
  for (std::size_t i = 0; i < state->rules.size(); ++i) {
    if (const auto segment = literal_segment(state->rules[i].match)) {
      state->by_first_segment[std::string(*segment)].push_back(i);
    } else {
      state->by_wildcard.push_back(i);
    }
  }
  return Rules(std::move(state));
}

const Rule* Rules::find(std::string_view path) const {
  static const std::vector<std::size_t> none;
  const auto found = state_->by_first_segment.find(path.substr(0, path.find('/')));
  const auto& literal = found == state_->by_first_segment.end() ? none : found->second;
  // Both are ascending: the first rule that matches comes first in either.
  auto a = literal.begin();
  auto b = state_->by_wildcard.begin();
  while (a != literal.end() || b != state_->by_wildcard.end()) {
    const bool take_a = b == state_->by_wildcard.end() || (a != literal.end() && *a < *b);
    const Rule& rule = state_->rules[take_a ? *a++ : *b++];
    if (matches_path(rule.match, path)) return &rule;
  }
  return nullptr;
}

}  // namespace isodb::merge
