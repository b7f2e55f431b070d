#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "isodb/bytes.h"
#include "isodb/error.h"
#include "isodb/key.h"
#include "net/address.h"
#include "net/protocol.h"
#include "net/tls.h"

namespace isodb::net {

/// What a server tells the one who runs it. Never holds secrets.
struct ServerEvent {
  enum class Kind {
    kOpened,   ///< a device is in
    kClosed,   ///< a device's conversation ended; `error` says why, where it was not in order
    kRefused,  ///< a connection that never got in: TLS, key, limits
    kTrouble,  ///< not of one connection: no descriptors left, and the like
  };
  Kind kind = Kind::kTrouble;
  std::string peer;              ///< "192.0.2.7:51234"
  std::optional<PublicKey> key;  ///< kOpened, kClosed; kRefused where one was shown, also unproved
  std::optional<Error> error;
  Traffic traffic;  ///< kClosed, kRefused
};

struct ServerOptions {
  /// Where to listen; port 0: any free one (see Server::addresses()). Host "": every address.
  std::vector<Address> listen;
  /// Decides on keys; called by the I/O thread.
  AcceptKey accept;
  /// Makes a device's protocol; called by a worker.
  ProtocolFactory factory;
  /// What happens, for a log; called by the I/O thread, so it must not block. May be empty.
  std::function<void(const ServerEvent&)> on_event;

  std::size_t workers = 2;  ///< threads that run protocols
  /// Devices and connections that may become one. More are closed as they come.
  std::size_t connections_max = 1'200;
  /// Connections without a proved key: in all (more wait in the system's queue), and from one
  /// address (more are closed).
  std::size_t strangers_max = 256;
  std::size_t strangers_per_source_max = 32;
  std::chrono::milliseconds handshake_timeout{10'000};
  /// A device that was silent for so long, while it was listened to, is closed.
  std::chrono::milliseconds silence_timeout{60'000};
  /// A whole message that is sent when nothing else was sent for `keep_alive_every`; empty: none.
  Bytes keep_alive;
  std::chrono::milliseconds keep_alive_every{20'000};
  /// A whole message, all that a peer is told whose key is proved and not accepted; empty: nothing.
  Bytes refusal;
};

/// Talks to many devices: one I/O thread (the one that calls run()) for all lines and timers, and a
/// few workers for what takes time. An idle device costs no thread.
///
/// A device has one conversation at a time, and the newest connection wins: a device comes back
/// long before this side can know that its old line is dead. The old conversation is ended first
/// (Error(kStale)), its running step with it; then the new one begins.
///
/// Threads: stop() may be called from any thread and from a signal handler; all else from one.
class Server {
 public:
  /// Listens from here on. Error(kBusy) where an address is taken, kDenied, kInvalid, kIo.
  Server(const SecretKey& key, ServerOptions options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// The addresses listened on, with their real ports.
  const std::vector<Address>& addresses() const;
  /// Serves until stop(). Then no connection is accepted, running work finishes its step, every
  /// protocol is told that it ended, and lines are closed with a farewell.
  void run();
  void stop() noexcept;

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace isodb::net
