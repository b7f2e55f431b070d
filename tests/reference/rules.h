#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/json_pointer.h"
#include "isodb/bytes.h"
#include "tests/reference/value.h"

namespace isodb::reference {

enum class StrategyKind {
  kJson,
  kText,
  kLatest,
  kScript,
  kMax,
  kMin,
  kCounter,
  kSet,
  kList,
  kKeyedList
};

struct Strategy {
  StrategyKind kind = StrategyKind::kJson;
  core::JsonPointer key;  ///< of a keyed list
};

/// The strategies of fields: patterns whose segment "*" stands for any one name.
using FieldStrategies = std::vector<std::pair<Field, Strategy>>;
std::optional<Strategy> strategy_of(const FieldStrategies& fields, const Field& field);

/// Whether `counter` is declared for the field or one below it.
bool counts_at_or_below(const FieldStrategies& fields, const Field& field);

struct Rule {
  std::string match;
  Strategy strategy;
  FieldStrategies fields;
  std::string script;
  Bytes canonical;  ///< the rule as canonical JSON
};

/// The rules of a document `.isodb/merge.json`; none where it breaks a rule of such documents.
std::vector<Rule> parse_rules(const Bytes& document);
bool path_matches(const std::string& pattern, const std::string& path);

}  // namespace isodb::reference
