#pragma once

#include "isodb/key.h"
#include "repo/state.h"
#include "sync/incoming.h"
#include "wire/hello.h"

namespace isodb::sync {

/// May whoever signed a bundle say where branches and tags stand? This device may, and a member who
/// may write, by the members of the current branch with what the bundle brings to it: who became a
/// member elsewhere may bring the proof along. Nobody can make himself one, as each commit that
/// came was judged by the members before it.
bool may_sign_bundle(RepositoryState& repository, Incoming& incoming, const wire::Agreement& theirs,
                     const PublicKey& signer);

}  // namespace isodb::sync
