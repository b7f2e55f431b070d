#pragma once

#include <string>

#include "isodb/error.h"

namespace isodb::net {

/// "cannot <doing>: <reason>" from errno, with the code and the hint that the reason asks for.
Error system_error(const std::string& doing, int error_number);
[[noreturn]] void throw_system_error(const std::string& doing, int error_number);

}  // namespace isodb::net
