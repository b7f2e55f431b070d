#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "isodb/key.h"
#include "isodb/passphrase.h"

namespace isodb::core {

/// What one attempt at a passphrase costs: Argon2id's passes over so much memory. The default is
/// what RFC 9106 (section 4) recommends where memory is scarce, in one lane.
struct KeyCost {
  std::uint64_t passes = 3;
  std::uint64_t memory_kib = std::uint64_t{64} << 10;

  friend bool operator==(const KeyCost&, const KeyCost&) = default;
};

/// A secret key under a passphrase, as one line of text (docs/storage.md, Keys). The public half
/// can be read without it. A plain value that holds no secret.
class ProtectedKey {
 public:
  /// Whether the text is meant to be one, sound or not.
  static bool is_one(std::string_view text);
  /// Error(kInvalid) for damage or any other text; Error(kLimit) for a cost that nobody can have
  /// meant: a forged file must not take all memory or an hour.
  static ProtectedKey parse(std::string_view text);
  /// With a salt and a nonce from `environment`. Errors of memory as open().
  static ProtectedKey seal(const SecretKey& key, const Passphrase& passphrase,
                           const KeyCost& cost = {},
                           Environment& environment = system_environment());

  const PublicKey& public_key() const { return public_; }
  const KeyCost& cost() const { return cost_; }
  /// What parse() reads.
  std::string text() const;
  /// Takes what its cost says of time and memory. Error(kDenied) for another passphrase,
  /// Error(kInvalid) where the secret half is another key's, Error(kLimit) without enough memory.
  SecretKey open(const Passphrase& passphrase) const;

 private:
  ProtectedKey() = default;
  /// All before the box: what the box is bound to.
  std::string head() const;

  PublicKey public_;
  KeyCost cost_;
  std::array<std::uint8_t, 16> salt_{};
  std::array<std::uint8_t, 24> nonce_{};
  std::array<std::uint8_t, 48> box_{};
};

}  // namespace isodb::core
