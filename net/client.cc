#include "net/client.h"

#include <memory>
#include <utility>

#include "net/conversation.h"
#include "net/event_loop.h"
#include "net/worker_pool.h"

namespace isodb::net {
namespace {

using std::chrono::milliseconds;
using Clock = EventLoop::Clock;

constexpr milliseconds kProgressEvery{250};

/// Lends a protocol to a conversation, which wants to own one.
class Lent : public Protocol {
 public:
  explicit Lent(Protocol& owner) : owner_(owner) {}
  void receive(ByteView plaintext) override { owner_.receive(plaintext); }
  Bytes produce(std::size_t bytes_max) override { return owner_.produce(bytes_max); }
  bool finished() const override { return owner_.finished(); }
  bool wants_input() const override { return owner_.wants_input(); }
  void closing(const Error& why) override { owner_.closing(why); }
  void ended(const std::optional<Error>& why) override { owner_.ended(why); }

 private:
  Protocol& owner_;
};

/// One conversation in a loop of its own.
class Talk {
 public:
  explicit Talk(const TalkOptions& options) : options_(options) {}
  Talked run(const TlsContext& context, Carrier carrier, const AcceptKey& accept,
             const ProtocolFactory& factory);

 private:
  void watch_cancellation();
  void report();
  void report_later();

  const TalkOptions& options_;
  EventLoop loop_;
  WorkerPool workers_{1};
  std::shared_ptr<Conversation> conversation_;
  Talked talked_;
  bool over_ = false;
};

void Talk::watch_cancellation() {
  if (options_.cancellation == nullptr) return;
  const int descriptor = options_.cancellation->descriptor();
  loop_.watch(descriptor, Interest::kRead, [this, descriptor](Readiness) {
    loop_.forget(descriptor);
    conversation_->close(Error(ErrorCode::kStale, "stopped"));
  });
}

void Talk::report() {
  if (options_.progress) options_.progress(conversation_->traffic());
}

void Talk::report_later() {
  if (!options_.progress) return;
  loop_.at(Clock::now() + kProgressEvery, [this] {
    report();
    report_later();
  });
}

Talked Talk::run(const TlsContext& context, Carrier carrier, const AcceptKey& accept,
                 const ProtocolFactory& factory) {
  conversation_ = std::make_shared<Conversation>(
      loop_, workers_, factory,
      Conversation::Hooks{.on_peer = [](Conversation& one) { one.begin(); },
                          .on_ended = [](Conversation&) {},
                          .on_over =
                              [this](Conversation& one, const std::optional<Error>& why) {
                                talked_ = {why, one.peer_key(), one.traffic()};
                                over_ = true;
                              }});
  conversation_->start(std::move(carrier), context, accept,
                       {.handshake_timeout = options_.handshake_timeout,
                        .silence_timeout = options_.silence_timeout,
                        .keep_alive = options_.keep_alive,
                        .keep_alive_every = options_.keep_alive_every,
                        .refusal = options_.refusal});
  watch_cancellation();
  report_later();
  if (options_.time_max) {
    loop_.at(Clock::now() + *options_.time_max, [this] {
      conversation_->close(Error(ErrorCode::kIo, "the conversation took longer than allowed",
                                 "try again, with more time; what came is kept"));
    });
  }
  loop_.run([this] { return over_; });
  report();
  return talked_;
}

}  // namespace

ProtocolFactory lend(Protocol& protocol) {
  return [&protocol](const Peer&) { return std::make_unique<Lent>(protocol); };
}

Talked talk(const TlsContext& context, Carrier carrier, const AcceptKey& accept,
            const ProtocolFactory& factory, const TalkOptions& options) {
  try {
    return Talk(options).run(context, std::move(carrier), accept, factory);
  } catch (const Error& error) {  // it never began: a plain file for a line, no descriptors
    return {.error = error};
  }
}

Talked talk_to(const SecretKey& key, const Address& address, const AcceptKey& accept,
               const ProtocolFactory& factory, const TalkOptions& options) {
  try {
    return talk(TlsContext(key, TlsRole::kInitiator),
                connect_tcp(address, options.connect_timeout, options.cancellation), accept,
                factory, options);
  } catch (const Error& error) {
    return {.error = error};
  }
}

PublicKey ask_key(const SecretKey& key, Carrier carrier, const TalkOptions& options) {
  const Talked talked = talk(
      TlsContext(key, TlsRole::kInitiator), std::move(carrier),
      [](const PublicKey&) { return false; }, {}, options);
  if (talked.peer) return *talked.peer;
  throw Error(*talked.error);  // without a key it cannot have ended in order
}

PublicKey ask_key(const SecretKey& key, const Address& address, const TalkOptions& options) {
  return ask_key(key, connect_tcp(address, options.connect_timeout, options.cancellation), options);
}

}  // namespace isodb::net
