#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "core/json_writer.h"
#include "merge/script/script.h"

namespace isodb::script::testing {

/// Compiles and runs `merge` over JSON texts.
inline Outcome run_merge(std::string_view source, const std::vector<std::string>& arguments = {},
                         const Helpers& helpers = {}, const Budget& budget = {}) {
  std::vector<core::Json> values;
  for (const std::string& text : arguments) values.push_back(core::parse_json(text));
  return run(Program::compile(source), "merge", values, helpers, budget);
}

/// The result as JSON, or "reason at line:column".
inline std::string told(const Outcome& outcome) {
  if (outcome.value) return core::write_json(*outcome.value);
  return std::string(reason_name(outcome.failure->reason)) + " at " +
         std::to_string(outcome.failure->line) + ":" + std::to_string(outcome.failure->column);
}

/// As told(), of a script that may be no script.
inline std::string told_merge(std::string_view source,
                              const std::vector<std::string>& arguments = {}) {
  try {
    return told(run_merge(source, arguments));
  } catch (const ScriptError& error) {
    const Failure& failure = error.failure();
    return std::string(reason_name(failure.reason)) + " at " + std::to_string(failure.line) + ":" +
           std::to_string(failure.column);
  }
}

}  // namespace isodb::script::testing
