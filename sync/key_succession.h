#pragma once

#include "isodb/key.h"
#include "repo/state.h"

namespace isodb::sync {

/// Whether the members of the current branch say that the device which had the key `known` goes on
/// with `shown`: an admin let it in to replace that one (docs/keys.md), or one that replaced it.
/// Thread-safe; does not throw: what cannot be read says no.
bool has_succeeded(RepositoryState& repository, const PublicKey& known,
                   const PublicKey& shown) noexcept;

/// Whether the members of the current branch have this key, and it is not revoked. Thread-safe;
/// does not throw: what cannot be read says no.
bool is_member(RepositoryState& repository, const PublicKey& key) noexcept;

}  // namespace isodb::sync
