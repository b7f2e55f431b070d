#include "net/server.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <string>
#include <utility>

#include "net/cancellation.h"
#include "net/conversation.h"
#include "net/event_loop.h"
#include "net/socket.h"
#include "net/system_error.h"
#include "net/worker_pool.h"

namespace isodb::net {
namespace {

using std::chrono::milliseconds;

// How long no connection is accepted after the system had no descriptor or memory for one.
constexpr milliseconds kAcceptPause{500};
// After stop(), for what is still on its way out.
constexpr milliseconds kStopPatience{5'000};
// In one go, then lines have their turn.
constexpr int kAcceptsARound = 64;

}  // namespace

struct Server::Inside {
  /// A connection from the first byte to the last.
  struct Client {
    std::shared_ptr<Conversation> conversation;
    std::string source, name;
    bool is_stranger = true;
  };
  /// A device's conversation, and the one that begins when that has ended.
  struct Device {
    Conversation* talking = nullptr;
    Conversation* waiting = nullptr;
  };

  Inside(const SecretKey& key, ServerOptions wanted)
      : options(std::move(wanted)), context(key, TlsRole::kResponder), workers(options.workers) {}

  void listen();
  void accept_some(const Descriptor& listener);
  void admit(Accepted accepted);
  void refuse(const Accepted& accepted, const std::string& why);
  void on_peer(Conversation& conversation);
  void on_ended(Conversation& conversation);
  void on_over(Conversation& conversation, const std::optional<Error>& why);
  void known(Client& client);
  void update_accepting();
  void pause_accepting(int error_number);
  void end_all();
  void tell(ServerEvent event) const {
    if (options.on_event) options.on_event(event);
  }
  StreamOptions stream_options() const {
    return {.handshake_timeout = options.handshake_timeout,
            .silence_timeout = options.silence_timeout,
            .keep_alive = options.keep_alive,
            .keep_alive_every = options.keep_alive_every,
            .refusal = options.refusal};
  }

