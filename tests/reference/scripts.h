#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>

#include "isodb/bytes.h"
#include "tests/reference/value.h"

namespace isodb::reference {

/// What a script is told of a version.
struct ScriptSide {
  std::uint64_t clock_millis = 0;
  std::string author;  ///< fingerprint
  std::string commit;
};

struct ScriptContext {
  std::string path;
  ScriptSide left, right;
  std::set<Field>* in_conflict;  ///< takes the fields that the script puts in conflict
};

/// nullopt: the script fails.
using ScriptFunction = std::function<MaybeJson(const MaybeJson& base, const Json& left,
                                               const Json& right, const ScriptContext& context)>;

/// Merge scripts (docs/merge-scripts.md) whose meaning is known here too; one that is none of these
/// always fails.
struct CannedScript {
  std::string name;
  Bytes source;
  ScriptFunction function;
};
const std::vector<CannedScript>& canned_scripts();
ScriptFunction script_function(const Bytes& source);

}  // namespace isodb::reference
