#pragma once

#include "merge/script/builtins.h"
#include "merge/script/machine.h"
#include "merge/script/value.h"

namespace isodb::script {

/// format % arguments.
Value format_percent(Machine& machine, const String& format, const Value& arguments);
/// format.format(…).
Value format_braces(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments);

}  // namespace isodb::script
