// A thousand devices at one `isodb serve`, each over TLS with a key of its own.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "net/conversation.h"
#include "net/event_loop.h"
#include "net/worker_pool.h"
#include "tests/support/places.h"
#include "tests/support/sync_peers.h"
#include "wire/frame.h"
#include "wire/hello.h"
#include "wire/messages.h"

namespace isodb::testing {
namespace {

constexpr int kDevices = 1'000;
constexpr int kAtOnce = 4;  // handshakes; a server lets only so many of one source wait

SecretKey key_of(int device) {
  std::string seed(32, '\x33');
  seed[0] = static_cast<char>(device & 0xff);
  seed[1] = static_cast<char>(device >> 8);
  return SecretKey::from_seed(seed);
}

bool raise_open_files(rlim_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
  limit.rlim_cur = std::min(std::max(limit.rlim_cur, wanted), limit.rlim_max);
  return limit.rlim_cur >= wanted && ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

/// The program, serving a folder to all these devices.
class ServeProcess {
 public:
  explicit ServeProcess(const std::filesystem::path& folder) : log_(folder.string() + ".log") {
    std::vector<std::string> words{kProgram, "-C",       folder.string(),
                                   "serve",  "--listen", "127.0.0.1:0"};
    for (int device = 0; device < kDevices; ++device) {
      words.insert(words.end(), {"--allow", key_of(device).public_key().text()});
    }
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    std::ofstream(log_).flush();
    process_ = ::fork();
    if (process_ == 0) {
      if (std::freopen(log_.c_str(), "w", stdout) == nullptr) ::_exit(126);
      ::execv(kProgram, arguments.data());
      ::_exit(127);
    }
  }
  ~ServeProcess() {
    if (process_ > 0) ::kill(process_, SIGKILL);
    if (process_ > 0) ::waitpid(process_, nullptr, 0);
  }
  ServeProcess(const ServeProcess&) = delete;
  ServeProcess& operator=(const ServeProcess&) = delete;

  net::Address address() const {
    for (int i = 0; i < 1'000; ++i) {
      const std::string said = slurp(log_);
      const std::size_t at = said.find("127.0.0.1:");
      if (at != std::string::npos && said.find_first_not_of("0123456789", at + 10) != said.npos) {
        return net::Address::parse_listen(
            said.substr(at, said.find_first_not_of("0123456789", at + 10) - at));
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    throw std::runtime_error("the server does not listen");
  }
  /// KiB that it has held at most so far.
  long peak_kib() const {
    std::ifstream status("/proc/" + std::to_string(process_) + "/status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("VmHWM:")) return std::stol(line.substr(6));
    }
    return -1;
  }
  int stop() {
    ::kill(process_, SIGTERM);
    int status = 0;
    ::waitpid(std::exchange(process_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  }

 private:
  std::string log_;
  pid_t process_ = -1;
};

struct Counts {
  std::atomic<int> greeted = 0, told = 0;
};

/// A device that has all there is, stays, and counts what it is told. It keeps nothing.
class Watcher : public net::Protocol {
 public:
  Watcher(Bytes hello, Counts& counts) : out_(std::move(hello)), counts_(counts) {}
  void receive(ByteView plaintext) override {
    while (const auto frame = frames_.next(plaintext)) {
      if (frame->type == wire::FrameType::kHello) ++counts_.greeted;
      if (frame->type == wire::FrameType::kRun) ++counts_.told;
      if (frame->type == wire::FrameType::kEnd) acknowledge(wire::decode_end(frame->payload));
    }
  }
  Bytes produce(std::size_t /*bytes_max*/) override { return std::exchange(out_, {}); }
  bool finished() const override { return false; }
  bool wants_input() const override { return true; }

 private:
  void acknowledge(const wire::EndMessage& end) {
    wire::AckMessage ack;
    ack.stream = end.stream;
    wire::FrameWriter(out_).add(wire::FrameType::kAck, wire::encode(ack));
  }

  Bytes out_;
  Counts& counts_;
  wire::FrameReader frames_;
};

Bytes hello_of(Repository& repository) {
  wire::Hello hello;
  hello.takes = hello.watches = true;
  hello.repository = Bytes(Id(repository.id()).bytes().substr(0, 16));
  hello.refs = {{"heads/main", {*repository.ref("heads/main")}}};
  Bytes frames;
  wire::FrameWriter writer(frames);
  wire::write_hello(writer, hello);
  return frames;
}

/// All devices, in one loop.
class Crowd {
 public:
  Crowd(net::Address server, Bytes hello) : server_(std::move(server)), hello_(std::move(hello)) {}
  void add(int device) {
    auto conversation = std::make_shared<net::Conversation>(
        loop_, workers_,
        [this](const net::Peer&) { return std::make_unique<Watcher>(hello_, counts); },
        net::Conversation::Hooks{
            .on_peer = [](net::Conversation& one) { one.begin(); },
            .on_ended = [](net::Conversation&) {},
            .on_over = [this](net::Conversation&, const std::optional<Error>&) { ++over; }});
    conversation->start(net::connect_tcp(server_, std::chrono::milliseconds(10'000)),
                        net::TlsContext(key_of(device), net::TlsRole::kInitiator),
                        [](const PublicKey&) { return true; }, {});
    all_.push_back(std::move(conversation));
  }
  /// Runs until `done`, or a minute.
  bool run_until(const std::function<bool()>& done) {
    bool is_late = false;
    const auto timer =
        loop_.at(net::EventLoop::Clock::now() + std::chrono::minutes(1), [&] { is_late = true; });
    loop_.run([&] { return is_late || done(); });
    loop_.cancel(timer);
    return done();
  }

  Counts counts;
  int over = 0;

 private:
  const net::Address server_;
  const Bytes hello_;
  net::EventLoop loop_;
  net::WorkerPool workers_{1};
  std::vector<std::shared_ptr<net::Conversation>> all_;
};

}  // namespace

TEST_CASE("Serve holds 1,000 devices, tells all of a commit, and stops in order") {
  if (!raise_open_files(4'096)) {
    WARN("SKIPPED: this process may not have 4,096 open files");
    return;
  }
  Device hub;
  for (int i = 0; i < 200; ++i) hub.put("cows/" + std::to_string(i) + ".json", "{\"weight\":1}");
  ServeProcess server(hub.path());
  Crowd crowd(server.address(), hello_of(hub.repository()));
  for (int device = 0; device < kDevices; ++device) {
    crowd.add(device);
    REQUIRE(crowd.run_until([&] { return crowd.counts.greeted + kAtOnce > device; }));
  }
  REQUIRE(crowd.run_until([&] { return crowd.counts.greeted == kDevices; }));
  CHECK(crowd.over == 0);
  const long idle = server.peak_kib();
  hub.put("cows/new.json", "{\"weight\":2}");
  CHECK(crowd.run_until([&] { return crowd.counts.told == kDevices; }));
  WARN("resident with 1,000 devices: " << idle / 1'024 << " MiB, after a commit "
                                       << server.peak_kib() / 1'024 << " MiB");
  CHECK(server.peak_kib() < 1 << 20);
  CHECK(server.stop() == 0);
  CHECK(crowd.run_until([&] { return crowd.over == kDevices; }));
  CHECK(hub.repository().fsck().empty());
}

}  // namespace isodb::testing
