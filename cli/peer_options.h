#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/context.h"
#include "cli/options.h"
#include "isodb/sync.h"

namespace isodb::cli {

/// What every command takes that talks to another repository.
struct PeerOptions {
  std::optional<std::string> fingerprint;
  std::optional<std::uint64_t> timeout;  ///< in seconds

  void declare(Options& options);
  /// Puts what --fingerprint says in the place of what was known.
  void apply(sync::Remote& remote) const;
  /// With the way to ask a person on a terminal about a peer that is not known yet.
  sync::SyncOptions sync_options(sync::Direction direction) const;
};

/// The remote that `word` means; without a word "origin", or the only one. Error(kNotFound) where
/// there is none.
sync::Remote chosen_remote(const Repository& repository, const std::optional<std::string>& word);

/// Asks on the terminal whether a peer with this key is the right one.
bool ask_about_peer(const std::string& url, const PublicKey& key);

}  // namespace isodb::cli
