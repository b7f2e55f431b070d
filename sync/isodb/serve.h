#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "isodb/error.h"
#include "isodb/key.h"
#include "isodb/repository.h"
#include "isodb/sync.h"

namespace isodb::sync {

/// What a server tells the one who runs it. Never holds secrets.
struct ServeEvent {
  enum class Kind {
    kOpened,   ///< a device is in
    kSynced,   ///< something came, went or was refused: what is new since the last one
    kClosed,   ///< a device's conversation ended; `error` says why, where it was not in order
    kRefused,  ///< a connection that never got in: TLS, key, limits
    kTrouble,  ///< not of one connection: no descriptors left, and the like
  };
  Kind kind = Kind::kTrouble;
  std::string peer;              ///< "192.0.2.7:51234"; "" for kTrouble
  std::optional<PublicKey> key;  ///< kRefused: where one was shown, perhaps without proof
  std::string member;            ///< the name that the members' documents give the key; or ""
  Report report;                 ///< kSynced
  Bandwidth bandwidth;           ///< kClosed, kRefused
  std::optional<Error> error;
};

struct ServeOptions {
  /// host, host:port, [v6]:port or :port; port 0: any free one. Empty: every address, port 9436.
  std::vector<std::string> listen;
  /// Keys that are let in whatever the members' documents say. What they push is judged by those
  /// all the same.
  std::vector<PublicKey> allow;
  /// The ref whose members are let in. Empty: heads/main, or where there is none as serving begins,
  /// the current branch of that time.
  std::string members_of;
  std::size_t workers = 2;  ///< threads that work while another carries bytes
  /// One call at a time, by any thread; what takes long holds the server up. May be empty.
  std::function<void(const ServeEvent&)> on_event;
};

/// Offers a repository to other devices over TLS: docs/protocol.md. Who is let in is decided by the
/// members of one branch, whichever is the current one: readers are sent what they lack, writers
/// and admins may send, who was revoked and who is no member learns nothing. That is looked at as a
/// device connects, and again whenever something was written, before more goes or comes. Sessions
/// that watch hear of it when branches move, whoever moved them.
///
/// Threads: stop() may be called from any thread and from a signal handler; all else from one.
class Server {
 public:
  /// Listens from here on. Error(kBusy) where an address is taken, kDenied, kInvalid, kIo,
  /// kNotFound for `members_of`. The repository, which may be used meanwhile, has to outlive it.
  Server(Repository& repository, ServeOptions options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// What is listened on, with real ports: "0.0.0.0:9436".
  std::vector<std::string> addresses() const;
  /// Serves until stop(), then ends every session in order.
  void run();
  void stop() noexcept;

 private:
  class Inside;
  std::unique_ptr<Inside> inside_;
};

/// Serves the one device at the other end of this process's standard input and output, as ssh gives
/// them; standard output is no more of use afterwards. `stop` may be nullptr.
SyncResult serve_standard_streams(Repository& repository, const ServeOptions& options,
                                  const StopRequest* stop);

}  // namespace isodb::sync
