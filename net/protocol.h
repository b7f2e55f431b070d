#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "isodb/bytes.h"
#include "isodb/error.h"
#include "isodb/key.h"

namespace isodb::net {

/// One end of a conversation over an authenticated, encrypted line: bytes in, bytes out. It knows
/// nothing of what carries them.
///
/// Threads: its functions are called one at a time, but not all by one thread; what one call wrote,
/// the next one sees. A call may take long (a merge): others' lines go on meanwhile.
/// Errors: what receive() and produce() throw (isodb::Error) ends the conversation; produce() is
/// then asked a last time, for what the peer should still be told, and the line is closed.
class Protocol {
 public:
  /// What produce() is offered at least.
  static constexpr std::size_t kProduceBytesMin = 65'536 + 64;

  virtual ~Protocol() = default;
  /// The next bytes from the peer, in pieces of any size, at most 64 KiB. Only called while
  /// wants_input().
  virtual void receive(ByteView plaintext) = 0;
  /// The next bytes for the peer, at most `bytes_max` (kProduceBytesMin or more); empty: nothing
  /// now. Asked again after each receive(), after a Waker's call, and, where it gave something, as
  /// soon as there is room for more. Whole messages: where one answer ends, the line's own
  /// keep-alive message may follow.
  virtual Bytes produce(std::size_t bytes_max) = 0;
  /// Nothing more is to be sent or awaited: once what was produced is sent, the line is closed.
  virtual bool finished() const = 0;
  /// False: what the peer sends has to wait, and soon the peer itself. A protocol that cannot send
  /// must still take input, or two peers wait for each other for ever.
  virtual bool wants_input() const = 0;
  /// This side is about to end the conversation, for a reason that the protocol has nothing to do
  /// with: another one takes its place, the server stops. produce() is then asked a last time, for
  /// what the peer should still be told; receive() is called no more.
  virtual void closing(const Error& why) { static_cast<void>(why); }
  /// Called once, last, however it ended: nullopt when finished() was true and the line was closed
  /// in order. Here what was taken so far is made durable. What it throws is dropped.
  virtual void ended(const std::optional<Error>& why) { static_cast<void>(why); }
};

/// Asks produce() of the conversation that it belongs to once more. Callable from any thread, at
/// any time, also after the conversation ended; copies may be kept.
using Waker = std::function<void()>;

/// Whom one talks to.
struct Peer {
  PublicKey key;     ///< proved by TLS
  std::string name;  ///< where from, for people: "192.0.2.7:51234", "ssh: host"
  Waker wake;
};

/// Makes the protocol for a peer whose key is proved. Runs where the protocol will run, so it may
/// take long. To refuse the peer it throws isodb::Error.
using ProtocolFactory = std::function<std::unique_ptr<Protocol>(const Peer&)>;

/// Bytes of one conversation.
struct Traffic {
  std::uint64_t payload_in = 0;   ///< of the protocol, with keep-alive messages
  std::uint64_t payload_out = 0;  ///< as handed to TLS
  std::uint64_t total_in = 0;     ///< on the line, with all of TLS, without TCP's and IP's headers
  std::uint64_t total_out = 0;
};

}  // namespace isodb::net
