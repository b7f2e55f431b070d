#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "tests/unit/net/openssl_peer.h"
#include "tests/unit/net/talking.h"

namespace isodb::net {
namespace {

/// A TCP connection to a server on this machine, in the hands of somebody who means harm.
class Attacker {
 public:
  Attacker() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  explicit Attacker(std::uint16_t port) : Attacker() { REQUIRE(connect(port)); }

  bool connect(std::uint16_t port) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  }
  bool send(ByteView bytes) {
    return ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  }
  /// What came within the time, or until the end; the end is told by closed().
  Bytes read(milliseconds time) {
    Bytes all;
    const auto until = std::chrono::steady_clock::now() + time;
    while (!closed_) {
      const auto left = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
      pollfd waiting{socket_.get(), POLLIN, 0};
      if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) <= 0) break;
      std::array<char, 4096> part;
      const ssize_t count = ::recv(socket_.get(), part.data(), part.size(), 0);
      if (count <= 0) closed_ = true;
      if (count > 0) all.append(part.data(), static_cast<std::size_t>(count));
    }
    return all;
  }
  bool closed() const { return closed_; }
  /// True when the server closes within five seconds.
  bool sees_end() {
    read(milliseconds(5'000));
    return closed_;
  }

 private:
  Descriptor socket_;
  bool closed_ = false;
};

ServerOptions impatient() {
  ServerOptions options;
  options.handshake_timeout = milliseconds(500);
  return options;
}

}  // namespace

