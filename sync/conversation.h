#pragma once

#include <functional>
#include <memory>

#include "isodb/sync.h"
#include "net/tls.h"
#include "sync/place.h"
#include "sync/side.h"

namespace isodb::sync {

/// Makes this side's session, once it is known with whom; called once at most.
using SessionMaker = std::function<std::unique_ptr<Side>(const PublicKey& peer)>;

/// Over TCP or ssh, as the initiator, with `key` as this side's: until all is said, the line ends,
/// time is up or it is stopped. `wake` says whether refs may have moved here since it was last
/// asked; it is for sessions that watch, and may be empty.
SyncResult talk_over_network(const Place& place, const SecretKey& key, const net::AcceptKey& accept,
                             const SessionMaker& make, const std::function<bool()>& wake,
                             const SyncOptions& options);

/// The key that answers there. Errors as net::ask_key().
PublicKey ask_network_key(const Place& place, const SecretKey& key, const SyncOptions& options);

/// This side, for a conversation in one process.
struct Self {
  PublicKey key;
  std::filesystem::path folder;
  std::optional<CommitId> root;  ///< nullopt: a clone
};

/// The other repository is in a folder: both sides' sessions run in the calling thread. It is
/// opened for writing only when something is sent there. Error(kInvalid) where both are one folder,
/// or the roots differ; otherwise as Repository::open().
SyncResult talk_to_folder(const std::filesystem::path& folder, const Self& self,
                          const SessionMaker& make, const SyncOptions& options);

/// One of these with a remote, as its URL says: remembers whom it met there. Errors as sync_with().
SyncResult talk_to_remote(Repository& repository, const Remote& remote, const SessionMaker& make,
                          const SyncOptions& options);

/// What the session sends and takes.
struct Ways {
  bool sends = false, takes = false;
};
Ways ways_of(Direction direction);

}  // namespace isodb::sync
