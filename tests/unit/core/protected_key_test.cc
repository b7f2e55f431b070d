#include "core/protected_key.h"

#include <cstdint>
#include <string>

#include "core/hash.h"
#include "core/secret_memory.h"
#include "tests/support/testing.h"

using namespace isodb;
using core::KeyCost;
using core::ProtectedKey;

namespace {

constexpr KeyCost kCheap{1, 8};

/// 00 01 02 … as salt, 40 41 42 … as nonce.
class Counting : public core::Environment {
 public:
  std::uint64_t now_millis() override { return 0; }
  void random_bytes(std::uint8_t* out, std::size_t count) override {
    for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<std::uint8_t>(first_ + i);
    first_ = 0x40;
  }

 private:
  std::uint8_t first_ = 0;
};

SecretKey sample_key() {
  return SecretKey::from_seed(std::string(32, '\x2a'));
}

// Both were put together by a script of a few lines that calls Argon2id, XChaCha20-Poly1305 and
// SHA-256 by themselves.
const std::string kPublic = "197f6b23e16c8532c6abc838facd5ea789be0c76b2920334039bfa8b3d368d61 ";
const std::string kSaltAndNonce =
    "000102030405060708090a0b0c0d0e0f 404142434445464748494a4b4c4d4e4f5051525354555657 ";
const std::string kCheapText = "isodb-secret-key ed25519 argon2id 1 8 " + kPublic + kSaltAndNonce +
                               "311ce04993f243c01bf59ef41a978fee6be9752d5eca6bad80d1d60302190b27f77"
                               "7bd0af2843d6a0cea8bbcc5600440"
                               " 0d760b6ba333943c\n";
const std::string kUsualText = "isodb-secret-key ed25519 argon2id 3 65536 " + kPublic +
                               kSaltAndNonce +
                               "6722dfe2a223ae62fa30a21a27ffc5256f9f605c683a4f26ed1b9c5eca767e7df1d"
                               "1a586fe351ee2ca3c8b89b125d5b6"
                               " 99b3f461a7f42afe\n";

/// With a checksum that fits, as somebody would write it who wants it to be read.
std::string forged(std::string text) {
  text.resize(text.size() - 17);
  return text + core::sha256(text).short_hex(16) + "\n";
}

std::string replaced(std::string text, const std::string& part, const std::string& by) {
  return text.replace(text.find(part), part.size(), by);
}

std::optional<ErrorCode> opening(const std::string& text, const std::string& passphrase) {
  return testing::error_code_of([&] { ProtectedKey::parse(text).open(Passphrase(passphrase)); });
}

}  // namespace

TEST_CASE("a key under a passphrase has the bytes that docs/storage.md says") {
  const Passphrase passphrase("correct horse");
  Counting counting;
  CHECK(ProtectedKey::seal(sample_key(), passphrase, kCheap, counting).text() == kCheapText);
  Counting again;
  CHECK(ProtectedKey::seal(sample_key(), passphrase, {}, again).text() == kUsualText);
  for (const std::string& text : {kCheapText, kUsualText}) {
    const ProtectedKey read = ProtectedKey::parse(text);
    CHECK(read.public_key() == sample_key().public_key());
    CHECK(read.open(passphrase).text() == sample_key().text());
  }
}

TEST_CASE("each sealing has a salt and a nonce of its own, and hides the seed") {
  const SecretKey key = SecretKey::generate();
  const std::string a = ProtectedKey::seal(key, Passphrase("x"), kCheap).text();
  const std::string b = ProtectedKey::seal(key, Passphrase("x"), kCheap).text();
  CHECK(a.substr(103) != b.substr(103));
  const std::string seed = key.text().substr(25, 64);
  CHECK(a.find(seed) == std::string::npos);
  CHECK(ProtectedKey::parse(b).open(Passphrase("x")).text() == key.text());
}

TEST_CASE("another passphrase is denied, by whatever it differs") {
  for (const std::string wrong : {"correct hors", "correct horse ", "Correct horse", "x"}) {
    CHECK(opening(kCheapText, wrong) == ErrorCode::kDenied);
  }
  CHECK(testing::error_code_of([] { Passphrase(""); }) == ErrorCode::kInvalid);
  CHECK(testing::error_code_of([] { Passphrase(std::string(1025, 'x')); }) == ErrorCode::kInvalid);
  const std::string longest(1024, '\0');
  const std::string text = ProtectedKey::seal(sample_key(), Passphrase(longest), kCheap).text();
  CHECK_FALSE(opening(text, longest));
  CHECK(opening(text, longest.substr(1)) == ErrorCode::kDenied);
}

TEST_CASE("damage to a key under a passphrase is told from a wrong passphrase, at every byte") {
  for (std::size_t at = 0; at < kCheapText.size(); ++at) {
    for (const char bit : {1, 4}) {
      std::string damaged = kCheapText;
      damaged[at] = static_cast<char>(damaged[at] ^ bit);
      INFO(damaged);
      CHECK(opening(damaged, "correct horse") == ErrorCode::kInvalid);
    }
    CHECK(opening(kCheapText.substr(0, at), "correct horse") == ErrorCode::kInvalid);
  }
  for (const std::string& other : {kCheapText + "\n", " " + kCheapText, sample_key().text()}) {
    CHECK(opening(other, "correct horse") == ErrorCode::kInvalid);
  }
}

TEST_CASE("nothing that a key under a passphrase says of itself can be exchanged") {
  const std::string other = SecretKey::generate().public_key().text().substr(8) + " ";
  CHECK(opening(forged(replaced(kCheapText, kPublic, other)), "correct horse") ==
        ErrorCode::kDenied);
  CHECK(opening(forged(replaced(kCheapText, " 1 8 ", " 2 8 ")), "correct horse") ==
        ErrorCode::kDenied);
  CHECK(opening(forged(replaced(kCheapText, " 1 8 ", " 01 8 ")), "correct horse") ==
        ErrorCode::kInvalid);
}

TEST_CASE("a forged cost is refused before it is paid") {
  for (const char* cost : {" 0 8 ", " 65 8 ", " 1 7 ", " 1 1048577 ", " 5 1048576 ",
                           " 18446744073709551615 18446744073709551615 "}) {
    const std::string text = forged(replaced(kCheapText, " 1 8 ", cost));
    CHECK(testing::error_code_of([&] { ProtectedKey::parse(text); }) == ErrorCode::kLimit);
  }
  for (const char* cost : {" 99999999999999999999 8 ", " -1 8 ", " 1 8k "}) {
    const std::string text = forged(replaced(kCheapText, " 1 8 ", cost));
    CHECK(testing::error_code_of([&] { ProtectedKey::parse(text); }) == ErrorCode::kInvalid);
  }
}

TEST_CASE("a secret in ordinary memory is overwritten where it stood") {
  Bytes secret(100, 's');
  const char* place = secret.data();
  core::wipe(secret);
  CHECK(secret.empty());
  CHECK(std::string(place + 1, 99) == std::string(99, '\0'));
}
