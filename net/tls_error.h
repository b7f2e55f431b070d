#pragma once

#include <string>

#include "isodb/error.h"
#include "isodb/key.h"
#include "net/tls.h"

namespace isodb::net {

/// An OpenSSL call failed where nothing of the peer's plays a part: Error(kIo).
[[noreturn]] void throw_openssl_error(const std::string& doing);

/// What the first error in OpenSSL's queue of this thread means for a channel, and empties it.
/// `own_key` and `role` are this device's, `handshake_done` the channel's state.
Error explain_tls_failure(const PublicKey& own_key, TlsRole role, bool handshake_done);

}  // namespace isodb::net
