#pragma once

#include "merge/script/builtins.h"

namespace isodb::script {

// Methods of strings, by file.

// string_split.cc
Value string_join(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments);
Value string_partition(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments);
Value string_replace(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments);
Value string_rpartition(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments);
Value string_rsplit(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments);
Value string_split(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments);
Value string_splitlines(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments);

// string_characters.cc: of letters, those of ASCII alone.
Value string_capitalize(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments);
Value string_elems(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments);
Value string_elem_ords(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments);
Value string_isalnum(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments);
Value string_isalpha(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments);
Value string_isdigit(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments);
Value string_islower(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments);
Value string_isspace(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments);
Value string_istitle(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments);
Value string_isupper(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments);
Value string_lower(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments);
Value string_title(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments);
Value string_upper(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments);

/// What strip() and split() take for space: those of ASCII.
inline constexpr std::string_view kSpaces = " \t\n\v\f\r";

}  // namespace isodb::script
