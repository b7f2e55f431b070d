#pragma once

#include <memory>
#include <string_view>

#include "merge/environment.h"
#include "merge/script/script.h"
#include "merge/script_runner.h"

namespace isodb::merge {

/// The name of the function that a merge script defines.
inline constexpr std::string_view kMergeFunction = "merge";

/// Error(kInvalid), mostly script::ScriptError with line and column, for a text that is no merge
/// script: it does not compile, or defines no function merge.
script::Program compile_merge_script(std::string_view source);

/// Runs merge(base, left, right, context) of a script on one step, with the helper module of merge
/// scripts. As script::run().
script::Outcome run_merge_script(const script::Program& program, const Rule& budget,
                                 const ScriptStep& step);
/// What merging makes of an outcome.
ScriptAnswer answer_of(script::Outcome outcome);

/// Compiles scripts when they are first asked for and remembers the programs by content id, a
/// bounded number of them. One thread at a time.
ScriptLoader make_script_loader();

}  // namespace isodb::merge
