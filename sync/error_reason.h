#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "isodb/bytes.h"
#include "isodb/error.h"
#include "wire/messages.h"

namespace isodb::sync {

/// The ERROR that tells of an error here, by its kind alone: its words may name files of this
/// machine, and are for this side's people. Not for what says that the peer may not do something,
/// or met another repository: errors with these codes are taken for this side's own trouble.
wire::ErrorMessage message_of(const Error& error);
/// The ERROR that tells of an error whose words are made for the peer.
wire::ErrorMessage message_in_words(const Error& error);
/// The one that tells why a server ends a session that nothing is wrong with: see
/// net::Protocol::closing().
wire::ErrorMessage message_of_closing(const Error& why);
/// All that a device is told that is not let in: a whole frame, the same for all.
Bytes refusal_message();
/// What a peer's ERROR means here, as an error: kIo where its number is unknown.
Error error_said(const wire::ErrorMessage& message);
/// A peer's words, fit for a terminal and a log.
std::string printable(std::string_view text);

}  // namespace isodb::sync