TEST_CASE("whoever sends garbage gets an alert at most, and the server goes on") {
  RunningServer server;
  std::mt19937_64 random(5);
  std::vector<Bytes> all = {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n",
                            Bytes(100'000, '\0')};
  for (int i = 0; i < 20; ++i) all.push_back(testing::random_bytes(random, 1 + random() % 2'000));
  for (int i = 0; i < 20; ++i) {  // looks like a handshake's first record
    all.push_back(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) +
                  testing::random_bytes(random, 505));
  }
  for (const Bytes& garbage : all) {
    Attacker attacker(server.port());
    attacker.send(garbage);
    const Bytes answer = attacker.read(milliseconds(30));
    CHECK((answer.empty() || (answer.size() == 7 && answer[0] == 21)));
  }
  CHECK(answers(server));
  CHECK(server.events(ServerEvent::Kind::kRefused).size() >= 20);
}

TEST_CASE("whoever says nothing, or a byte now and then, is closed when time is up") {
  RunningServer server(impatient());
  Attacker silent(server.port());
  Attacker slow(server.port());
  OpensslPeer peer(OpensslPeer::Role::kClient, {});
  const Bytes hello = peer.take_ciphertext();
  std::size_t sent = 0;
  const auto begun = std::chrono::steady_clock::now();
  while (!slow.closed() && sent < hello.size()) {
    slow.send({&hello[sent++], 1});
    CHECK(slow.read(milliseconds(10)).empty());
  }
  CHECK(slow.closed());
  CHECK(silent.sees_end());
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(5));
  CHECK(eventually([&] { return answers(server); }));
}

TEST_CASE("who stops in the middle of the handshake has learned nothing but the handshake") {
  RunningServer server(impatient());
  Attacker attacker(server.port());
  OpensslPeer peer(OpensslPeer::Role::kClient, {});
  attacker.send(peer.take_ciphertext());
  const Bytes answer = attacker.read(milliseconds(5'000));
  CHECK(attacker.closed());
  CHECK(answer.size() > 400);
  CHECK(answer.size() < 800);  // one flight: hello, certificate, its proof
  REQUIRE(eventually([&] { return !server.events(ServerEvent::Kind::kRefused).empty(); }));
  CHECK(server.events(ServerEvent::Kind::kRefused)[0].traffic.payload_out == 0);
}

TEST_CASE("who shows a member's key without holding it is answered as with anybody's") {
  const PublicKey member = key_of(1).public_key();
  std::atomic<int> asked = 0;
  RunningServer server({.accept =
                            [&](const PublicKey& key) {
                              ++asked;
                              return key == member;
                            },
                        .refusal = "not you"});
  std::vector<std::size_t> sizes;
  for (const PublicKey& shown : {member, key_of(2).public_key()}) {
    Attacker attacker(server.port());
    OpensslPeer peer(OpensslPeer::Role::kClient,
                     {.shown_key = std::string(shown.bytes.begin(), shown.bytes.end())});
    attacker.send(peer.take_ciphertext());
    std::size_t heard = 0;
    while (!peer.done() && !attacker.closed()) {
      const Bytes answer = attacker.read(milliseconds(50));
      heard += answer.size();
      peer.receive(answer);
    }
    peer.send("hello");
    attacker.send(peer.take_ciphertext());
    const Bytes last = attacker.read(milliseconds(5'000));
    CHECK(attacker.closed());
    CHECK_FALSE(peer.receive(last));  // an alert
    CHECK(peer.plaintext().empty());
    sizes.push_back(heard + last.size());
  }
  CHECK(sizes[0] == sizes[1]);
  CHECK(asked == 0);
  CHECK(answers(server));  // the member itself
  CHECK(asked == 1);
}

TEST_CASE("one source may have a few unproved connections, and more are closed at once") {
  ServerOptions options = impatient();
  options.handshake_timeout = milliseconds(2'000);
  options.strangers_per_source_max = 4;
  RunningServer server(options);
  std::vector<Attacker> crowd;
  for (int i = 0; i < 4; ++i) crowd.emplace_back(server.port());
  Attacker one_more(server.port());
  one_more.read(milliseconds(500));
  CHECK(one_more.closed());
  for (Attacker& attacker : crowd) CHECK_FALSE(attacker.closed());
  REQUIRE(eventually([&] { return !server.events(ServerEvent::Kind::kRefused).empty(); }));
  CHECK(server.events(ServerEvent::Kind::kRefused)[0].error->code() == ErrorCode::kLimit);
  for (Attacker& attacker : crowd) CHECK(attacker.sees_end());
  crowd.clear();
  CHECK(eventually([&] { return answers(server); }));
}

TEST_CASE("when all places for unproved connections are taken, others wait, and are served then") {
  ServerOptions options = impatient();
  options.strangers_max = 3;
  RunningServer server(options);
  std::vector<Attacker> crowd;
  for (int i = 0; i < 3; ++i) crowd.emplace_back(server.port());
  CHECK(eventually([&] { return answers(server); }));
  for (Attacker& attacker : crowd) CHECK(attacker.sees_end());
}

TEST_CASE("more devices than allowed are closed as they come") {
  ServerOptions options;
  options.connections_max = 2;
  options.factory = [](const Peer&) { return std::make_unique<Parts>(); };
  RunningServer server(options);
  std::vector<std::thread> visits;
  for (int device = 1; device <= 2; ++device) {
    visits.emplace_back([&, device] {
      Ask question("hello");
      ask(server.port(), question, device, {.time_max = milliseconds(2'000)});
    });
  }
  REQUIRE(eventually([&] { return server.events(ServerEvent::Kind::kOpened).size() == 2; }));
  Ask question("hello");
  const Talked talked = ask(server.port(), question, 3);
  REQUIRE(talked.error);
  CHECK(talked.error->code() == ErrorCode::kIo);
  for (std::thread& visit : visits) visit.join();
}

TEST_CASE("a server without file descriptors says so, and goes on when there are some") {
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
  WARN("SKIPPED: the sanitizer needs descriptors of its own to look at objects");
  return;
#endif
#endif
  RunningServer server;
  CHECK(answers(server));
  std::vector<Attacker> waiting(5);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit none = before;
  {
    const Descriptor lowest(::dup(0));
    REQUIRE(lowest);
    none.rlim_cur = static_cast<rlim_t>(lowest.get());
  }
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  for (Attacker& attacker : waiting) CHECK(attacker.connect(server.port()));
  const bool told = eventually([&] { return !server.events(ServerEvent::Kind::kTrouble).empty(); });
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK(told);
  CHECK(server.events(ServerEvent::Kind::kTrouble)[0].error->code() == ErrorCode::kLimit);
  CHECK(answers(server));
}

TEST_CASE("a device that goes on talking after its farewell, or breaks off hard, harms nobody") {
  RunningServer server;
  for (int round = 0; round < 30; ++round) {
    Attacker attacker(server.port());
    OpensslPeer peer(OpensslPeer::Role::kClient, {.seed = Bytes(32, static_cast<char>(round + 1))});
    attacker.send(peer.take_ciphertext());
    while (!peer.done()) {
      const Bytes answer = attacker.read(milliseconds(50));
      if (attacker.closed() || !peer.receive(answer)) break;
    }
    REQUIRE(peer.done());
    peer.send("hello");
    attacker.send(peer.take_ciphertext());
    if (round % 3 == 0) {
      SSL_shutdown(peer.ssl());
      attacker.send(peer.take_ciphertext());
      attacker.send(Bytes(100'000, 'x'));
    } else if (round % 3 == 1) {
      attacker.send(Bytes(5'000, '\x17'));  // no record that can be decrypted
    }
  }
  CHECK(answers(server, 77));
}

}  // namespace isodb::net
