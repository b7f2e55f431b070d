#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "isodb/bytes.h"
#include "isodb/id.h"

namespace isodb {

namespace core {
class ProtectedKey;
}

/// An Ed25519 public key (RFC 8032). A plain value.
struct PublicKey {
  std::array<std::uint8_t, 32> bytes{};

  static PublicKey from_bytes(ByteView raw);  ///< 32 bytes; Error(kInvalid) otherwise
  static std::optional<PublicKey> parse(std::string_view text);  ///< "ed25519:<64 hex>"
  std::string text() const;                                      ///< "ed25519:<64 hex>"
  /// 32 hexadecimal digits: the first 16 bytes of SHA-256 of the key. How people and file names
  /// call a key.
  std::string fingerprint() const;

  friend auto operator<=>(const PublicKey&, const PublicKey&) = default;
};

/// A detached Ed25519 signature. A plain value.
struct Signature {
  std::array<std::uint8_t, 64> bytes{};

  static std::optional<Signature> from_hex(std::string_view text);
  std::string hex() const;

  friend bool operator==(const Signature&, const Signature&) = default;
};

/// What a signature is for, so that one made for a commit never counts for anything else.
enum class SignatureDomain { kCommit, kTag, kRef, kBundle };

/// An Ed25519 key pair. Owns the secret in locked memory that is wiped on destruction; never prints
/// or logs it. Movable, not copyable. sign() may be called from several threads.
class SecretKey {
 public:
  /// A new key from the operating system's random source. Error(kIo) when that fails.
  static SecretKey generate();
  /// From a 32-byte seed (RFC 8032's private key). Error(kInvalid) for another length.
  static SecretKey from_seed(ByteView seed);
  /// From the text of a key file: "isodb-secret-key ed25519 <64 hex of the seed>\n".
  /// Error(kInvalid) otherwise.
  static SecretKey parse(std::string_view text);

  SecretKey(SecretKey&&) noexcept;
  SecretKey& operator=(SecretKey&&) noexcept;
  ~SecretKey();

  const PublicKey& public_key() const { return public_; }
  /// The text that parse() reads. The caller keeps it secret.
  std::string text() const;

  /// Signs domain string ‖ repository id ‖ message, as docs/format.md defines.
  Signature sign(SignatureDomain domain, const Id& repository, ByteView message) const;

 private:
  friend class core::ProtectedKey;
  SecretKey();

  std::uint8_t* secret_ = nullptr;  // 64 bytes from sodium_malloc: seed ‖ public key
  PublicKey public_;
};

/// True when `signature` is `key`'s over domain ‖ repository ‖ message. Strict: canonical encodings
/// only, keys and commitments of small order refused, so that every verifier of a commit agrees.
/// Thread-safe, does not throw.
bool verify_signature(const PublicKey& key, const Signature& signature, SignatureDomain domain,
                      const Id& repository, ByteView message);

}  // namespace isodb
