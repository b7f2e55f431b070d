#include "isodb/key.h"

#include <nlohmann/json.hpp>
#include <set>

#include "core/ed25519.h"
#include "core/hash.h"
#include "core/hex.h"
#include "isodb/error.h"
#include "tests/support/testing.h"

using namespace isodb;

namespace {

Bytes unhex(const std::string& text) {
  Bytes bytes(text.size() / 2, '\0');
  REQUIRE(core::from_hex(text, reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()));
  return bytes;
}

/// A signature of another length than 64 bytes cannot even be parsed: it counts as refused.
bool accepts(const std::string& key, const std::string& signature, const std::string& message) {
  const auto parsed_key = PublicKey::parse("ed25519:" + key);
  const auto parsed_signature = Signature::from_hex(signature);
  return parsed_key && parsed_signature &&
         core::verify_ed25519(*parsed_key, *parsed_signature, unhex(message));
}

SecretKey sample_key() {
  return SecretKey::from_seed(std::string(32, '\x2a'));
}

}  // namespace

TEST_CASE("Ed25519 verification gives Wycheproof's verdicts") {
  const auto path = testing::shared_data("ed25519/wycheproof_ed25519_half.json");
  if (!path) return;
  const auto vectors = nlohmann::json::parse(testing::slurp(*path));
  int cases = 0;
  for (const auto& group : vectors.at("testGroups")) {
    for (const auto& test : group.at("tests")) {
      INFO("tcId " << test.at("tcId") << " " << test.at("comment"));
      CHECK(accepts(group.at("publicKey").at("pk"), test.at("sig"), test.at("msg")) ==
            (test.at("result") == "valid"));
      ++cases;
    }
  }
  CHECK(cases == 75);
}

TEST_CASE("Ed25519 keys and signatures of sign.input verify, and stop to when a bit flips") {
  const auto path = testing::shared_data("ed25519/sign.input.even.txt");
  if (!path) return;
  std::istringstream lines(testing::slurp(*path));
  std::string line;
  int cases = 0;
  while (std::getline(lines, line)) {
    std::istringstream fields(line);
    std::string secret, key, message, signed_message;
    std::getline(fields, secret, ':');
    std::getline(fields, key, ':');
    std::getline(fields, message, ':');
    std::getline(fields, signed_message, ':');
    std::string signature = signed_message.substr(0, 128);
    const SecretKey made = SecretKey::from_seed(unhex(secret.substr(0, 64)));
    CHECK(made.public_key().text() == "ed25519:" + key);
    CHECK(accepts(key, signature, message));
    CHECK_FALSE(accepts(key, signature, message + "00"));
    char& digit = signature[static_cast<std::size_t>(cases) % signature.size()];
    digit = digit == '0' ? '1' : '0';
    CHECK_FALSE(accepts(key, signature, message));
    ++cases;
  }
  CHECK(cases == 128);
}

TEST_CASE("a key of small order, or written otherwise than canonically, is not sound") {
  CHECK(core::is_sound_key(sample_key().public_key()));
  const auto key = [](const std::string& hex) { return PublicKey::from_bytes(unhex(hex)); };
  const std::string zeros(62, '0'), ones(60, 'f');
  CHECK_FALSE(core::is_sound_key(key("00" + zeros)));
  CHECK_FALSE(core::is_sound_key(key("01" + zeros)));
  CHECK_FALSE(core::is_sound_key(key("ec" + ones + "7f")));  // order 2
  CHECK_FALSE(core::is_sound_key(key("ec" + ones + "ff")));  // the same, with the sign of x
  CHECK_FALSE(core::is_sound_key(key("f0" + ones + "7f")));  // 3 above the field's prime: y = 3
  CHECK(core::is_sound_key(key("03" + zeros)));
}

// "Taming the many EdDSAs" (Chalkias, Garillot, Nikolaenko, 2020) lists twelve signatures on whose
// validity implementations differ. What holds here, for ever:
//  0-2  key or commitment of small order: refused
//  3    key and commitment of mixed order, both equations hold: accepted (canonical, cofactorless)
//  4-5  only the equation with the cofactor holds: refused
//  6-7  S is not below the group order: refused
//  8-11 key or commitment not canonical, or of small order: refused
TEST_CASE("of the disputed Ed25519 signatures, only the one under strict rules is accepted") {
  const auto path = testing::shared_data("ed25519/speccheck_cases.json");
  if (!path) return;
  const auto cases = nlohmann::json::parse(testing::slurp(*path));
  REQUIRE(cases.size() == 12);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    INFO("case " << i);
    CHECK(accepts(cases[i].at("pub_key"), cases[i].at("signature"), cases[i].at("message")) ==
          (i == 3));
  }
}

