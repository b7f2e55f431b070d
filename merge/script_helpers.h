#pragma once

#include "merge/script/script.h"

namespace isodb::merge {

/// The module `isodb` of merge scripts (docs/merge-scripts.md, "The module isodb"): the strategies
/// of rules as functions, exact decimal arithmetic, and conflicts. A field that a function puts in
/// conflict is a note of the outcome, as a JSON Pointer. Part of what merging computes: frozen with
/// the epoch, what functions charge too. Thread-safe.
const script::Helpers& script_helpers();

}  // namespace isodb::merge
