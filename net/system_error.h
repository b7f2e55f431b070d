#pragma once

#include <string>

#include "isodb/error.h"

namespace isodb::net {

/// What the system calls an error, in English whatever the locale. Thread-safe.
std::string reason_of(int error_number);

/// "cannot <doing>: <reason>" from errno, with the code and the hint that the reason asks for.
Error system_error(const std::string& doing, int error_number);
[[noreturn]] void throw_system_error(const std::string& doing, int error_number);

}  // namespace isodb::net
