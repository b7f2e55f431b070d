#pragma once

#include "core/json.h"
#include "merge/script/failure.h"
#include "merge/script/heap.h"
#include "merge/script/value.h"

namespace isodb::script {

enum class TextOwner {
  kCaller,  ///< the JSON value outlives the run: its texts are not copied
  kRun,
};

/// A JSON value as a script sees it: null None, objects dicts, arrays lists; numbers without point
/// and exponent ints, others floats that keep their text. Charges a step and the cells of every
/// value. Throws Stop; Error(kInvalid) for a string that is not UTF-8.
Value from_json(Heap& heap, const core::Json& json, TextOwner owner, int depth = 0);

/// The JSON of None, bools, ints, finite floats, strings, lists, tuples, and dicts with strings for
/// keys; Stop(`otherwise`) for anything else. A float that came from a document has its text there.
core::Json to_json(Heap& heap, const Value& value, Reason otherwise, int depth = 0);

}  // namespace isodb::script
