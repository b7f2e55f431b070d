#include "isodb/serve.h"

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include "net/client.h"
#include "net/server.h"
#include "repo/access.h"
#include "sync/error_reason.h"
#include "sync/hub.h"
#include "sync/session.h"

namespace isodb::sync {
namespace {

constexpr std::chrono::seconds kLookedEvery{1};

Bandwidth bandwidth_of(const net::Traffic& traffic) {
  return {traffic.payload_in, traffic.payload_out, traffic.total_in, traffic.total_out};
}

ServeEvent event_of(const net::ServerEvent& event) {
  ServeEvent result;
  switch (event.kind) {
    case net::ServerEvent::Kind::kOpened:
      result.kind = ServeEvent::Kind::kOpened;
      break;
    case net::ServerEvent::Kind::kClosed:
      result.kind = ServeEvent::Kind::kClosed;
      break;
    case net::ServerEvent::Kind::kRefused:
      result.kind = ServeEvent::Kind::kRefused;
      break;
    default:
      result.kind = ServeEvent::Kind::kTrouble;
  }
  result.peer = event.peer;
  result.key = event.key;
  result.bandwidth = bandwidth_of(event.traffic);
  result.error = event.error;
  return result;
}

/// Calls a function once a second, in a thread of its own, while it lives.
class EverySecond {
 public:
  explicit EverySecond(std::function<void()> work)
      : work_(std::move(work)), thread_([this] { run(); }) {}
  ~EverySecond() {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }
  EverySecond(const EverySecond&) = delete;
  EverySecond& operator=(const EverySecond&) = delete;

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, kLookedEvery, [this] { return over_; })) work_();
  }

  const std::function<void()> work_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool over_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace

class Server::Inside {
 public:
  Inside(Repository& repository, ServeOptions serve_options)
      : options_(std::move(serve_options)),
        state_(repo::Access::state(repository)),
        hub_(state_, options_),
        server_(state_->key(), server_options()) {}

  std::vector<std::string> addresses() const {
    std::vector<std::string> texts;
    for (const net::Address& address : server_.addresses()) texts.push_back(address.text());
    return texts;
  }

  void run() {
    const EverySecond poll([this] { look(); });
    server_.run();
  }

  void stop() noexcept { server_.stop(); }

 private:
  net::ServerOptions server_options() {
    net::ServerOptions options;
    for (const std::string& text : options_.listen) {
      options.listen.push_back(net::Address::parse_listen(text));
    }
    if (options.listen.empty()) options.listen.push_back(net::Address::parse_listen(""));
    options.accept = [this](const PublicKey& key) { return hub_.accepts(key); };
    options.factory = [this](const net::Peer& peer) { return hub_.make(peer); };
    options.on_event = [this](const net::ServerEvent& event) { hub_.tell(event_of(event)); };
    options.workers = options_.workers;
    options.keep_alive = keep_alive_message();
    options.refusal = refusal_message();
    return options;
  }

  /// In a thread that has nobody to throw to.
  void look() noexcept {
    try {
      hub_.wake_when_moved();
    } catch (const std::exception&) {
      hub_.tell_trouble("what other processes write cannot be seen");
    }
  }

  ServeOptions options_;
  std::shared_ptr<RepositoryState> state_;
  Hub hub_;
  net::Server server_;
};

Server::Server(Repository& repository, ServeOptions options)
    : inside_(std::make_unique<Inside>(repository, std::move(options))) {}
Server::~Server() = default;

std::vector<std::string> Server::addresses() const {
  return inside_->addresses();
}
void Server::run() {
  inside_->run();
}
void Server::stop() noexcept {
  inside_->stop();
}

SyncResult serve_standard_streams(Repository& repository, const ServeOptions& options,
                                  const StopRequest* stop) {
  const auto begun = std::chrono::steady_clock::now();
  const std::shared_ptr<RepositoryState> state = repo::Access::state(repository);
  Hub hub(state, options);
  net::TalkOptions talk;
  talk.keep_alive = keep_alive_message();
  talk.refusal = refusal_message();
  talk.progress = [&](const net::Traffic&) { hub.wake_when_moved(); };
  if (stop != nullptr) talk.cancellation = &stop->cancellation();
  const net::TlsContext context(state->key(), net::TlsRole::kResponder);
  const net::Talked talked = net::talk(
      context, net::standard_streams(), [&](const PublicKey& key) { return hub.accepts(key); },
      [&](const net::Peer& peer) { return hub.make(peer); }, talk);
  SyncResult result;
  result.peer = talked.peer;
  result.bandwidth = bandwidth_of(talked.traffic);
  result.error = talked.error;
  result.took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begun);
  ServeEvent event;
  event.kind = result.peer ? ServeEvent::Kind::kClosed : ServeEvent::Kind::kRefused;
  event.peer = "standard input";
  event.key = result.peer;
  event.bandwidth = result.bandwidth;
  event.error = result.error;
  hub.tell(std::move(event));
  return result;
}

}  // namespace isodb::sync
