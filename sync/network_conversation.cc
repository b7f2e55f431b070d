#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

#include "isodb/error.h"
#include "net/client.h"
#include "sync/conversation.h"
#include "sync/session.h"
#include "sync/ssh_line.h"
#include "wire/frame.h"

namespace isodb::sync {
namespace {

/// Lends a session to the line, and looks at what becomes of it. Called by one thread at a time,
/// but for wake().
class LentSession : public net::Protocol {
 public:
  LentSession(Side& session, const std::function<void(const Report&)>& on_settled,
              std::atomic<bool>& failed_here)
      : session_(session), on_settled_(on_settled), failed_here_(failed_here) {}

  void receive(ByteView plaintext) override {
    guarded([&] { session_.receive(plaintext); });
    tell_when_settled();
  }
  Bytes produce(std::size_t bytes_max) override {
    Bytes bytes;
    guarded([&] { bytes = session_.produce(bytes_max); });
    if (bytes.empty()) tell_when_settled();
    return bytes;
  }
  bool finished() const override { return session_.finished(); }
  bool wants_input() const override { return session_.wants_input(); }
  void closing(const Error& why) override { session_.closing(why); }
  void ended(const std::optional<Error>& why) override { session_.ended(why); }

 private:
  /// What the session says is wrong is no fault of the line.
  template <typename Work>
  void guarded(const Work& work) {
    try {
      work();
    } catch (const Error&) {
      failed_here_ = true;
      throw;
    }
  }

  void tell_when_settled() {
    if (!on_settled_ || !session_.is_settled()) return;
    const Report report = session_.report();
    const std::uint64_t seen = report.commits_sent + report.commits_received + report.moved.size() +
                               report.refused.size() + report.refused_there.size() +
                               report.commits_unsent + (report.agreed ? 1 : 0);
    if (seen == seen_) return;
    seen_ = seen;
    on_settled_(report);
  }

  Side& session_;
  const std::function<void(const Report&)>& on_settled_;
  std::atomic<bool>& failed_here_;
  std::uint64_t seen_ = 0;
};

Bandwidth bandwidth_of(const net::Traffic& traffic) {
  return {traffic.payload_in, traffic.payload_out, traffic.total_in, traffic.total_out};
}

net::TalkOptions talk_options(const SyncOptions& options) {
  net::TalkOptions talk;
  talk.time_max = options.time_max;
  if (options.time_max) talk.connect_timeout = std::min(talk.connect_timeout, *options.time_max);
  talk.keep_alive = keep_alive_message();
  if (options.stop != nullptr) talk.cancellation = &options.stop->cancellation();
  return talk;
}

bool is_of_the_line(ErrorCode code) {
  return code == ErrorCode::kIo || code == ErrorCode::kNotFound;
}

}  // namespace

Bytes keep_alive_message() {
  Bytes frame;
  wire::FrameWriter(frame).add(wire::FrameType::kPing, {});
  return frame;
}

SyncResult talk_over_network(const Place& place, const SecretKey& key, const net::AcceptKey& accept,
                             const SessionMaker& make, const std::function<bool()>& wake,
                             const SyncOptions& options) {
  const auto begun = std::chrono::steady_clock::now();
  std::unique_ptr<Side> session;
  std::mutex mutex;  // of what the session's thread writes and this one reads
  const Side* talking = nullptr;
  net::Waker waker;
  std::atomic<bool> failed_here = false;
  const net::ProtocolFactory factory =
      [&](const net::Peer& peer) -> std::unique_ptr<net::Protocol> {
    session = make(peer.key);
    const std::lock_guard lock(mutex);
    talking = session.get();
    waker = peer.wake;
    return std::make_unique<LentSession>(*session, options.on_settled, failed_here);
  };
  net::TalkOptions talk = talk_options(options);
  talk.progress = [&](const net::Traffic& traffic) {
    if (options.progress) {
      Bandwidth bandwidth = bandwidth_of(traffic);
      std::unique_lock lock(mutex);
      if (talking != nullptr) bandwidth.ahead = talking->bytes_ahead();
      lock.unlock();
      options.progress(bandwidth);
    }
    if (!wake || !wake()) return;
    const std::lock_guard lock(mutex);
    if (waker) waker();
  };
  SyncResult result;
  try {
    net::Talked talked;
    if (const auto* address = std::get_if<net::Address>(&place)) {
      talked = net::talk_to(key, *address, accept, factory, talk);
    } else {
      const net::TlsContext context(key, net::TlsRole::kInitiator);
      const SshLine line(std::get<net::SshAddress>(place), options);
      talked = net::talk(context, line.connect(), accept, factory, talk);
      if (talked.error && !session) talked.error = line.explained(*talked.error);
    }
    result.error = talked.error;
    if (session) result.peer = talked.peer;  // a key that was only shown is nobody's
    result.bandwidth = bandwidth_of(talked.traffic);
  } catch (const Error& error) {
    result.error = error;
  }
  result.unreachable = result.error && !failed_here && is_of_the_line(result.error->code());
  if (session) result.report = session->report();
  result.took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begun);
  return result;
}

PublicKey ask_network_key(const Place& place, const SecretKey& key, const SyncOptions& options) {
  const net::TalkOptions talk = talk_options(options);
  if (const auto* address = std::get_if<net::Address>(&place)) {
    return net::ask_key(key, *address, talk);
  }
  const SshLine line(std::get<net::SshAddress>(place), options);
  try {
    return net::ask_key(key, line.connect(), talk);
  } catch (const Error& error) {
    throw line.explained(error);
  }
}

}  // namespace isodb::sync
