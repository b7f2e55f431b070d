#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "merge/script/code.h"

namespace isodb::script {

/// Reads, resolves and compiles a script. Throws SyntaxStop.
std::shared_ptr<const Code> compile_code(std::string_view source);

/// A string that lives in a program.
const String* constant_string(Code& code, std::string_view text);

}  // namespace isodb::script
