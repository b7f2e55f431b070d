#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <map>
#include <memory>
#include <optional>

#include "net/client.h"
#include "tests/support/net_proxy.h"
#include "tests/unit/net/talking.h"

namespace isodb::net {
namespace {

using testing::error_code_of;
using testing::error_of;
using testing::NetProxy;

}  // namespace

TEST_CASE("a device asks and a server answers, and both count the bytes") {
  RunningServer server;
  std::mt19937_64 random(3);
  Ask question(testing::random_bytes(random, 500'000));
  const Talked talked = ask(server.port(), question);
  CHECK_FALSE(talked.error);
  CHECK(question.answered());
  CHECK(question.times_ended == 1);
  CHECK_FALSE(question.why);
  CHECK(talked.peer == key_of(kServerDevice).public_key());
  CHECK(talked.traffic.payload_in == 500'001);
  CHECK(talked.traffic.payload_out == 500'001);
  CHECK(talked.traffic.total_out > 500'001);
  CHECK(talked.traffic.total_out < 500'001 + 123 * 22 + 800);  // a record of 4 KiB costs 22 bytes
  server.stop();
  const auto closed = server.events(ServerEvent::Kind::kClosed);
  REQUIRE(closed.size() == 1);
  CHECK_FALSE(closed[0].error);
  CHECK(closed[0].key == key_of(1).public_key());
  CHECK(closed[0].traffic.total_in == talked.traffic.total_out);
  CHECK(closed[0].traffic.total_out == talked.traffic.total_in);
}

TEST_CASE("the first question travels with the end of the handshake") {
  RunningServer server;
  NetProxy line(server.port(), {.delay = milliseconds(20)});
  Ask question("hello");
  CHECK_FALSE(ask(line.port(), question).error);
  const NetProxy::Counts counts = line.counts();
  // hello, answer; last flight with the question, answer with farewell; farewell.
  CHECK(counts.turns >= 4);
  CHECK(counts.turns <= 6);
  CHECK(counts.total() < 1'500);
  CHECK(counts.time_on({.delay = milliseconds(600), .bits_a_second = 9'600}) <
        milliseconds(6 * 600 + 1'250));
  CHECK(question.answered());
}

TEST_CASE("a key that is not the known one ends the talk on both sides with a reason") {
  RunningServer server;
  Ask question("hello");
  const Talked talked =
      talk_to(key_of(1), server.address(), accept_only(key_of(2).public_key()), lend(question));
  REQUIRE(talked.error);
  CHECK(talked.error->code() == ErrorCode::kUnverified);
  CHECK(talked.peer == key_of(kServerDevice).public_key());
  CHECK(talked.traffic.payload_out == 0);
  CHECK(question.times_ended == 0);  // its factory was never called
  REQUIRE(eventually([&] { return !server.events(ServerEvent::Kind::kRefused).empty(); }));
  CHECK(server.events(ServerEvent::Kind::kRefused)[0].error->code() == ErrorCode::kDenied);
}

TEST_CASE("a device that is not let in learns so, and is told nothing else") {
  RunningServer server({.accept = [](const PublicKey&) { return false; }, .refusal = "not you"});
  Ask question("a question longer than the answer");
  const Talked talked = ask(server.port(), question);
  CHECK(talked.error);
  CHECK(question.heard == "not you");
  CHECK(question.times_ended == 1);
  REQUIRE(eventually([&] { return !server.events(ServerEvent::Kind::kRefused).empty(); }));
  const ServerEvent refused = server.events(ServerEvent::Kind::kRefused)[0];
  CHECK(refused.key == key_of(1).public_key());
  REQUIRE(refused.error);
  CHECK(refused.error->code() == ErrorCode::kUnverified);
  CHECK(refused.traffic.payload_in == 0);
  CHECK(refused.traffic.payload_out == question.heard.size());
  CHECK(server.events(ServerEvent::Kind::kOpened).empty());
}

TEST_CASE("who is not let in hears so, though it says more than the line takes") {
  RunningServer server({.accept = [](const PublicKey&) { return false; }, .refusal = "not you"});
  Ask question(Bytes(20'000'000, 'x'));
  const Talked talked = ask(server.port(), question);
  CHECK(talked.error);
  CHECK(question.heard == "not you");
}

TEST_CASE("a first contact learns the server's key without showing its own") {
  std::atomic<int> asked = 0;
  RunningServer server({.accept = [&](const PublicKey&) { return ++asked > 0; }});
  CHECK(ask_key(key_of(1), server.address()) == key_of(kServerDevice).public_key());
  CHECK(asked == 0);
}

TEST_CASE("a farewell before the end is an error, and so is a line that breaks") {
  RunningServer server({.factory = [](const Peer&) -> std::unique_ptr<Protocol> {
    auto parts = std::make_unique<Parts>();
    parts->is_finished = [] { return true; };
    return parts;
  }});
  Ask question("hello");
  const Talked talked = ask(server.port(), question);
  REQUIRE(talked.error);
  CHECK_THAT(talked.error->what(), Catch::Contains("before it was over"));

  RunningServer whole;
  NetProxy line(whole.port());
  const Bytes text(30'000, 'x');
  for (const auto direction : {NetProxy::kUp, NetProxy::kDown}) {
    for (std::uint64_t cut = 1; cut < 31'000; cut += cut < 1'300 ? 97 : 2'311) {
      INFO("cut after " << cut << " in direction " << direction);
      line.cut_after(direction, cut);
      Ask again(text);
      const Talked broken = ask(line.port(), again);
      REQUIRE(broken.error);
      CHECK(broken.error->code() == ErrorCode::kIo);
      CHECK_FALSE(again.answered());
    }
  }
  CHECK(answers(whole));
}

TEST_CASE("what came before the line broke reaches the protocol before it is told of the end") {
  std::atomic<std::size_t> heard = 0, heard_at_end = 0;
  std::atomic<bool> ended = false;
  RunningServer server({.factory = [&](const Peer&) -> std::unique_ptr<Protocol> {
    auto parts = std::make_unique<Parts>();
    parts->on_receive = [&](ByteView bytes) {
      std::this_thread::sleep_for(milliseconds(20));
      heard += bytes.size();
    };
    parts->on_ended = [&](const std::optional<Error>& why) {
      heard_at_end = why ? heard.load() : 0;
      ended = true;
    };
    return parts;
  }});
  NetProxy line(server.port());
  line.cut_after(NetProxy::kUp, 50'000);
  Ask question(Bytes(200'000, 'x'));
  CHECK(ask(line.port(), question).error);
  REQUIRE(eventually([&] { return ended.load(); }));
  CHECK(heard_at_end > 50'000 - 1'000 - 4'096 - 12 * 22);  // all but the cut record
}

TEST_CASE("a protocol that throws ends the talk after its last words") {
  RunningServer server({.factory = [](const Peer&) -> std::unique_ptr<Protocol> {
    auto parts = std::make_unique<Parts>();
    auto thrown = std::make_shared<bool>(false);
    parts->on_receive = [thrown](ByteView) {
      *thrown = true;
      throw Error(ErrorCode::kInvalid, "that is no question");
    };
    parts->on_produce = [thrown](std::size_t) {
      return std::exchange(*thrown, false) ? Bytes("go away") : Bytes();
    };
    return parts;
  }});
  Ask question("a question longer than the answer");
  const Talked talked = ask(server.port(), question);
  CHECK(talked.error);
  CHECK(question.heard == "go away");
  REQUIRE(eventually([&] { return !server.events(ServerEvent::Kind::kClosed).empty(); }));
  CHECK_THAT(server.events(ServerEvent::Kind::kClosed)[0].error->what(),
             Catch::Contains("that is no question"));
}

TEST_CASE("a factory that refuses ends the talk") {
  RunningServer server({.factory = [](const Peer&) -> std::unique_ptr<Protocol> {
    throw Error(ErrorCode::kDenied, "not today");
  }});
  Ask question("hello");
  CHECK(ask(server.port(), question).error);
  REQUIRE(eventually([&] { return !server.events(ServerEvent::Kind::kClosed).empty(); }));
  CHECK(server.events(ServerEvent::Kind::kClosed)[0].error->code() == ErrorCode::kDenied);
}

TEST_CASE("a talk ends when it is cancelled, and when its time is up") {
  std::atomic<bool> heard = false;
  RunningServer server({.factory = [&](const Peer&) -> std::unique_ptr<Protocol> {
    auto parts = std::make_unique<Parts>();
    parts->on_receive = [&](ByteView) { heard = true; };
    return parts;
  }});
  Cancellation cancellation;
  std::thread later([&] {
    eventually([&] { return heard.load(); });
    cancellation.request();
  });
  Ask question("hello");
  const Talked cancelled = ask(server.port(), question, 1, {.cancellation = &cancellation});
  later.join();
  REQUIRE(cancelled.error);
  CHECK(cancelled.error->code() == ErrorCode::kStale);
  CHECK(question.times_ended == 1);

  Ask another("hello");
  const Talked late = ask(server.port(), another, 1, {.time_max = milliseconds(1'000)});
  REQUIRE(late.error);
  CHECK_THAT(late.error->what(), Catch::Contains("longer than allowed"));
  CHECK(another.times_ended <= 1);
}

TEST_CASE("a silent peer is given up, and keep-alive messages prevent that on a quiet line") {
  const ServerOptions mute{.factory = [](const Peer&) { return std::make_unique<Parts>(); }};
  RunningServer server(mute);
  Ask question("hello");
  const Talked silent = ask(server.port(), question, 1, {.silence_timeout = milliseconds(150)});
  REQUIRE(silent.error);
  CHECK_THAT(silent.error->what(), Catch::Contains("nothing was heard"));

  ServerOptions lively = mute;
  lively.keep_alive = "ping";
  lively.keep_alive_every = milliseconds(30);
  RunningServer other(lively);
  Ask patient(Bytes(5'000, '?'));
  const Talked kept = ask(other.port(), patient, 2,
                          {.silence_timeout = milliseconds(400), .time_max = milliseconds(1'200)});
  REQUIRE(kept.error);
  CHECK_THAT(kept.error->what(), Catch::Contains("longer than allowed"));
  CHECK(patient.heard.size() >= 4 * 5);
  CHECK(patient.heard.substr(0, 8) == "pingping");
}

TEST_CASE("a line that dies without a word is given up on both sides") {
  RunningServer server({.factory = [](const Peer&) { return std::make_unique<Parts>(); },
                        .silence_timeout = milliseconds(200)});
  NetProxy line(server.port());
  std::thread later([&] {
    eventually([&] { return !server.events(ServerEvent::Kind::kOpened).empty(); });
    line.freeze();
  });
  Ask question("hello");
  const Talked talked = ask(line.port(), question, 1, {.silence_timeout = milliseconds(300)});
  later.join();
  CHECK(talked.error);
  CHECK(eventually([&] { return !server.events(ServerEvent::Kind::kClosed).empty(); }));
}

TEST_CASE("the same talk runs over two pipes") {
  std::array<int, 2> up{}, down{};
  REQUIRE(::pipe2(up.data(), O_CLOEXEC) == 0);
  REQUIRE(::pipe2(down.data(), O_CLOEXEC) == 0);
  Carrier ours, theirs;
  ours.in = Descriptor(down[0]);
  ours.out = Descriptor(up[1]);
  theirs.in = Descriptor(up[0]);
  theirs.out = Descriptor(down[1]);
  Talked served;
  std::thread server([&] {
    served = talk(TlsContext(key_of(kServerDevice), TlsRole::kResponder), std::move(theirs), let_in,
                  make_echo);
  });
  Ask question(Bytes(300'000, 'p'));
  const Talked talked = talk(TlsContext(key_of(1), TlsRole::kInitiator), std::move(ours),
                             the_server(), lend(question));
  server.join();
  CHECK_FALSE(talked.error);
  CHECK_FALSE(served.error);
  CHECK(question.answered());
  CHECK(served.peer == key_of(1).public_key());
}

TEST_CASE("a pipe whose reader is gone is an error, not a signal") {
  std::array<int, 2> up{}, down{};
  REQUIRE(::pipe2(up.data(), O_CLOEXEC) == 0);
  REQUIRE(::pipe2(down.data(), O_CLOEXEC) == 0);
  ::close(up[0]);
  Carrier ours;
  ours.in = Descriptor(down[0]);
  ours.out = Descriptor(up[1]);
  Ask question("hello");
  const Talked talked =
      talk(TlsContext(key_of(1), TlsRole::kInitiator), std::move(ours), let_in, lend(question));
  ::close(down[1]);
  REQUIRE(talked.error);
  CHECK(talked.error->code() == ErrorCode::kIo);
}

TEST_CASE("ssh is started without a shell here, and its words arrive whole there") {
  testing::TemporaryFolder folder;
  const std::string program = folder / "ssh";
  // As sshd does, the last argument goes to a shell on the other side.
  testing::spill(program, "#!/bin/sh\nprintf '%s\\n' \"$@\" > '" + (folder / "words").string() +
                              "'\nfor last; do :; done\nexec sh -c \"$last\"\n");
  REQUIRE(::chmod(program.c_str(), 0700) == 0);
  const SshAddress address = SshAddress::parse("ssh://me@far.example:2222/~/data base");
  Carrier carrier = connect_ssh(address, {"printf", "%s|", "it's; $HOME `x`", address.path, "*"},
                                {.program = program});
  std::string heard;
  char byte = 0;
  while (::read(carrier.in.get(), &byte, 1) == 1) heard += byte;
  CHECK(heard == "it's; $HOME `x`|/~/data base|*|");
  CHECK(
      testing::slurp(folder / "words").starts_with("-p\n2222\n-l\nme\n--\nfar.example\n'printf'"));

  CHECK(error_code_of([&] { connect_ssh({.host = "-oProxyCommand=x"}, {"true"}); }) ==
        ErrorCode::kInvalid);
  CHECK(error_code_of([&] { connect_ssh({.user = "-l", .host = "x"}, {"true"}); }) ==
        ErrorCode::kInvalid);
  CHECK(error_code_of([&] { connect_ssh(address, {"true"}, {.program = "/nowhere/ssh"}); }) ==
        ErrorCode::kNotFound);
}

TEST_CASE("how the program behind ssh ended is known once its carrier is closed") {
  testing::TemporaryFolder folder;
  const std::string program = folder / "ssh";
  for (const auto& [ends, wanted] : std::map<std::string, int>{
           {"exit 0", 0}, {"exit 127", 127}, {"exit 255", 255}, {"kill -TERM $$", 128 + SIGTERM}}) {
    INFO(ends);
    testing::spill(program, "#!/bin/sh\n" + ends + "\n");
    REQUIRE(::chmod(program.c_str(), 0700) == 0);
    const ExitStatus status = std::make_shared<std::optional<int>>();
    Ask question("hello");
    const Talked talked =
        talk(TlsContext(key_of(1), TlsRole::kInitiator),
             connect_ssh({.host = "far"}, {"isodb"}, {.program = program, .status = status}),
             let_in, lend(question));
    CHECK(talked.error);
    CHECK(*status == wanted);
  }
}

TEST_CASE("a program behind ssh that is no isodb ends the talk with a clear error") {
  testing::TemporaryFolder folder;
  const std::string program = folder / "ssh";
  testing::spill(program, "#!/bin/sh\necho 'Permission denied, please go away. Welcome!'\n");
  REQUIRE(::chmod(program.c_str(), 0700) == 0);
  Ask question("hello");
  const Talked talked = talk(TlsContext(key_of(1), TlsRole::kInitiator),
                             connect_ssh({.host = "far.example"}, {"isodb"}, {.program = program}),
                             let_in, lend(question));
  REQUIRE(talked.error);
  CHECK(talked.error->code() == ErrorCode::kInvalid);
}

TEST_CASE("a host that does not answer and a name that is unknown are clear errors") {
  Ask question("hello");
  Address closed{.host = "127.0.0.1", .port = 1};
  {
    RunningServer gone;
    closed = gone.address();
  }
  const Talked refused = talk_to(key_of(1), closed, let_in, lend(question));
  REQUIRE(refused.error);
  CHECK(refused.error->code() == ErrorCode::kIo);
  CHECK_THAT(refused.error->what(), Catch::Contains("127.0.0.1:"));

  const auto unknown =
      error_of([] { connect_tcp({.host = "no-such-host.invalid"}, milliseconds(5'000)); });
  REQUIRE(unknown);
  CHECK_THAT(unknown->what(), Catch::Contains("no-such-host.invalid"));

  const auto begun = std::chrono::steady_clock::now();
  // An address of the documentation (RFC 5737): no route, or nobody there.
  CHECK(error_code_of([] { connect_tcp({.host = "192.0.2.1"}, milliseconds(200)); }));
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(5));
}

TEST_CASE("a slow line of 9.6 kbit a second carries a talk, twenty times as fast") {
  RunningServer server;
  const testing::LineModel slow{.delay = milliseconds(600), .bits_a_second = 9'600, .speed = 20};
  NetProxy line(server.port(), slow);
  Ask question(Bytes(2'000, 'x'));
  const auto begun = std::chrono::steady_clock::now();
  const Talked talked = ask(line.port(), question);
  const auto took = std::chrono::steady_clock::now() - begun;
  CHECK_FALSE(talked.error);
  CHECK(question.answered());
  // 5.2 KB are 4.4 s at 1,200 bytes a second, and four flights of 600 ms wait for each other.
  CHECK(took > milliseconds(3'000 / 20));
  CHECK(took < milliseconds(20'000));
}

}  // namespace isodb::net
