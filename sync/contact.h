#pragma once

#include <functional>
#include <optional>

#include "isodb/sync.h"
#include "net/tls.h"
#include "sync/place.h"

namespace isodb::sync {

/// With whom one talks at a place in the network: finds out the peer's key where it is not known,
/// and asks whether it is the right one. Borrows what it is given. One thread.
class Contact {
 public:
  /// Says whether a device that was known by one key goes on with another.
  using Succession = std::function<bool(const PublicKey& known, const PublicKey& shown)>;

  Contact(const Place& place, const SecretKey& key, Remote remote, const SyncOptions& options,
          Succession has_succeeded = {})
      : place_(place),
        key_(key),
        remote_(std::move(remote)),
        options_(options),
        has_succeeded_(std::move(has_succeeded)) {}

  /// Where nothing is known of the peer: asks it, and then the caller. A result where nobody
  /// answers. Error(kInvalid) where the answer is no.
  std::optional<SyncResult> ask();
  /// With what is known now.
  const Remote& remote() const { return remote_; }
  /// Lets in whom the remote names, or who has succeeded it, and remembers whom it did not.
  net::AcceptKey accept();
  /// Adds to an error of the conversation what to do about it.
  void explain(SyncResult& result) const;

 private:
  const Place& place_;
  const SecretKey& key_;
  Remote remote_;
  const SyncOptions& options_;
  const Succession has_succeeded_;
  std::optional<PublicKey> stranger_;  // answered instead
};

}  // namespace isodb::sync
