#pragma once

#include "isodb/bytes.h"
#include "isodb/key.h"

namespace isodb::core {

/// True when `signature` is `key`'s over exactly `message`, under the rules of verify_signature():
/// S below the group order, key and commitment R in canonical encoding and not of small order, and
/// the equation S·B = R + k·A without the cofactor. Thread-safe. Callers outside core use
/// verify_signature(), which adds what the signature is for.
bool verify_ed25519(const PublicKey& key, const Signature& signature, ByteView message);

/// True when `key` is in canonical encoding and not of small order: whoever shows it and signs with
/// it holds one secret. For those who leave the verification itself to others. Thread-safe.
bool is_sound_key(const PublicKey& key);

}  // namespace isodb::core
