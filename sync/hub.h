#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "isodb/serve.h"
#include "net/protocol.h"
#include "repo/state.h"

namespace isodb::sync {

/// What the sessions of one server share: who is let in, who is to be woken, whom to tell. Outlives
/// them. Thread-safe.
class Hub {
 public:
  /// Error(kNotFound) where `options` name a branch that there is not.
  Hub(std::shared_ptr<RepositoryState> repository, const ServeOptions& options);
  ~Hub();

  struct Rights {
    std::string member;  ///< its name; "" for a key that was only allowed
    bool pushes = false;
  };
  /// nullopt: is not let in. Looks at the members of the governing branch each time.
  std::optional<Rights> rights_of(const PublicKey& key) const;
  /// The same for TLS, which must not throw: trouble is told, and means no.
  bool accepts(const PublicKey& key) noexcept;

  /// Error(kDenied) for a key that has lost its right since it was let in.
  std::unique_ptr<net::Protocol> make(const net::Peer& peer);
  /// Wakes sessions where another process has written since this was last called.
  void wake_when_moved();
  /// Adds the member's name and tells.
  void tell(ServeEvent event);
  /// In a handler: tells what was thrown, and what came of it. What the listener itself throws then
  /// is dropped: trouble with one device, or for a second, must not end the server.
  void tell_trouble(const char* trouble) noexcept;

 private:
  class Served;

  std::uint64_t enter(net::Waker waker);
  void leave(std::uint64_t number);
  void wake_others(std::uint64_t number);

  const std::shared_ptr<RepositoryState> repository_;
  const ServeOptions& options_;
  const std::string governing_branch_;  // chosen once: no switch, and no peer's branch, changes it
  std::mutex mutex_;                    // of what follows
  std::map<std::uint64_t, net::Waker> wakers_;
  std::uint64_t entered_ = 0;
  std::uint64_t transactions_seen_;
  std::mutex telling_;
};

}  // namespace isodb::sync
