#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "isodb/hybrid_time.h"
#include "isodb/id.h"

namespace isodb::merge {

struct Rule;

/// Why a script gave no answer.
struct ScriptFailure {
  std::string reason;   ///< from the fixed list of docs/merge-scripts.md
  std::string message;  ///< for people, with the place in the script
};

/// Whom a script's argument is from: the greatest version that went into it.
struct ScriptSide {
  HybridTime clock;
  std::string author;  ///< fingerprint
  CommitId commit;
};

/// One step of a fold, as merge(base, left, right, context) gets it. Borrows all it names.
struct ScriptStep {
  std::string_view path;
  const core::Json* base = nullptr;  ///< nullptr: None
  const core::Json* left = nullptr;
  const core::Json* right = nullptr;
  ScriptSide left_side, right_side;
};

/// Either a value or a failure.
struct ScriptAnswer {
  std::optional<core::Json> value;
  std::optional<ScriptFailure> failure;
  std::vector<std::string> conflicts = {};  ///< with a value: JSON Pointers of fields in conflict
};

/// Runs the script of a rule; whoever merges brings one, so that merging knows no language. The
/// answer must be a pure function of the rule, the script's bytes and the step.
class ScriptRunner {
 public:
  virtual ~ScriptRunner() = default;
  virtual ScriptAnswer run(const Rule& rule, const ScriptStep& step) = 0;
};

}  // namespace isodb::merge
