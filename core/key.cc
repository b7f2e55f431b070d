#include "isodb/key.h"

#include <sodium.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "core/ed25519.h"
#include "core/hash.h"
#include "core/hex.h"
#include "core/secret_memory.h"
#include "isodb/error.h"

namespace isodb {
namespace {

constexpr std::string_view kPublicPrefix = "ed25519:";
constexpr std::string_view kSecretPrefix = "isodb-secret-key ed25519 ";
constexpr std::size_t kSeedBytes = crypto_sign_ed25519_SEEDBYTES;
constexpr std::size_t kSecretBytes = crypto_sign_ed25519_SECRETKEYBYTES;

using Point = std::array<std::uint8_t, 32>;  // little-endian y, the sign of x in the top bit

// The order of the base point, 2^252 + 27742317777372353535851937790883648493, little-endian.
constexpr Point kGroupOrder = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                               0xa2, 0xde, 0xf9, 0xde, 0x14, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                               0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10};
// The field's prime, 2^255 - 19, little-endian.
constexpr Point kFieldPrime = {0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                               0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                               0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f};
// The y of every point whose order divides 8: 0 (order 4), 1 (order 1), p - 1 (order 2), and the
// two of order 8.
constexpr std::array<Point, 5> kSmallOrderY = {{
    {0},
    {1},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
     0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
     0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
    {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
     0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
     0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
}};

/// a < b for little-endian numbers. Both are public, so the time may depend on them.
bool below(const std::uint8_t* a, const Point& b) {
  return std::lexicographical_compare(std::reverse_iterator(a + b.size()), std::reverse_iterator(a),
                                      b.rbegin(), b.rend());
}

/// A point in its one canonical encoding and not of small order. libsodium checks the same unless
/// it was built for compatibility; here it does not depend on how it was built. That x exists for
/// y is left to it.
bool is_acceptable_point(const std::uint8_t* encoded) {
  Point y;
  std::copy_n(encoded, y.size(), y.begin());
  y.back() &= 0x7f;
  return below(y.data(), kFieldPrime) &&
         std::find(kSmallOrderY.begin(), kSmallOrderY.end(), y) == kSmallOrderY.end();
}

/// Frozen: part of what every signature covers.
std::string_view domain_string(SignatureDomain domain) {
  using std::string_view_literals::operator""sv;
  switch (domain) {
    case SignatureDomain::kCommit:
      return "isodb-commit-v1\0"sv;
    case SignatureDomain::kTag:
      return "isodb-tag-v1\0"sv;
    case SignatureDomain::kRef:
      return "isodb-ref-v1\0"sv;
    case SignatureDomain::kBundle:
      return "isodb-bundle-v1\0"sv;
  }
  throw Error(ErrorCode::kInvalid, "no such signature domain");
}

Bytes signed_bytes(SignatureDomain domain, const Id& repository, ByteView message) {
  const std::string_view prefix = domain_string(domain);
  Bytes bytes;
  bytes.reserve(prefix.size() + Id::kSize + message.size());
  bytes.append(prefix).append(repository.bytes()).append(message);
  return bytes;
}

const unsigned char* unsigned_data(ByteView bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

}  // namespace

PublicKey PublicKey::from_bytes(ByteView raw) {
  PublicKey key;
  if (raw.size() != key.bytes.size()) {
    throw Error(ErrorCode::kInvalid,
                "a public key has 32 bytes, not " + std::to_string(raw.size()));
  }
  std::memcpy(key.bytes.data(), raw.data(), raw.size());
  return key;
}

std::optional<PublicKey> PublicKey::parse(std::string_view text) {
  if (!text.starts_with(kPublicPrefix)) return std::nullopt;
  text.remove_prefix(kPublicPrefix.size());
  PublicKey key;
  if (!core::from_hex(text, key.bytes.data(), key.bytes.size())) return std::nullopt;
  return key;
}

std::string PublicKey::text() const {
  return std::string(kPublicPrefix) + core::to_hex(bytes.data(), bytes.size());
}

std::string PublicKey::fingerprint() const {
  const Id digest = core::sha256({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  return digest.short_hex(32);
}

std::optional<Signature> Signature::from_hex(std::string_view text) {
  Signature signature;
  if (!core::from_hex(text, signature.bytes.data(), signature.bytes.size())) return std::nullopt;
  return signature;
}

std::string Signature::hex() const {
  return core::to_hex(bytes.data(), bytes.size());
}

SecretKey::SecretKey() {
  core::initialise_sodium();
  secret_ = static_cast<std::uint8_t*>(sodium_malloc(kSecretBytes));
  if (secret_ == nullptr) throw std::bad_alloc();
}

SecretKey::SecretKey(SecretKey&& other) noexcept
    : secret_(std::exchange(other.secret_, nullptr)), public_(other.public_) {}

SecretKey& SecretKey::operator=(SecretKey&& other) noexcept {
  std::swap(secret_, other.secret_);
  std::swap(public_, other.public_);
  return *this;
}

SecretKey::~SecretKey() {
  sodium_free(secret_);
}  // wipes; takes nullptr

SecretKey SecretKey::generate() {
  SecretKey key;
  crypto_sign_ed25519_keypair(key.public_.bytes.data(), key.secret_);
  return key;
}

SecretKey SecretKey::from_seed(ByteView seed) {
  if (seed.size() != kSeedBytes) {
    throw Error(ErrorCode::kInvalid,
                "the seed of a secret key has 32 bytes, not " + std::to_string(seed.size()));
  }
  SecretKey key;
  crypto_sign_ed25519_seed_keypair(key.public_.bytes.data(), key.secret_, unsigned_data(seed));
  return key;
}

SecretKey SecretKey::parse(std::string_view text) {
  const auto refuse = [] {
    throw Error(ErrorCode::kInvalid, "this is not the text of a secret key",
                "a key file is one line: isodb-secret-key ed25519 <64 hexadecimal digits>");
  };
  if (!text.starts_with(kSecretPrefix) || !text.ends_with('\n')) refuse();
  text.remove_prefix(kSecretPrefix.size());
  text.remove_suffix(1);
  SecretKey key;
  std::uint8_t seed[kSeedBytes];
  const bool valid = core::from_hex(text, seed, sizeof seed);
  if (valid) crypto_sign_ed25519_seed_keypair(key.public_.bytes.data(), key.secret_, seed);
  sodium_memzero(seed, sizeof seed);
  if (!valid) refuse();
  return key;
}

std::string SecretKey::text() const {
  std::string hex = core::to_hex(secret_, kSeedBytes);
  std::string text;
  text.reserve(kSecretPrefix.size() + hex.size() + 1);  // never moved: no copy stays behind
  text.append(kSecretPrefix).append(hex).push_back('\n');
  sodium_memzero(hex.data(), hex.size());
  return text;
}

Signature SecretKey::sign(SignatureDomain domain, const Id& repository, ByteView message) const {
  const Bytes bytes = signed_bytes(domain, repository, message);
  Signature signature;
  crypto_sign_ed25519_detached(signature.bytes.data(), nullptr, unsigned_data(bytes), bytes.size(),
                               secret_);
  return signature;
}

namespace core {

bool verify_ed25519(const PublicKey& key, const Signature& signature, ByteView message) {
  const std::uint8_t* r = signature.bytes.data();
  const std::uint8_t* s = r + 32;
  return below(s, kGroupOrder) && is_acceptable_point(r) && is_acceptable_point(key.bytes.data()) &&
         crypto_sign_ed25519_verify_detached(r, unsigned_data(message), message.size(),
                                             key.bytes.data()) == 0;
}

bool is_sound_key(const PublicKey& key) {
  return is_acceptable_point(key.bytes.data());
}

}  // namespace core

bool verify_signature(const PublicKey& key, const Signature& signature, SignatureDomain domain,
                      const Id& repository, ByteView message) {
  return core::verify_ed25519(key, signature, signed_bytes(domain, repository, message));
}

}  // namespace isodb
