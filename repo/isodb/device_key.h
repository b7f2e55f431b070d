#pragma once

#include <optional>

#include "isodb/key.h"
#include "isodb/passphrase.h"
#include "isodb/repository.h"

namespace isodb {

// The care of the key that a clone signs with: docs/keys.md. All of these may be called from any
// thread, one at a time for each repository folder: Error(kBusy) while another program does.

/// How a clone's key lies in its folder. A plain value.
struct DeviceKey {
  PublicKey key;
  bool is_protected = false;      ///< under a passphrase
  std::optional<PublicKey> next;  ///< of a rotation that is under way
};

/// Error(kDenied) where there is no key, Error(kCorrupt) where its file holds something else.
DeviceKey device_key(const Repository& repository);

/// Puts the key under `passphrase`, durably and atomically; where it is under another one,
/// OpenOptions::passphrase is asked first. What stood in the file before may remain in blocks of
/// the disk that are free now. Errors of OpenOptions::passphrase; Error(kInvalid) while a rotation
/// is under way.
void protect_key(Repository& repository, const Passphrase& passphrase);
/// The reverse. Errors as protect_key().
void unprotect_key(Repository& repository);

struct RotationOptions {
  /// Does not wait until others have heard of the new key: docs/keys.md says what that costs.
  bool now = false;
};

/// What one call of rotate_key() came to. A plain value.
struct Rotation {
  enum class Step {
    kWaiting,  ///< the new key is made, and no member yet: an admin has to let it in
    kLetIn,    ///< the new key is a member; this clone signs with the old one still
    kDone,     ///< this clone signs with the new key
  };
  Step step = Step::kWaiting;
  PublicKey before, after;
  bool is_revoked = false;  ///< `before`, as this clone knows
};

/// One step of the way to another key. The key of an admin lets the next one in itself; called
/// again, it revokes itself and is replaced. Any other key waits until an admin has let the next
/// one in, and is replaced then; an admin revokes it afterwards. A crash at any moment leaves a
/// clone that goes on where it was when this is called again. The writer id stays.
/// The members are those of the current branch. Other handles, in whatever process, go on with the
/// old key until they are opened anew. The old secret key is overwritten.
/// Errors of OpenOptions::passphrase and of a commit; Error(kStale) when somebody else changed the
/// same members meanwhile.
Rotation rotate_key(Repository& repository, const RotationOptions& options = {});

}  // namespace isodb
