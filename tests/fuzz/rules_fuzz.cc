// Any bytes, as merge rules and a path (after the first NUL): reading refuses, and says where, or
// gives rules that find what a search from the first to the last finds, and that their canonical
// text says again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/json.h"
#include "merge/rules.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using isodb::merge::FieldStrategy;
using isodb::merge::matches_path;
using isodb::merge::Rule;
using isodb::merge::Rules;

void demand(bool holds) {
  if (!holds) std::abort();
}

bool same(const FieldStrategy& a, const FieldStrategy& b) {
  return a.strategy == b.strategy && a.key == b.key;
}

/// The canonical text, which the rule id is made of, says all of the rule.
void check_canonical(const Rules& rules) {
  std::string text = R"({"rules":[)";
  for (const Rule& rule : rules.all()) {
    if (&rule != &rules.all().front()) text += ',';
    text += rule.canonical;
  }
  text += "]}";
  if (text.size() > isodb::merge::kRulesBytesMax) return;  // escapes may be longer than the signs
  const Rules again = Rules::parse(text);
  demand(again.all().size() == rules.all().size());
  for (std::size_t i = 0; i < again.all().size(); ++i) {
    const Rule &a = rules.all()[i], &b = again.all()[i];
    demand(a.match == b.match && same(a.root, b.root) && a.script == b.script);
    demand(a.steps == b.steps && a.cells == b.cells && a.canonical == b.canonical);
    demand(a.fields.size() == b.fields.size());
  }
}

void check_limits(const Rules& rules) {
  demand(rules.all().size() <= isodb::merge::kRulesMax);
  for (const Rule& rule : rules.all()) {
    demand(rule.match.size() <= isodb::merge::kMatchBytesMax);
    demand(rule.fields.size() <= isodb::merge::kRuleFieldsMax);
    demand(rule.steps >= 1 && rule.steps <= isodb::merge::kScriptBudgetMax);
    demand(rule.cells >= 1 && rule.cells <= isodb::merge::kScriptBudgetMax);
    demand(rule.script.empty() == (rule.root.strategy != isodb::merge::Strategy::kScript));
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = input.find('\0');
  const std::string_view path = end == std::string_view::npos ? "a/b" : input.substr(end + 1);
  demand(matches_path("**", path));
  try {
    const auto rules = Rules::parse(input.substr(0, end));
    const Rule* first = nullptr;
    for (const Rule& rule : rules.all()) {
      if (first == nullptr && matches_path(rule.match, path)) first = &rule;
    }
    demand(rules.find(path) == first);
    check_limits(rules);
    check_canonical(rules);
  } catch (const isodb::core::JsonError& error) {
    demand(error.position().line > 0 && error.position().column > 0);
  }
  return 0;
}
