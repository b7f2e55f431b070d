#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "isodb/error.h"
#include "wire/messages.h"

namespace isodb::sync {

/// What ERROR says of an error here.
wire::ErrorReason reason_of(ErrorCode code);
/// What the number in a peer's ERROR means here: kIo where it is unknown.
ErrorCode code_of(std::uint64_t reason);
/// A peer's words, fit for a terminal and a log.
std::string printable(std::string_view text);

}  // namespace isodb::sync
