#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "isodb/error.h"
#include "wire/messages.h"

namespace isodb::sync {

/// The ERROR that tells of an error here.
wire::ErrorMessage message_of(const Error& error);
/// The one that tells why a server ends a session that nothing is wrong with: see
/// net::Protocol::closing().
wire::ErrorMessage message_of_closing(const Error& why);
/// What a peer's ERROR means here, as an error: kIo where its number is unknown.
Error error_said(const wire::ErrorMessage& message);
/// A peer's words, fit for a terminal and a log.
std::string printable(std::string_view text);

}  // namespace isodb::sync