TEST_CASE("keys of small order are refused with either sign and in non-canonical form") {
  // With such a key and S = 0, R = identity, lax verifiers accept any message.
  const std::string identity = "01" + std::string(62, '0');
  for (const std::string& key :
       {std::string(64, '0'), std::string(62, '0') + "80", identity,
        "01" + std::string(60, '0') + "80", "ec" + std::string(60, 'f') + "7f",
        "ec" + std::string(60, 'f') + "ff", "ed" + std::string(60, 'f') + "7f",
        "ee" + std::string(60, 'f') + "7f", "ee" + std::string(60, 'f') + "ff",
        std::string("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
        std::string("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"),
        std::string("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
        std::string("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa")}) {
    INFO(key);
    CHECK_FALSE(accepts(key, identity + std::string(64, '0'), "00"));
  }
}

TEST_CASE("a signature counts for its own domain, repository and message only") {
  const SecretKey key = sample_key();
  const Id repository = core::sha256("repository");
  const Signature signature = key.sign(SignatureDomain::kCommit, repository, "message");
  const auto holds = [&](SignatureDomain domain, const Id& id, ByteView message) {
    return verify_signature(key.public_key(), signature, domain, id, message);
  };
  CHECK(holds(SignatureDomain::kCommit, repository, "message"));
  CHECK_FALSE(holds(SignatureDomain::kTag, repository, "message"));
  CHECK_FALSE(holds(SignatureDomain::kRef, repository, "message"));
  CHECK_FALSE(holds(SignatureDomain::kBundle, repository, "message"));
  CHECK_FALSE(holds(SignatureDomain::kCommit, Id{}, "message"));
  CHECK_FALSE(holds(SignatureDomain::kCommit, repository, "massage"));
  CHECK_FALSE(holds(SignatureDomain::kCommit, repository, ""));
  CHECK_FALSE(verify_signature(SecretKey::generate().public_key(), signature,
                               SignatureDomain::kCommit, repository, "message"));
}

TEST_CASE("what a signature covers is frozen: domain string, repository, message") {
  const SecretKey key = sample_key();
  const Id repository = core::sha256("repository");
  const std::pair<SignatureDomain, std::string> kDomains[] = {
      {SignatureDomain::kCommit, "isodb-commit-v1"},
      {SignatureDomain::kTag, "isodb-tag-v1"},
      {SignatureDomain::kRef, "isodb-ref-v1"},
      {SignatureDomain::kBundle, "isodb-bundle-v1"}};
  for (const auto& [domain, name] : kDomains) {
    const Bytes covered = name + '\0' + std::string(repository.bytes()) + "message";
    CHECK(core::verify_ed25519(key.public_key(), key.sign(domain, repository, "message"), covered));
  }
}

TEST_CASE("a key file has one form, and reads back as the same key") {
  const SecretKey key = SecretKey::generate();
  const std::string text = key.text();
  CHECK(text.starts_with("isodb-secret-key ed25519 "));
  CHECK(text.size() == 25 + 64 + 1);
  CHECK(SecretKey::parse(text).public_key() == key.public_key());
  const std::string digits = text.substr(25, 64);
  for (const std::string& wrong :
       {std::string(), text.substr(0, text.size() - 1), text + "\n", " " + text,
        "isodb-secret-key ed25519 " + digits.substr(2) + "\n",
        "isodb-secret-key ed448 " + digits + "\n", digits + "\n",
        "isodb-secret-key ed25519 " + std::string(64, 'A') + "\n",
        "isodb-secret-key ed25519 " + digits + "\r\n"}) {
    const auto error = testing::error_of([&] { SecretKey::parse(wrong); });
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::kInvalid);
    CHECK(std::string(error->what()).find(digits.substr(2)) == std::string::npos);
  }
  CHECK(testing::error_code_of([] { SecretKey::from_seed("short"); }) == ErrorCode::kInvalid);
}

TEST_CASE("a public key has one text form and a fingerprint of 32 digits") {
  const PublicKey key = sample_key().public_key();
  const std::string text = key.text();
  REQUIRE(PublicKey::parse(text));
  CHECK(*PublicKey::parse(text) == key);
  const ByteView raw(reinterpret_cast<const char*>(key.bytes.data()), 32);
  CHECK(PublicKey::from_bytes(raw) == key);
  CHECK(key.fingerprint() == core::sha256(raw).hex().substr(0, 32));
  CHECK_FALSE(PublicKey::parse(text.substr(8)));
  CHECK_FALSE(PublicKey::parse(text + "0"));
  CHECK_FALSE(PublicKey::parse("ED25519:" + text.substr(8)));
  CHECK(testing::error_code_of([&] { PublicKey::from_bytes(raw.substr(1)); }) ==
        ErrorCode::kInvalid);
}

TEST_CASE("a signature is deterministic, and its text is 128 digits") {
  const Signature signature = sample_key().sign(SignatureDomain::kTag, Id{}, "x");
  CHECK(signature == sample_key().sign(SignatureDomain::kTag, Id{}, "x"));
  CHECK(Signature::from_hex(signature.hex()) == signature);
  CHECK_FALSE(Signature::from_hex(signature.hex().substr(2)));
}

TEST_CASE("a moved key still signs, and every generated key is another") {
  SecretKey key = sample_key();
  const Signature signature = key.sign(SignatureDomain::kTag, Id{}, "x");
  SecretKey moved = std::move(key);
  CHECK(moved.sign(SignatureDomain::kTag, Id{}, "x") == signature);
  SecretKey other = SecretKey::generate();
  other = std::move(moved);
  CHECK(other.sign(SignatureDomain::kTag, Id{}, "x") == signature);
  std::set<std::string> keys;
  for (int i = 0; i < 50; ++i) keys.insert(SecretKey::generate().public_key().text());
  CHECK(keys.size() == 50);
}
