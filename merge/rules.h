#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "isodb/bytes.h"
#include "isodb/id.h"

namespace isodb::merge {

/// Where the scripts are that rules name.
inline constexpr std::string_view kScriptPrefix = ".isodb/merge/";
inline constexpr std::size_t kRulesBytesMax = std::size_t{1} << 20;
inline constexpr std::size_t kRulesMax = 1'000;
inline constexpr std::size_t kRuleFieldsMax = 1'000;
inline constexpr std::size_t kMatchBytesMax = 1'024;
inline constexpr std::uint64_t kScriptBudgetMax = 100'000'000;
inline constexpr std::uint64_t kScriptBudgetDefault = 1'000'000;

enum class Strategy : std::uint8_t {
  kJson,
  kText,
  kLatest,
  kScript,
  kMax,
  kMin,
  kCounter,
  kSet,
  kList,
  kKeyedList,
};
std::string_view strategy_name(Strategy strategy);

/// How one field merges. A plain value.
struct FieldStrategy {
  Strategy strategy = Strategy::kJson;
  std::vector<std::string> key;  ///< kKeyedList: the tokens of the pointer to an item's key
};

/// A member of `fields`: a JSON Pointer in which a token "*" stands for any one name.
struct FieldRule {
  std::vector<std::string> tokens;
  FieldStrategy strategy;
};

/// One rule of .isodb/merge.json. A plain value.
struct Rule {
  std::string match;
  FieldStrategy root;             ///< `strategy`
  std::vector<FieldRule> fields;  ///< with kJson: the first that matches holds
  std::string script;             ///< with kScript: a path under .isodb/merge/
  std::size_t script_offset = 0;  ///< of that path in the text
  std::uint64_t steps = kScriptBudgetDefault, cells = kScriptBudgetDefault;
  std::string canonical;  ///< RFC 8785, for the rule id
};

/// The rule id in a merged entry's digest: SHA-256("isodb-rule-v1\0" ‖ rule ‖ content id of its
/// script, zeros without one); zeros for no rule.
Id rule_id(const Rule* rule, const Id& script_content);

/// The rules of a repository. Immutable; thread-safe.
class Rules {
 public:
  /// No rules.
  Rules();
  /// Reads .isodb/merge.json. core::JsonError, with line and column, for whatever is wrong.
  static Rules parse(ByteView text);

  /// The first rule whose `match` matches; nullptr for none. Time O(bytes of `path`) a rule that
  /// shares the path's first segment or begins with a wildcard.
  const Rule* find(std::string_view path) const;
  const std::vector<Rule>& all() const { return state_->rules; }

 private:
  struct State {
    std::vector<Rule> rules;
    std::map<std::string, std::vector<std::size_t>, std::less<>> by_first_segment;
    std::vector<std::size_t> by_wildcard;
  };
  explicit Rules(std::shared_ptr<const State> state) : state_(std::move(state)) {}

  std::shared_ptr<const State> state_;
};

/// Does `path` match `pattern` (docs/merge.md, "Rules")? Both UTF-8. O(bytes · bytes) at worst.
bool matches_path(std::string_view pattern, std::string_view path);

}  // namespace isodb::merge
