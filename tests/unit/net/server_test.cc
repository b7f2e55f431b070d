#include "net/server.h"

#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>

#include "net/conversation.h"
#include "net/event_loop.h"
#include "net/worker_pool.h"
#include "tests/unit/net/talking.h"

namespace isodb::net {
namespace {

/// A protocol that says one byte, waits for it to come back, and is quiet until it is told to end.
struct Visitor : Protocol {
  explicit Visitor(std::atomic<int>& counter) : greeted(counter) {}
  void receive(ByteView plaintext) override {
    heard += plaintext;
    if (heard == "h") ++greeted;
  }
  Bytes produce(std::size_t /*bytes_max*/) override {
    if (!std::exchange(said, true)) return "h";
    if (leaving && !std::exchange(said_end, true)) return Bytes(1'000, 'x') + kEnd;
    return {};
  }
  bool finished() const override { return heard.ends_with(kEnd); }
  bool wants_input() const override { return true; }

  std::atomic<int>& greeted;
  Bytes heard;
  bool said = false, said_end = false;
  std::atomic<bool> leaving = false;
};

/// Many devices of one process, in one loop.
class Crowd {
 public:
  explicit Crowd(const Address& server) : server_(server) {}
  void add(int device) {
    auto conversation = std::make_shared<Conversation>(
        loop_, workers_,
        [this](const Peer& peer) -> std::unique_ptr<Protocol> {
          auto visitor = std::make_unique<Visitor>(greeted);
          const std::lock_guard lock(mutex_);
          visitors_.push_back({visitor.get(), peer.wake});
          return visitor;
        },
        Conversation::Hooks{.on_peer = [](Conversation& one) { one.begin(); },
                            .on_ended = [](Conversation&) {},
                            .on_over =
                                [this](Conversation&, const std::optional<Error>& why) {
                                  ++over_;
                                  if (why) ++failed;
                                }});
    conversation->start(connect_tcp(server_, milliseconds(10'000)),
                        TlsContext(key_of(device), TlsRole::kInitiator), the_server(), {});
    all_.push_back(std::move(conversation));
    ++begun_;
  }
  /// Runs until so many were greeted.
  void wait_greeted(int count) {
    loop_.run([&] { return greeted >= count || over_ > 0; });
  }
  void leave() {
    const std::lock_guard lock(mutex_);
    for (auto& [visitor, wake] : visitors_) {
      visitor->leaving = true;
      wake();
    }
  }
  void wait_over() {
    loop_.run([&] { return over_ >= begun_; });
  }

  std::atomic<int> greeted = 0;
  int failed = 0;

 private:
  Address server_;
  std::mutex mutex_;
  std::vector<std::pair<Visitor*, Waker>> visitors_;
  EventLoop loop_;
  WorkerPool workers_{1};
  std::vector<std::shared_ptr<Conversation>> all_;
  int begun_ = 0, over_ = 0;
};

bool raise_open_files(rlim_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
  if (limit.rlim_cur >= wanted) return true;
  limit.rlim_cur = std::min<rlim_t>(wanted, limit.rlim_max);
  return limit.rlim_cur >= wanted && ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

}  // namespace

TEST_CASE("a server holds 1,000 devices at once, in little memory") {
  constexpr int kDevices = 1'000;
  if (!raise_open_files(4'096)) {
    WARN("SKIPPED: this process may not have 4,096 open files");
    return;
  }
  ServerOptions options;
  options.strangers_per_source_max = 200;  // all come from one address here
  RunningServer server(options);
  Crowd crowd(server.address());
  crowd.add(0);
  crowd.wait_greeted(1);
  const std::size_t before = ::mallinfo2().uordblks;
  for (int device = 1; device < kDevices; ++device) {
    crowd.add(device);
    if (device % 100 == 0) crowd.wait_greeted(device);
  }
  crowd.wait_greeted(kDevices);
  CHECK(crowd.greeted == kDevices);
  const std::size_t used = ::mallinfo2().uordblks - before;
  WARN("memory of 1,000 devices, both ends: " << used / 1'000 << " KB");
  CHECK(used < 2 * kDevices * std::size_t{60'000});
  CHECK(server.events(ServerEvent::Kind::kOpened).size() == kDevices);
  crowd.leave();
  crowd.wait_over();
  CHECK(crowd.failed == 0);
  CHECK(eventually([&] { return server.events(ServerEvent::Kind::kClosed).size() == kDevices; }));
}

TEST_CASE("a device that does not read takes bounded memory and stalls nobody") {
  std::atomic<std::uint64_t> produced = 0;
  RunningServer server({.factory = [&](const Peer& peer) -> std::unique_ptr<Protocol> {
    if (peer.key != key_of(9).public_key()) return std::make_unique<Echo>();
    auto flood = std::make_unique<Parts>();
    flood->on_produce = [&](std::size_t bytes_max) {
      produced += bytes_max;
      return Bytes(bytes_max, 'f');
    };
    return flood;
  }});
  // It wants nothing of what comes: its inbox fills, then the line, then the server stops.
  Parts deaf;
  deaf.wants = [] { return false; };
  Cancellation enough;
  std::thread slow([&] { ask(server.port(), deaf, 9, {.cancellation = &enough}); });
  std::uint64_t last = 0;
  CHECK(eventually([&] {
    std::this_thread::sleep_for(milliseconds(100));
    return std::exchange(last, produced.load()) == produced.load() && produced > 0;
  }));
  CHECK(produced < 16'000'000);  // what two sockets of this machine hold, and 196 KB
  const auto begun = std::chrono::steady_clock::now();
  CHECK(answers(server, 2));
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(5));
  enough.request();
  slow.join();
}

TEST_CASE("a server that takes no input makes the device wait, with bounded memory on both sides") {
  std::atomic<std::uint64_t> received = 0, produced = 0;
  RunningServer server({.factory = [&](const Peer&) -> std::unique_ptr<Protocol> {
    auto full = std::make_unique<Parts>();
    full->on_receive = [&](ByteView bytes) { received += bytes.size(); };
    full->wants = [&] { return received < 100'000; };
    return full;
  }});
  Parts eager;
  eager.on_produce = [&](std::size_t bytes_max) {
    produced += bytes_max;
    return Bytes(bytes_max, 'e');
  };
  CHECK(ask(server.port(), eager, 1, {.time_max = milliseconds(700)}).error);
  CHECK(received >= 100'000);
  CHECK(received < 100'000 + 65'537);
  CHECK(produced < 16'000'000);
}

TEST_CASE("long steps of one device let others go on") {
  std::atomic<bool> release = false;
  RunningServer server({.factory = [&](const Peer& peer) -> std::unique_ptr<Protocol> {
    if (peer.key != key_of(99).public_key()) return std::make_unique<Echo>();
    auto merging = std::make_unique<Parts>();
    merging->on_receive = [&](ByteView) {
      while (!release) std::this_thread::sleep_for(milliseconds(1));
    };
    merging->is_finished = [&] { return release.load(); };
    return merging;
  }});
  Parts asker;
  auto said = std::make_shared<bool>(false);
  asker.on_produce = [said](std::size_t) { return std::exchange(*said, true) ? Bytes() : "go"; };
  std::thread slow([&] { ask(server.port(), asker, 99); });
  REQUIRE(eventually([&] { return !server.events(ServerEvent::Kind::kOpened).empty(); }));
  for (int device = 1; device < 20; ++device) CHECK(answers(server, device));
  release = true;
  slow.join();
}

TEST_CASE("no two workers are in one conversation, and its input keeps its order") {
  std::atomic<int> inside = 0;
  std::atomic<bool> overlapped = false;
  class Watched : public Echo {
   public:
    Watched(std::atomic<int>& in, std::atomic<bool>& over) : inside_(in), overlapped_(over) {}
    void receive(ByteView plaintext) override {
      if (inside_.fetch_add(1) != 0) overlapped_ = true;
      std::this_thread::yield();
      Echo::receive(plaintext);
      --inside_;
    }

   private:
    std::atomic<int>& inside_;
    std::atomic<bool>& overlapped_;
  };
  RunningServer server({.factory = [&](const Peer&) -> std::unique_ptr<Protocol> {
                          return std::make_unique<Watched>(inside, overlapped);
                        },
                        .workers = 4});
  std::mt19937_64 random(11);
  Ask question(testing::random_bytes(random, 3'000'000));
  CHECK_FALSE(ask(server.port(), question).error);
  CHECK(question.answered());
  CHECK_FALSE(overlapped);
}

TEST_CASE("the newest connection of a device wins, after the older one has ended") {
  std::atomic<int> living = 0, most = 0;
  RunningServer server({.factory = [&](const Peer&) -> std::unique_ptr<Protocol> {
    most = std::max(most.load(), ++living);
    auto parts = std::make_unique<Parts>();
    parts->on_ended = [&](const std::optional<Error>&) { --living; };
    return parts;
  }});
  std::vector<std::thread> visits;
  std::vector<Talked> ends(3);
  std::vector<Ask> questions(3, Ask("hello"));
  for (std::size_t i = 0; i < 3; ++i) {
    visits.emplace_back([&, i] {
      ends[i] = ask(server.port(), questions[i], 5, {.time_max = milliseconds(3'000)});
    });
    REQUIRE(eventually([&] { return server.events(ServerEvent::Kind::kOpened).size() == i + 1; }));
  }
  for (std::thread& visit : visits) visit.join();
  CHECK(most == 1);
  CHECK_THAT(ends[0].error->what(), !Catch::Contains("longer than allowed"));
  CHECK_THAT(ends[1].error->what(), !Catch::Contains("longer than allowed"));
  CHECK_THAT(ends[2].error->what(), Catch::Contains("longer than allowed"));
  CHECK(eventually([&] { return server.events(ServerEvent::Kind::kClosed).size() == 3; }));
  CHECK(living == 0);
  const auto closed = server.events(ServerEvent::Kind::kClosed);
  CHECK(std::count_if(closed.begin(), closed.end(), [](const ServerEvent& event) {
          return event.error && event.error->code() == ErrorCode::kStale;
        }) == 2);
}

TEST_CASE("who is superseded, or stopped, is told so by its protocol, also out of a long step") {
  std::atomic<bool> is_stuck = false, may_go_on = false;
  RunningServer server({.factory = [&](const Peer&) -> std::unique_ptr<Protocol> {
    auto parts = std::make_unique<Parts>();
    const auto words = std::make_shared<Bytes>();
    parts->on_receive = [&](ByteView) {
      is_stuck = true;
      while (!may_go_on) std::this_thread::sleep_for(milliseconds(2));
    };
    parts->on_closing = [words](const Error& why) { *words = why.what(); };
    parts->on_produce = [words](std::size_t) { return std::exchange(*words, {}); };
    return parts;
  }});
  std::vector<Ask> questions(2, Ask("hello"));
  std::vector<std::thread> visits;
  visits.emplace_back([&] { ask(server.port(), questions[0], 5, {}); });
  REQUIRE(eventually([&] { return is_stuck.load(); }));
  visits.emplace_back([&] { ask(server.port(), questions[1], 5, {}); });
  std::this_thread::sleep_for(milliseconds(200));  // it is there now, and waits
  may_go_on = true;
  REQUIRE(eventually([&] { return server.events(ServerEvent::Kind::kOpened).size() == 2; }));
  server.stop();
  for (std::thread& visit : visits) visit.join();
  CHECK(questions[0].heard == "the device connected anew");
  CHECK(questions[1].heard == "this side is being stopped");
}

TEST_CASE("a server stops while it is busy: the step ends, every protocol is told, run() returns") {
  std::atomic<bool> in_step = false;
  std::atomic<int> steps_done = 0, told = 0;
  RunningServer server({.factory = [&](const Peer& peer) -> std::unique_ptr<Protocol> {
    auto parts = std::make_unique<Parts>();
    parts->on_ended = [&](const std::optional<Error>& why) { told += why ? 1 : 0; };
    if (peer.key != key_of(9).public_key()) return parts;
    parts->on_receive = [&](ByteView) {
      in_step = true;
      std::this_thread::sleep_for(milliseconds(300));
      ++steps_done;
    };
    return parts;
  }});
  std::vector<std::thread> visits;
  std::vector<Talked> ends(6);
  for (std::size_t i = 0; i < ends.size(); ++i) {
    visits.emplace_back([&, i] {
      Ask question("hello");
      ends[i] = ask(server.port(), question, static_cast<int>(i) + 4);
    });
  }
  REQUIRE(eventually(
      [&] { return in_step && server.events(ServerEvent::Kind::kOpened).size() == ends.size(); }));
  server.stop();
  CHECK(steps_done == 1);
  CHECK(told == 6);
  for (std::thread& visit : visits) visit.join();
  for (const Talked& end : ends) CHECK(end.error);
}

TEST_CASE("a server that nobody visits stops at once, and its port is free again") {
  Address address;
  {
    RunningServer server;
    address = server.address();
    server.stop();
  }
  ServerOptions options;
  options.listen = {address};
  options.accept = let_in;
  options.factory = make_echo;
  CHECK_NOTHROW(Server(key_of(1), options));
}

TEST_CASE("an address that is taken, or not this machine's, is a clear error") {
  RunningServer server;
  ServerOptions options;
  options.accept = let_in;
  options.factory = make_echo;
  options.listen = {server.address()};
  const auto taken = testing::error_of([&] { Server(key_of(2), options); });
  REQUIRE(taken);
  CHECK(taken->code() == ErrorCode::kBusy);
  CHECK_THAT(taken->what(), Catch::Contains(server.address().text()));
  options.listen = {{.host = "192.0.2.1", .port = 0}};
  CHECK(testing::error_code_of([&] { Server(key_of(2), options); }) == ErrorCode::kInvalid);
  options.listen = {};
  CHECK(testing::error_code_of([&] { Server(key_of(2), options); }) == ErrorCode::kInvalid);
}

TEST_CASE("a waker makes a quiet protocol speak") {
  std::mutex mutex;
  Waker wake;
  std::atomic<bool> news = false;
  RunningServer server({.factory = [&](const Peer& peer) -> std::unique_ptr<Protocol> {
    const std::lock_guard lock(mutex);
    wake = peer.wake;
    auto parts = std::make_unique<Parts>();
    parts->on_produce = [&](std::size_t) {
      return news.exchange(false) ? Bytes("hello\x04") : Bytes();
    };
    return parts;
  }});
  std::thread later([&] {
    eventually([&] {
      const std::lock_guard lock(mutex);
      return wake != nullptr;
    });
    std::this_thread::sleep_for(milliseconds(50));
    news = true;
    wake();
  });
  Ask question("hello");
  const Talked talked = ask(server.port(), question);
  later.join();
  CHECK_FALSE(talked.error);
  CHECK(question.answered());
  server.stop();
  wake();  // harmless when all is over
}

}  // namespace isodb::net
