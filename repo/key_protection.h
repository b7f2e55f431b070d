#pragma once

#include "core/protected_key.h"
#include "isodb/passphrase.h"
#include "repo/state.h"

namespace isodb::repo {

/// As the public protect_key(), at a price that a test can pay many times.
void protect_key(RepositoryState& state, const Passphrase& passphrase, const core::KeyCost& cost);

}  // namespace isodb::repo
