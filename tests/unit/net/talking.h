#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "isodb/error.h"
#include "net/client.h"
#include "net/protocol.h"
#include "net/server.h"
#include "tests/support/testing.h"

namespace isodb::net {

using std::chrono::milliseconds;

constexpr char kEnd = '\x04';

inline SecretKey key_of(int device) {
  std::string seed(32, '\x5a');
  seed[0] = static_cast<char>(device & 0xff);
  seed[1] = static_cast<char>(device >> 8);
  return SecretKey::from_seed(seed);
}

inline const int kServerDevice = 60'000;

inline bool let_in(const PublicKey& /*key*/) {
  return true;
}

/// Waits until `condition` holds; false after ten seconds, more than any machine needs.
inline bool eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 5'000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(milliseconds(2));
  }
  return condition();
}

/// Says back what it hears, until it has said kEnd.
class Echo : public Protocol {
 public:
  void receive(ByteView plaintext) override { waiting_ += plaintext; }
  Bytes produce(std::size_t bytes_max) override {
    const Bytes piece = waiting_.substr(0, bytes_max);
    waiting_.erase(0, piece.size());
    if (piece.ends_with(kEnd)) finished_ = true;
    return piece;
  }
  bool finished() const override { return finished_; }
  bool wants_input() const override { return waiting_.size() < 1'000'000; }

 private:
  Bytes waiting_;
  bool finished_ = false;
};

/// Says something that ends with kEnd, and is finished when it heard as much. Within the text there
/// is no kEnd: Echo would take it for the end wherever a piece happens to end there.
class Ask : public Protocol {
 public:
  explicit Ask(Bytes text) : text_(std::move(text)) {
    std::replace(text_.begin(), text_.end(), kEnd, '?');
    text_ += kEnd;
  }
  void receive(ByteView plaintext) override { heard += plaintext; }
  Bytes produce(std::size_t bytes_max) override {
    const Bytes piece = text_.substr(said_, bytes_max);
    said_ += piece.size();
    return piece;
  }
  bool finished() const override { return heard.size() >= text_.size(); }
  bool wants_input() const override { return true; }
  void ended(const std::optional<Error>& error) override {
    why = error;
    ++times_ended;
  }
  bool answered() const { return heard == text_; }

  Bytes heard;
  std::optional<Error> why;
  int times_ended = 0;

 private:
  Bytes text_;
  std::size_t said_ = 0;
};

/// A protocol put together from functions.
struct Parts : Protocol {
  std::function<void(ByteView)> on_receive = [](ByteView) {};
  std::function<Bytes(std::size_t)> on_produce = [](std::size_t) { return Bytes(); };
  std::function<bool()> is_finished = [] { return false; };
  std::function<bool()> wants = [] { return true; };
  std::function<void(const Error&)> on_closing = [](const Error&) {};
  std::function<void(const std::optional<Error>&)> on_ended = [](const std::optional<Error>&) {};

  void receive(ByteView plaintext) override { on_receive(plaintext); }
  Bytes produce(std::size_t bytes_max) override { return on_produce(bytes_max); }
  bool finished() const override { return is_finished(); }
  bool wants_input() const override { return wants(); }
  void closing(const Error& why) override { on_closing(why); }
  void ended(const std::optional<Error>& why) override { on_ended(why); }
};

inline std::unique_ptr<Protocol> make_echo(const Peer& /*peer*/) {
  return std::make_unique<Echo>();
}

/// A server in a thread of its own, on a free port of this machine; stopped on destruction.
class RunningServer {
 public:
  explicit RunningServer(ServerOptions options = {}) {
    options.listen = {{.host = "127.0.0.1", .port = 0}};
    if (!options.accept) options.accept = let_in;
    if (!options.factory) options.factory = make_echo;
    options.on_event = [this](const ServerEvent& event) {
      const std::lock_guard lock(mutex_);
      events_.push_back(event);
    };
    server_ = std::make_unique<Server>(key_of(kServerDevice), std::move(options));
    thread_ = std::thread([this] { server_->run(); });
  }
  ~RunningServer() { stop(); }

  Address address() const { return server_->addresses().front(); }
  std::uint16_t port() const { return address().port; }
  /// Returns when run() has returned.
  void stop() {
    server_->stop();
    if (thread_.joinable()) thread_.join();
  }
  std::vector<ServerEvent> events() const {
    const std::lock_guard lock(mutex_);
    return events_;
  }
  std::vector<ServerEvent> events(ServerEvent::Kind kind) const {
    std::vector<ServerEvent> some = events();
    std::erase_if(some, [kind](const ServerEvent& event) { return event.kind != kind; });
    return some;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<ServerEvent> events_;
  std::unique_ptr<Server> server_;
  std::thread thread_;
};

inline AcceptKey the_server() {
  return accept_only(key_of(kServerDevice).public_key());
}

/// One question to a server, over what lies on `port`; the error it ended with.
inline Talked ask(std::uint16_t port, Protocol& protocol, int device = 1,
                  const TalkOptions& options = {}) {
  return talk_to(key_of(device), {.host = "127.0.0.1", .port = port}, the_server(), lend(protocol),
                 options);
}

/// True when a question is answered.
inline bool answers(const RunningServer& server, int device = 1) {
  Ask question("are you there");
  const Talked talked = ask(server.port(), question, device);
  return !talked.error && question.answered();
}

}  // namespace isodb::net
