#include "tests/reference/rules.h"

#include <map>
#include <set>
#include <stdexcept>

#include "core/json_canonical.h"
#include "core/json_number.h"
#include "core/utf8.h"
#include "isodb/entry.h"
#include "isodb/error.h"

namespace isodb::reference {
namespace {

struct BadRules : std::runtime_error {
  BadRules() : std::runtime_error("no rules") {}
};

void demand(bool holds) {
  if (!holds) throw BadRules();
}

void demand_members(const Json& object, const std::set<std::string>& allowed) {
  demand(object.is_object());
  for (const JsonMember& member : object.members()) {
    demand(allowed.contains(std::string(member.key())));
  }
}

std::string string_of(const Json& object, std::string_view name) {
  const Json* value = object.find(name);
  demand(value != nullptr && value->is_string());
  return std::string(value->as_string());
}

core::JsonPointer pointer_of(std::string_view text) {
  try {
    return core::JsonPointer::parse(text);
  } catch (const Error&) {
    throw BadRules();
  }
}

Strategy parse_strategy(const Json& value) {
  static const std::map<std::string, StrategyKind> kNames = {
      {"json", StrategyKind::kJson},     {"text", StrategyKind::kText},
      {"latest", StrategyKind::kLatest}, {"max", StrategyKind::kMax},
      {"min", StrategyKind::kMin},       {"counter", StrategyKind::kCounter},
      {"set", StrategyKind::kSet},       {"list", StrategyKind::kList}};
  if (value.is_string()) {
    const auto known = kNames.find(std::string(value.as_string()));
    demand(known != kNames.end());
    return {known->second, {}};
  }
  demand_members(value, {"list"});
  return {StrategyKind::kKeyedList, pointer_of(string_of(value, "list"))};
}

void check_budget(const Json& rule, std::string_view name) {
  const Json* value = rule.find(name);
  if (value == nullptr) return;
  demand(value->is_number());
  const std::string_view text = value->number_text();
  demand(text.find_first_not_of("0123456789") == std::string_view::npos);
  demand(core::compare_numbers(text, "1") >= 0 && core::compare_numbers(text, "100000000") <= 0);
}

Rule parse_rule(const Json& value) {
  demand_members(value, {"match", "strategy", "fields", "script", "steps", "cells"});
  Rule rule;
  rule.match = string_of(value, "match");
  demand(!rule.match.empty() && rule.match.size() <= 1024);
  demand(path_problem(rule.match).empty());
  const Json* strategy = value.find("strategy");
  demand(strategy != nullptr);
  const bool is_script = strategy->is_string() && strategy->as_string() == "script";
  rule.strategy = is_script ? Strategy{StrategyKind::kScript, {}} : parse_strategy(*strategy);
  if (const Json* fields = value.find("fields")) {
    demand(rule.strategy.kind == StrategyKind::kJson && fields->is_object());
    demand(fields->size() <= 1000);
    for (const JsonMember& member : fields->members()) {
      rule.fields.emplace_back(pointer_of(member.key()).tokens, parse_strategy(member.value));
    }
  }
  demand(is_script == (value.find("script") != nullptr));
  demand(is_script || (value.find("steps") == nullptr && value.find("cells") == nullptr));
  if (is_script) {
    rule.script = string_of(value, "script");
    demand(path_problem(rule.script).empty() && rule.script.starts_with(".isodb/merge/"));
    check_budget(value, "steps");
    check_budget(value, "cells");
  }
  std::map<std::string, std::string> members;
  for (const JsonMember& member : value.members()) {
    std::string text = core::canonical_json(member.value);
    if (member.key() == "fields") {
      text.clear();  // in their order, which is their precedence
      for (const JsonMember& field : member.value.members()) {
        text += (text.empty() ? "{" : ",") + core::canonical_json(field.name) + ":" +
                core::canonical_json(field.value);
      }
      text = text.empty() ? "{}" : text + "}";
    }
    members[core::canonical_json(member.name)] = text;
  }
  for (const auto& [name, text] : members) {
    rule.canonical += (rule.canonical.empty() ? "{" : ",") + name + ":" + text;
  }
  rule.canonical += "}";
  return rule;
}

/// `*` and `?` within one segment.
bool segment_matches(std::string_view pattern, std::string_view segment) {
  if (pattern.empty()) return segment.empty();
  if (pattern[0] == '*') {
    for (std::size_t skip = 0; skip <= segment.size(); ++skip) {
      if (segment_matches(pattern.substr(1), segment.substr(skip))) return true;
    }
    return false;
  }
  if (segment.empty()) return false;
  const std::size_t bytes = pattern[0] == '?' ? core::utf8_sequence_bytes(segment) : 1;
  if (pattern[0] != '?' && pattern[0] != segment[0]) return false;
  return segment_matches(pattern.substr(1), segment.substr(bytes));
}

using Segments = std::vector<std::string>;

Segments segments_of(const std::string& path) {
  Segments segments(1);
  for (const char c : path) {
    if (c == '/') {
      segments.emplace_back();
    } else {
      segments.back() += c;
    }
  }
  return segments;
}

bool segments_match(const Segments& pattern, std::size_t i, const Segments& path, std::size_t j) {
  if (i == pattern.size()) return j == path.size();
  if (pattern[i] == "**") {
    for (std::size_t end = j; end <= path.size(); ++end) {
      if (segments_match(pattern, i + 1, path, end)) return true;
    }
    return false;
  }
  return j < path.size() && segment_matches(pattern[i], path[j]) &&
         segments_match(pattern, i + 1, path, j + 1);
}

}  // namespace

std::optional<Strategy> strategy_of(const FieldStrategies& fields, const Field& field) {
  for (const auto& [pattern, strategy] : fields) {
    bool matches = pattern.size() == field.size();
    for (std::size_t i = 0; matches && i < field.size(); ++i) {
      matches = pattern[i] == "*" || pattern[i] == field[i];
    }
    if (matches) return strategy;
  }
  return std::nullopt;
}

bool counts_at_or_below(const FieldStrategies& fields, const Field& field) {
  for (const auto& [pattern, strategy] : fields) {
    if (strategy.kind != StrategyKind::kCounter || pattern.size() < field.size()) continue;
    bool matches = true;
    for (std::size_t i = 0; i < field.size(); ++i) {
      matches = matches && (pattern[i] == "*" || pattern[i] == field[i]);
    }
    if (matches) return true;
  }
  return false;
}

std::vector<Rule> parse_rules(const Bytes& document) {
  constexpr std::size_t kRulesBytesMax = 1024 * 1024;
  try {
    demand(document.size() <= kRulesBytesMax);
    const Json value = core::parse_json(document);
    demand_members(value, {"rules"});
    const Json* list = value.find("rules");
    demand(list != nullptr && list->is_array() && list->size() <= 1000);
    std::vector<Rule> rules;
    for (const Json& rule : list->items()) rules.push_back(parse_rule(rule));
    return rules;
  } catch (const BadRules&) {
    return {};
  } catch (const core::JsonError&) {
    return {};
  }
}

bool path_matches(const std::string& pattern, const std::string& path) {
  return segments_match(segments_of(pattern), 0, segments_of(path), 0);
}

}  // namespace isodb::reference
