#include "net/tls.h"

#include <malloc.h>

#include <memory>
#include <optional>
#include <vector>

#include "isodb/error.h"
#include "tests/support/testing.h"
#include "tests/unit/net/openssl_peer.h"

namespace isodb::net {
namespace {

using testing::error_code_of;
using testing::error_of;

const std::string kInitiatorSeed(32, '\x11'), kResponderSeed(32, '\x22');

SecretKey initiator_key() {
  return SecretKey::from_seed(kInitiatorSeed);
}

SecretKey responder_key() {
  return SecretKey::from_seed(kResponderSeed);
}

bool anyone(const PublicKey& /*key*/) {
  return true;
}

bool nobody(const PublicKey& /*key*/) {
  return false;
}

TlsChannel initiator(AcceptKey accept = anyone) {
  return TlsChannel(TlsContext(initiator_key(), TlsRole::kInitiator), std::move(accept));
}

TlsChannel responder(AcceptKey accept = anyone) {
  return TlsChannel(TlsContext(responder_key(), TlsRole::kResponder), std::move(accept));
}

/// What happened to the two sides while bytes went to and fro until none came.
struct Met {
  std::optional<Error> initiator, responder;
  std::size_t to_initiator = 0, to_responder = 0;
  int turns = 0;
};

template <typename From, typename To>
std::size_t carry(From& from, To& to, std::optional<Error>& error) {
  const Bytes bytes = from.take_ciphertext();
  if (!bytes.empty() && !error) error = error_of([&] { to.receive(bytes); });
  return bytes.size();
}

template <typename Initiator, typename Responder>
Met meet(Initiator& one, Responder& other) {
  Met met;
  while (true) {
    const std::size_t there = carry(one, other, met.responder);
    const std::size_t back = carry(other, one, met.initiator);
    met.to_responder += there;
    met.to_initiator += back;
    if (there + back == 0) return met;
    ++met.turns;
  }
}

/// The types of the records in `bytes`: 22 handshake, 20 change cipher spec, 21 alert, 23
/// encrypted.
std::vector<int> record_types(ByteView bytes) {
  std::vector<int> types;
  while (bytes.size() >= 5) {
    const auto at = [&](std::size_t i) { return static_cast<std::size_t>(bytes[i] & 0xff); };
    types.push_back(bytes[0]);
    bytes.remove_prefix(std::min(bytes.size(), 5 + (at(3) << 8) + at(4)));
  }
  return types;
}

}  // namespace

TEST_CASE("two devices that accept each other's keys talk both ways") {
  TlsChannel one = initiator(accept_only(responder_key().public_key()));
  TlsChannel other = responder(accept_only(initiator_key().public_key()));
  const Met met = meet(one, other);
  CHECK_FALSE(met.initiator);
  CHECK_FALSE(met.responder);
  REQUIRE(one.handshake_done());
  REQUIRE(other.handshake_done());
  CHECK(one.peer_key() == responder_key().public_key());
  CHECK(other.peer_key() == initiator_key().public_key());
  CHECK(met.turns == 2);  // hello, answer and last flight: the responder says nothing after it
  WARN("a handshake takes " << met.to_responder << " bytes up and " << met.to_initiator << " down");
  CHECK(met.to_responder + met.to_initiator < 1'500);

  std::mt19937_64 random(1);
  const Bytes large = testing::random_bytes(random, 100'000);
  one.send("question");
  one.send(large);
  other.send("answer");
  meet(one, other);
  CHECK(other.take_plaintext() == "question" + large);
  CHECK(one.take_plaintext() == "answer");
}

TEST_CASE("the first bytes of an initiator go with its last flight of the handshake") {
  TlsChannel one = initiator();
  TlsChannel other = responder();
  other.receive(one.take_ciphertext());
  one.receive(other.take_ciphertext());
  REQUIRE(one.handshake_done());
  one.send("hello");
  other.receive(one.take_ciphertext());
  CHECK(other.take_plaintext() == "hello");
}

TEST_CASE("records carry at most 4 KiB of plain text") {
  TlsChannel one = initiator();
  TlsChannel other = responder();
  meet(one, other);
  one.send(Bytes(20'000, 'x'));
  const Bytes sent = one.take_ciphertext();
  CHECK(record_types(sent).size() == 5);
  other.receive(ByteView(sent).substr(0, sent.size() - 1));
  CHECK(other.take_plaintext().size() == 4 * 4096);  // only the cut record is lost
}

TEST_CASE("an initiator that meets another key than the known one says which, and shows no key") {
  TlsChannel one = initiator(accept_only(initiator_key().public_key()));
  TlsChannel other = responder();
  const Met met = meet(one, other);
  REQUIRE(met.initiator);
  CHECK(met.initiator->code() == ErrorCode::kUnverified);
  CHECK_THAT(met.initiator->what(), Catch::Contains(responder_key().public_key().fingerprint()) &&
                                        Catch::Contains("not the one known for this remote"));
  CHECK(one.peer_key() == responder_key().public_key());
  CHECK_FALSE(one.handshake_done());
  CHECK_FALSE(other.handshake_done());
  CHECK_FALSE(other.peer_key());
  REQUIRE(met.responder);
  CHECK(met.responder->code() == ErrorCode::kDenied);
  CHECK(error_code_of([&] { one.send("x"); }) == ErrorCode::kUnverified);
}

TEST_CASE("a responder lets nobody in whose proved key it does not accept, and may say so") {
  TlsChannel one = initiator();
  TlsChannel other = responder(nobody);
  const Met met = meet(one, other);
  CHECK_FALSE(met.initiator);
  CHECK_FALSE(met.responder);
  REQUIRE(other.refusal());
  CHECK(other.refusal()->code() == ErrorCode::kUnverified);
  CHECK_THAT(other.refusal()->what(), Catch::Contains(initiator_key().public_key().fingerprint()));
  CHECK(other.peer_key() == initiator_key().public_key());
  CHECK_FALSE(other.handshake_done());
  REQUIRE(other.can_send());
  other.send("not you");
  other.close_notify();
  meet(one, other);
  CHECK(one.take_plaintext() == "not you");
  CHECK(one.peer_closed());
}

TEST_CASE("what an initiator says that is not let in is never given out") {
  TlsChannel one = initiator();
  TlsChannel other = responder(nobody);
  other.receive(one.take_ciphertext());
  one.receive(other.take_ciphertext());
  one.send("hello");
  other.receive(one.take_ciphertext());
  CHECK(other.refusal());
  CHECK(other.take_plaintext().empty());
  one.send("hello again");
  other.receive(one.take_ciphertext());
  CHECK(other.take_plaintext().empty());
}

TEST_CASE("who shows a key without holding it gets the same answers, whosever key it is") {
  const PublicKey member = initiator_key().public_key();
  const PublicKey stranger = SecretKey::from_seed(std::string(32, '\x33')).public_key();
  std::vector<std::vector<std::size_t>> answers;
  for (const PublicKey& shown : {member, stranger}) {
    int asked = 0;
    TlsChannel other = responder([&](const PublicKey& key) {
      ++asked;
      return key == member;
    });
    OpensslPeer thief(OpensslPeer::Role::kClient,
                      {.shown_key = std::string(shown.bytes.begin(), shown.bytes.end())});
    std::optional<Error> error;
    std::vector<std::size_t>& sizes = answers.emplace_back();
    for (int i = 0; i < 3; ++i) {
      carry(thief, other, error);
      const Bytes answer = other.take_ciphertext();
      sizes.push_back(answer.size());
      thief.receive(answer);
    }
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::kUnverified);
    CHECK_THAT(error->what(), Catch::Contains("does not hold the key"));
    CHECK(other.peer_key() == shown);
    CHECK(asked == 0);
    CHECK_FALSE(other.can_send());
    CHECK_FALSE(other.refusal());
  }
  CHECK(answers[0] == answers[1]);
}

TEST_CASE("a responder refuses initiators without an Ed25519 key") {
  for (const std::string algorithm : {"", "RSA", "P-256", "ED448"}) {
    INFO("algorithm '" << algorithm << "'");
    OpensslPeer one(OpensslPeer::Role::kClient, {.algorithm = algorithm});
    TlsChannel other = responder();
    std::optional<Error> error;
    Bytes answers;
    for (int i = 0; i < 4; ++i) {
      carry(one, other, error);
      const Bytes answer = other.take_ciphertext();
      answers += answer;
      one.receive(answer);
    }
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::kUnverified);
    CHECK_FALSE(other.handshake_done());
    CHECK(one.plaintext().empty());
  }
}

TEST_CASE("an initiator refuses responders without an Ed25519 key") {
  for (const std::string algorithm : {"RSA", "P-256", "ED448"}) {
    INFO("algorithm " << algorithm);
    TlsChannel one = initiator();
    OpensslPeer other(OpensslPeer::Role::kServer, {.algorithm = algorithm});
    const Bytes hello = one.take_ciphertext();
    CHECK_FALSE(other.receive(hello));  // it has nothing to sign with
    CHECK(error_of([&] { one.receive(other.take_ciphertext()); }));
    CHECK_FALSE(one.handshake_done());
  }
}

TEST_CASE("names, dates and serial numbers of a certificate count for nothing") {
  const OddCertificate odd{.seed = kInitiatorSeed,
                           .begins = "19990101000000Z",
                           .ends = "19990102000000Z",
                           .name = "somebody else"};
  OpensslPeer one(OpensslPeer::Role::kClient, odd);
  TlsChannel other = responder(accept_only(initiator_key().public_key()));
  std::optional<Error> error;
  for (int i = 0; i < 3; ++i) {
    carry(one, other, error);
    one.receive(other.take_ciphertext());
  }
  CHECK_FALSE(error);
  CHECK(other.handshake_done());

  OddCertificate of_another = odd;
  of_another.seed = kResponderSeed;
  OpensslPeer stranger(OpensslPeer::Role::kClient, of_another);
  TlsChannel closed = responder(accept_only(initiator_key().public_key()));
  closed.receive(stranger.take_ciphertext());
  stranger.receive(closed.take_ciphertext());
  closed.receive(stranger.take_ciphertext());
  CHECK(closed.refusal());
  CHECK_FALSE(closed.handshake_done());
}

TEST_CASE("a certificate of more than 8 KiB is refused before it is taken in") {
  OpensslPeer one(OpensslPeer::Role::kClient, {.padding_bytes = 12'000});
  TlsChannel other = responder();
  other.receive(one.take_ciphertext());
  one.receive(other.take_ciphertext());
  CHECK(error_of([&] { other.receive(one.take_ciphertext()); }));
  CHECK_FALSE(other.handshake_done());
}

TEST_CASE("TLS 1.2 is refused on both sides, and said so") {
  const auto old = [](SSL_CTX* context) { SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION); };
  OpensslPeer old_client(OpensslPeer::Role::kClient, {}, old);
  TlsChannel new_server = responder();
  const auto error = error_of([&] { new_server.receive(old_client.take_ciphertext()); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kUnsupported);
  CHECK_THAT(error->what(), Catch::Contains("TLS 1.3"));
  CHECK(record_types(new_server.take_ciphertext()) == std::vector<int>{21});

  OpensslPeer old_server(OpensslPeer::Role::kServer, {}, old);
  TlsChannel new_client = initiator();
  old_server.receive(new_client.take_ciphertext());
  CHECK(error_code_of([&] { new_client.receive(old_server.take_ciphertext()); }) ==
        ErrorCode::kUnsupported);
}

TEST_CASE("suites and groups beside those of the protocol are refused") {
  const auto speak = [](const char* suites, const char* groups) {
    OpensslPeer one(OpensslPeer::Role::kClient, {}, [&](SSL_CTX* context) {
      SSL_CTX_set_ciphersuites(context, suites);
      SSL_CTX_set1_groups_list(context, groups);
    });
    TlsChannel other = responder();
    return error_code_of([&] { other.receive(one.take_ciphertext()); });
  };
  CHECK(speak("TLS_AES_256_GCM_SHA384", "X25519") == ErrorCode::kUnsupported);
  CHECK(speak("TLS_AES_128_GCM_SHA256", "P-256") == ErrorCode::kUnsupported);
  CHECK(speak("TLS_AES_128_GCM_SHA256", "X25519") == std::nullopt);
  CHECK(speak("TLS_CHACHA20_POLY1305_SHA256", "X25519") == std::nullopt);
}

TEST_CASE("a peer that names another protocol, or none, is refused on both sides") {
  using Adjust = std::function<void(SSL_CTX*)>;
  const Adjust other_name = [](SSL_CTX* context) {
    SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>("\x02h2"), 3);
  };
  const Adjust no_name = [](SSL_CTX* context) { SSL_CTX_set_alpn_protos(context, nullptr, 0); };
  for (const Adjust& adjust : {other_name, no_name}) {
    OpensslPeer one(OpensslPeer::Role::kClient, {.seed = kInitiatorSeed}, adjust);
    TlsChannel other = responder();
    const auto error = error_of([&] { other.receive(one.take_ciphertext()); });
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::kUnsupported);
    CHECK_THAT(error->what(), Catch::Contains("isodb-sync/1"));
    CHECK(record_types(other.take_ciphertext()) == std::vector<int>{21});
  }

  OpensslPeer silent(OpensslPeer::Role::kServer, {.seed = kResponderSeed}, [](SSL_CTX* context) {
    SSL_CTX_set_alpn_select_cb(context, nullptr, nullptr);
  });
  TlsChannel one = initiator();
  silent.receive(one.take_ciphertext());
  const auto error = error_of([&] { one.receive(silent.take_ciphertext()); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kUnsupported);
  CHECK_FALSE(one.handshake_done());
}

TEST_CASE("a responder gives no tickets") {
  OpensslPeer one(OpensslPeer::Role::kClient, {.seed = kInitiatorSeed});
  TlsChannel other = responder();
  for (int i = 0; i < 3; ++i) {
    const Bytes bytes = one.take_ciphertext();
    other.receive(bytes);
    const Bytes answer = other.take_ciphertext();
    if (i > 0) CHECK(answer.empty());  // after its one flight the responder is silent
    one.receive(answer);
  }
  CHECK(other.handshake_done());
}

TEST_CASE("what is no TLS is refused and called so") {
  for (const std::string& garbage :
       {std::string("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), std::string("SSH-2.0-OpenSSH_9.2\r\n"),
        std::string(64, '\0'), std::string(300, '\xff')}) {
    TlsChannel other = responder();
    const auto error = error_of([&] { other.receive(garbage); });
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::kInvalid);
    CHECK(error_code_of([&] { other.receive("more"); }) == ErrorCode::kInvalid);
    TlsChannel one = initiator();
    CHECK(error_code_of([&] { one.receive(garbage); }) == ErrorCode::kInvalid);
  }
}

TEST_CASE("a handshake cut at any byte is an error, and no side sends more than the handshake") {
  TlsChannel whole_one = initiator(), whole_other = responder();
  const Bytes hello = whole_one.take_ciphertext();
  whole_other.receive(hello);
  const Bytes answer = whole_other.take_ciphertext();
  whole_one.receive(answer);
  const Bytes last = whole_one.take_ciphertext();
  const TlsContext context(responder_key(), TlsRole::kResponder);
  for (std::size_t cut = 0; cut < hello.size(); ++cut) {
    TlsChannel other(context, anyone);
    other.receive(ByteView(hello).substr(0, cut));
    REQUIRE(error_code_of([&] { other.receive_end(); }) == ErrorCode::kIo);
    REQUIRE(other.take_ciphertext().empty());
  }
  for (std::size_t cut = 0; cut <= last.size(); ++cut) {
    TlsChannel one = initiator();
    TlsChannel other(context, anyone);
    other.receive(one.take_ciphertext());
    const Bytes flight = other.take_ciphertext();
    one.receive(ByteView(flight).substr(0, std::min(cut, flight.size() - 1)));
    REQUIRE(one.take_ciphertext().empty());
    REQUIRE(error_code_of([&] { one.receive_end(); }) == ErrorCode::kIo);
    TlsChannel again = initiator();
    TlsChannel server(context, anyone);
    server.receive(again.take_ciphertext());
    again.receive(server.take_ciphertext());
    const Bytes finish = again.take_ciphertext();
    server.receive(ByteView(finish).substr(0, std::min(cut, finish.size())));
    const bool complete = cut >= finish.size();
    REQUIRE(server.handshake_done() == complete);
    REQUIRE(server.take_ciphertext().empty());
    REQUIRE(server.take_plaintext().empty());
    REQUIRE(error_code_of([&] { server.receive_end(); }) == ErrorCode::kIo);
  }
}

TEST_CASE("a handshake works when it comes byte by byte") {
  TlsChannel one = initiator(), other = responder();
  for (int i = 0; i < 3; ++i) {
    for (const char byte : one.take_ciphertext()) other.receive({&byte, 1});
    for (const char byte : other.take_ciphertext()) one.receive({&byte, 1});
  }
  CHECK(one.handshake_done());
  CHECK(other.handshake_done());
}

TEST_CASE("a bit changed anywhere in the handshake or in a record is found") {
  std::mt19937_64 random(7);
  for (int round = 0; round < 300; ++round) {
    TlsChannel one = initiator(), other = responder();
    std::optional<Error> error;
    const auto changed = [&](Bytes bytes, bool change) {
      if (change && !bytes.empty()) {
        bytes[random() % bytes.size()] ^= static_cast<char>(1 << random() % 8);
      }
      return bytes;
    };
    const int victim = round % 4;
    Bytes given;
    error = error_of([&] {
      other.receive(changed(one.take_ciphertext(), victim == 0));
      one.receive(changed(other.take_ciphertext(), victim == 1));
      one.send("hello");
      other.receive(changed(one.take_ciphertext(), victim == 2));
      one.send("again");
      other.receive(changed(one.take_ciphertext(), victim == 3));
      given = other.take_plaintext();
    });
    // A changed length may leave the reader waiting for more: then nothing was given out.
    if (!error) REQUIRE(given != "helloagain");
    REQUIRE((given.empty() || given == "hello"));
  }
}

TEST_CASE("a farewell tells a whole conversation from a broken line") {
  TlsChannel one = initiator(), other = responder();
  meet(one, other);
  one.send("last words");
  one.close_notify();
  other.receive(one.take_ciphertext() + "what comes after it is ignored");
  CHECK(other.peer_closed());
  CHECK(other.take_plaintext() == "last words");
  CHECK_FALSE(error_of([&] { other.receive_end(); }));
  other.send("an answer still gets through");
  one.receive(other.take_ciphertext());
  CHECK(one.take_plaintext() == "an answer still gets through");
  CHECK(error_code_of([&] { one.send("x"); }) == ErrorCode::kInvalid);
  CHECK(error_code_of([&] { one.receive_end(); }) == ErrorCode::kIo);
}

TEST_CASE("a peer that asks for key updates without reading is cut off") {
  OpensslPeer one(OpensslPeer::Role::kClient, {.seed = kInitiatorSeed});
  TlsChannel other = responder();
  for (int i = 0; i < 2; ++i) {
    other.receive(one.take_ciphertext());
    one.receive(other.take_ciphertext());
  }
  REQUIRE(other.handshake_done());
  std::optional<Error> error;
  for (int i = 0; i < 20'000 && !error; ++i) {
    SSL_key_update(one.ssl(), SSL_KEY_UPDATE_REQUESTED);
    one.send("x");
    const Bytes bytes = one.take_ciphertext();
    error = error_of([&] { other.receive(bytes); });
    REQUIRE(other.ciphertext_bytes() < 100'000);
  }
  CHECK(error);
}

TEST_CASE("what a predicate throws lets nobody in, and its words are the reason") {
  const auto throws = [](const PublicKey&) -> bool {
    throw Error(ErrorCode::kBusy, "the list of members is being read");
  };
  TlsChannel one = initiator();
  TlsChannel other = responder(throws);
  meet(one, other);
  REQUIRE(other.refusal());
  CHECK(other.refusal()->code() == ErrorCode::kBusy);
  CHECK_FALSE(other.handshake_done());

  TlsChannel asks = initiator(throws);
  TlsChannel answers = responder();
  const Met met = meet(asks, answers);
  REQUIRE(met.initiator);
  CHECK(met.initiator->code() == ErrorCode::kBusy);
  CHECK_FALSE(asks.handshake_done());
}

TEST_CASE("the same device always shows the same certificate, and never its secret") {
  TlsChannel one = initiator(), other = responder();
  std::string seen = one.take_ciphertext();
  other.receive(seen);
  seen += other.take_ciphertext();
  CHECK(seen.find(kInitiatorSeed) == std::string::npos);
  CHECK(seen.find(kResponderSeed) == std::string::npos);
}

TEST_CASE("an idle channel takes far less than 100 KiB") {
  constexpr int kPairs = 200;
  const TlsContext ours(initiator_key(), TlsRole::kInitiator);
  const TlsContext theirs(responder_key(), TlsRole::kResponder);
  std::vector<std::pair<TlsChannel, TlsChannel>> pairs;
  pairs.reserve(kPairs);
  const auto add = [&] {
    pairs.emplace_back(TlsChannel(ours, anyone), TlsChannel(theirs, anyone));
    auto& [one, other] = pairs.back();
    meet(one, other);
    one.send(Bytes(30'000, 'x'));
    meet(one, other);
    REQUIRE(other.take_plaintext().size() == 30'000);
  };
  add();
  const std::size_t before = ::mallinfo2().uordblks;
  while (pairs.size() < kPairs) add();
  const std::size_t used = ::mallinfo2().uordblks - before;
  const std::size_t each = used / (2 * (kPairs - 1));
  WARN("memory of an idle channel: " << each << " bytes");
  CHECK(each < 40'000);
}

}  // namespace isodb::net
