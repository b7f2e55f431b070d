#include "core/protected_key.h"

#include <sodium.h>

#include <charconv>
#include <vector>

#include "core/hash.h"
#include "core/hex.h"
#include "core/secret_memory.h"
#include "isodb/error.h"

namespace isodb::core {
namespace {

constexpr std::string_view kPrefix = "isodb-secret-key ed25519 argon2id ";
constexpr std::size_t kChecksumDigits = 16;
constexpr std::uint64_t kPassesMax = 64, kMemoryKibMin = 8, kMemoryKibMax = 1 << 20,
                        kWorkKibMax = 4 << 20;  // passes times memory: some ten seconds

static_assert(crypto_pwhash_argon2id_SALTBYTES == 16);
static_assert(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES == 24);
static_assert(crypto_sign_ed25519_SEEDBYTES + crypto_aead_xchacha20poly1305_ietf_ABYTES == 48);

[[noreturn]] void refuse() {
  throw Error(ErrorCode::kInvalid, "the text of the secret key is damaged",
              "a backup may hold it whole; else the device needs a new key: docs/keys.md");
}

std::string checksum(std::string_view text) {
  return sha256(text).short_hex(kChecksumDigits);
}

/// Of the words after the prefix, which single spaces part.
std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t end = text.find(' ');
    words.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return words;
    text.remove_prefix(end + 1);
  }
}

std::uint64_t number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) refuse();
  return number;
}

template <std::size_t count>
void read_hex(std::string_view text, std::array<std::uint8_t, count>& out) {
  if (!from_hex(text, out.data(), out.size())) refuse();
}

void check_cost(const KeyCost& cost) {
  const bool sane = cost.passes >= 1 && cost.passes <= kPassesMax &&
                    cost.memory_kib >= kMemoryKibMin && cost.memory_kib <= kMemoryKibMax &&
                    cost.passes * cost.memory_kib <= kWorkKibMax;
  if (sane) return;
  throw Error(ErrorCode::kLimit,
              "the secret key says that unlocking it takes " + std::to_string(cost.passes) +
                  " passes over " + std::to_string(cost.memory_kib) + " KiB, which is refused",
              "isodb writes no such key: somebody else did");
}

SecretBytes derive(const Passphrase& passphrase, const KeyCost& cost,
                   const std::array<std::uint8_t, 16>& salt) {
  SecretBytes key(crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
  const ByteView bytes = passphrase.bytes();
  if (crypto_pwhash_argon2id(key.data(), key.size(), bytes.data(), bytes.size(), salt.data(),
                             cost.passes, cost.memory_kib << 10,
                             crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0) {
    throw Error(ErrorCode::kLimit,
                "a passphrase takes " + std::to_string(cost.memory_kib >> 10) +
                    " MiB of memory, which there is not",
                "free memory, or raise the limit (ulimit -v)");
  }
  return key;
}

const std::uint8_t* unsigned_data(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

}  // namespace

bool ProtectedKey::is_one(std::string_view text) {
  return text.starts_with(kPrefix);
}

ProtectedKey ProtectedKey::parse(std::string_view text) {
  if (!is_one(text)) refuse();
  const std::vector<std::string_view> words = words_of(text.substr(kPrefix.size()));
  if (words.size() != 7) refuse();
  ProtectedKey key;
  key.cost_ = {number_of(words[0]), number_of(words[1])};
  read_hex(words[2], key.public_.bytes);
  read_hex(words[3], key.salt_);
  read_hex(words[4], key.nonce_);
  read_hex(words[5], key.box_);
  if (key.text() != text) refuse();  // the checksum, and one spelling of each number
  check_cost(key.cost_);
  return key;
}

ProtectedKey ProtectedKey::seal(const SecretKey& key, const Passphrase& passphrase,
                                const KeyCost& cost, Environment& environment) {
  check_cost(cost);
  ProtectedKey sealed;
  sealed.public_ = key.public_key();
  sealed.cost_ = cost;
  environment.random_bytes(sealed.salt_.data(), sealed.salt_.size());
  environment.random_bytes(sealed.nonce_.data(), sealed.nonce_.size());
  const SecretBytes derived = derive(passphrase, cost, sealed.salt_);
  const std::string bound = sealed.head();
  crypto_aead_xchacha20poly1305_ietf_encrypt(
      sealed.box_.data(), nullptr, key.secret_, crypto_sign_ed25519_SEEDBYTES, unsigned_data(bound),
      bound.size(), nullptr, sealed.nonce_.data(), derived.data());
  return sealed;
}

std::string ProtectedKey::head() const {
  return std::string(kPrefix) + std::to_string(cost_.passes) + " " +
         std::to_string(cost_.memory_kib) + " " +
         to_hex(public_.bytes.data(), public_.bytes.size()) + " " +
         to_hex(salt_.data(), salt_.size()) + " " + to_hex(nonce_.data(), nonce_.size()) + " ";
}

std::string ProtectedKey::text() const {
  const std::string text = head() + to_hex(box_.data(), box_.size()) + " ";
  return text + checksum(text) + "\n";
}

SecretKey ProtectedKey::open(const Passphrase& passphrase) const {
  const SecretBytes derived = derive(passphrase, cost_, salt_);
  const std::string bound = head();
  SecretBytes seed(crypto_sign_ed25519_SEEDBYTES);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(seed.data(), nullptr, nullptr, box_.data(),
                                                 box_.size(), unsigned_data(bound), bound.size(),
                                                 nonce_.data(), derived.data()) != 0) {
    throw Error(ErrorCode::kDenied,
                "this is not the passphrase of the key " + public_.fingerprint());
  }
  SecretKey key = SecretKey::from_seed(seed.view());
  if (key.public_key() != public_) refuse();
  return key;
}

}  // namespace isodb::core
