#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "isodb/bytes.h"
#include "isodb/key.h"
#include "net/address.h"
#include "net/cancellation.h"
#include "net/carrier.h"
#include "net/protocol.h"
#include "net/tls.h"

namespace isodb::net {

struct TalkOptions {
  std::chrono::milliseconds connect_timeout{30'000};    ///< resolving the name and connecting
  std::chrono::milliseconds handshake_timeout{30'000};  ///< TLS, on the slowest line
  std::chrono::milliseconds silence_timeout{60'000};    ///< nothing heard while listening
  std::optional<std::chrono::milliseconds> time_max;    ///< for the whole conversation
  /// A whole message that is sent when nothing else was sent for `keep_alive_every`; empty: none.
  Bytes keep_alive;
  std::chrono::milliseconds keep_alive_every{20'000};
  /// Of a responder: a whole message, all that a peer is told whose key is proved and not accepted.
  Bytes refusal;
  /// Called by the calling thread about four times a second. May be empty.
  std::function<void(const Traffic&)> progress;
  /// Ends the conversation in order when it is requested. Must outlive the call.
  const Cancellation* cancellation = nullptr;
};

/// How a conversation ended. A broken line is no surprise, so it is a value.
struct Talked {
  std::optional<Error> error;  ///< nullopt: finished in order
  std::optional<PublicKey> peer;
  Traffic traffic;
};

/// Talks over `carrier` until the protocol is finished, the line ends or time is up. The calling
/// thread carries bytes; the factory and the protocol run in a second thread, so that a long step
/// does not silence the line. Both are done when this returns.
Talked talk(const TlsContext& context, Carrier carrier, const AcceptKey& accept,
            const ProtocolFactory& factory, const TalkOptions& options = {});

/// Connects to a server and talks, as the initiator. For ssh:// see connect_ssh() in net/carrier.h.
Talked talk_to(const SecretKey& key, const Address& address, const AcceptKey& accept,
               const ProtocolFactory& factory, const TalkOptions& options = {});

/// For a protocol that the caller owns: a factory that lends it.
ProtocolFactory lend(Protocol& protocol);

/// The key that answers at the other end, for a first contact: a person compares its fingerprint,
/// and the next conversation accepts only that key. This side's key is not shown. Not proved:
/// whoever is there can show any key, but cannot talk with it. Error(kIo, kInvalid, ...) as in
/// talk().
PublicKey ask_key(const SecretKey& key, Carrier carrier, const TalkOptions& options = {});
PublicKey ask_key(const SecretKey& key, const Address& address, const TalkOptions& options = {});

}  // namespace isodb::net