  ServerOptions options;
  TlsContext context;
  Cancellation stop;
  std::vector<Descriptor> listeners;
  std::vector<Address> addresses;
  EventLoop loop;
  WorkerPool workers;  // after the loop: gone before it
  std::map<const Conversation*, Client> clients;
  std::map<PublicKey, Device> devices;
  std::map<std::string, std::size_t> strangers_of;  // by source
  std::size_t strangers = 0;
  bool accepting = true, paused = false, stopping = false;
};

void Server::Inside::listen() {
  for (const Address& address : options.listen) {
    for (Descriptor& listener : listen_on(address)) listeners.push_back(std::move(listener));
  }
  if (listeners.empty()) throw Error(ErrorCode::kInvalid, "a server needs an address to listen on");
  for (const Descriptor& listener : listeners) {
    addresses.push_back(local_address(listener));
    loop.watch(listener.get(), Interest::kRead,
               [this, &listener](Readiness) { accept_some(listener); });
  }
  loop.watch(stop.descriptor(), Interest::kRead, [this](Readiness) { end_all(); });
}

void Server::Inside::accept_some(const Descriptor& listener) {
  for (int i = 0; i < kAcceptsARound && accepting; ++i) {
    int error_number = 0;
    std::optional<Accepted> accepted = accept_from(listener, error_number);
    if (error_number != 0) return pause_accepting(error_number);
    if (!accepted) return;
    if (clients.size() >= options.connections_max) {
      refuse(*accepted, "as many connections as allowed are open");
    } else if (const auto found = strangers_of.find(accepted->source);
               found != strangers_of.end() && found->second >= options.strangers_per_source_max) {
      refuse(*accepted, "too many connections from " + accepted->source + " are still unproved");
    } else {
      admit(std::move(*accepted));
    }
    update_accepting();
  }
}

void Server::Inside::refuse(const Accepted& accepted, const std::string& why) {
  tell({.kind = ServerEvent::Kind::kRefused,
        .peer = accepted.name,
        .error = Error(ErrorCode::kLimit, why, "raise the limit, or look who connects")});
}

void Server::Inside::admit(Accepted accepted) {
  const auto conversation = std::make_shared<Conversation>(
      loop, workers, options.factory,
      Conversation::Hooks{
          .on_peer = [this](Conversation& one) { on_peer(one); },
          .on_ended = [this](Conversation& one) { on_ended(one); },
          .on_over = [this](Conversation& one, const auto& why) { on_over(one, why); }});
  Carrier carrier;
  carrier.in = std::move(accepted.socket);
  carrier.name = accepted.name;
  try {
    conversation->start(std::move(carrier), context, options.accept, stream_options());
  } catch (const Error& error) {  // no memory, no descriptors: this one's bad luck
    return tell({.kind = ServerEvent::Kind::kRefused, .peer = accepted.name, .error = error});
  }
  ++strangers;
  ++strangers_of[accepted.source];
  clients[conversation.get()] = {conversation, accepted.source, accepted.name};
}

/// A client is no stranger any more, or gone.
void Server::Inside::known(Client& client) {
  if (!std::exchange(client.is_stranger, false)) return;
  --strangers;
  if (const auto found = strangers_of.find(client.source); --found->second == 0) {
    strangers_of.erase(found);
  }
  update_accepting();
}

void Server::Inside::on_peer(Conversation& conversation) {
  known(clients.at(&conversation));
  Device& device = devices[*conversation.peer_key()];
  const Error newer(ErrorCode::kStale, "the device connected anew");
  if (device.talking == nullptr) {
    device.talking = &conversation;
    tell({.kind = ServerEvent::Kind::kOpened,
          .peer = conversation.name(),
          .key = conversation.peer_key()});
    return conversation.begin();
  }
  Conversation* const superseded = std::exchange(device.waiting, &conversation);
  if (superseded != nullptr) superseded->close(newer);
  // One that is ending anyway gets no more time for its farewell.
  if (device.talking->is_closing()) return device.talking->abort();
  device.talking->close_telling(newer);
}

void Server::Inside::on_ended(Conversation& conversation) {
  if (!conversation.peer_key()) return;
  const auto found = devices.find(*conversation.peer_key());
  if (found == devices.end()) return;
  Device& device = found->second;
  if (device.waiting == &conversation) device.waiting = nullptr;
  if (device.talking == &conversation) {
    device.talking = std::exchange(device.waiting, nullptr);
    if (device.talking != nullptr) {
      tell({.kind = ServerEvent::Kind::kOpened,
            .peer = device.talking->name(),
            .key = device.talking->peer_key()});
      return device.talking->begin();
    }
  }
  if (device.talking == nullptr && device.waiting == nullptr) devices.erase(found);
}

void Server::Inside::on_over(Conversation& conversation, const std::optional<Error>& why) {
  const auto found = clients.find(&conversation);
  Client client = std::move(found->second);
  tell({.kind = client.is_stranger ? ServerEvent::Kind::kRefused : ServerEvent::Kind::kClosed,
        .peer = client.name,
        .key = conversation.peer_key(),
        .error = why,
        .traffic = conversation.traffic()});
  known(client);
  clients.erase(found);
  update_accepting();
  // Its own code is still running: it goes when this round is over.
  loop.post([kept = std::move(client.conversation)] {});
}

void Server::Inside::update_accepting() {
  const bool wanted = !stopping && !paused && strangers < options.strangers_max;
  if (wanted == accepting) return;
  accepting = wanted;
  for (const Descriptor& listener : listeners) {
    loop.change(listener.get(), wanted ? Interest::kRead : Interest::kNothing);
  }
}

void Server::Inside::pause_accepting(int error_number) {
  tell({.kind = ServerEvent::Kind::kTrouble,
        .error = system_error("accept a connection", error_number)});
  paused = true;
  update_accepting();
  loop.at(EventLoop::Clock::now() + kAcceptPause, [this] {
    paused = false;
    update_accepting();
  });
}

void Server::Inside::end_all() {
  loop.forget(stop.descriptor());
  stopping = true;
  for (const Descriptor& listener : listeners) loop.forget(listener.get());
  accepting = false;
  listeners.clear();
  std::vector<std::shared_ptr<Conversation>> all;
  for (const auto& [unused, client] : clients) all.push_back(client.conversation);
  const Error why(ErrorCode::kBusy, "this side is being stopped", "try again later");
  for (const auto& conversation : all) conversation->close_telling(why);
  loop.at(EventLoop::Clock::now() + kStopPatience, [all] {
    for (const auto& conversation : all) conversation->abort();
  });
}

Server::Server(const SecretKey& key, ServerOptions options)
    : inside_(std::make_unique<Inside>(key, std::move(options))) {
  inside_->listen();
}

Server::~Server() = default;

const std::vector<Address>& Server::addresses() const {
  return inside_->addresses;
}

void Server::run() {
  inside_->loop.run([this] { return inside_->stopping && inside_->clients.empty(); });
}

void Server::stop() noexcept {
  inside_->stop.request();
}

}  // namespace isodb::net
