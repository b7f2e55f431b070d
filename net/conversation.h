#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

#include "isodb/bytes.h"
#include "isodb/error.h"
#include "net/event_loop.h"
#include "net/protocol.h"
#include "net/stream.h"
#include "net/worker_pool.h"

namespace isodb::net {

/// One peer's Protocol on one Stream: the stream in the loop's thread, the protocol's steps by
/// workers, one step at a time. What came waits here, up to 64 KiB, while a step runs; then reading
/// stops, and the peer has to wait. What goes out is produced while less than 64 KiB wait to be
/// sent, so at most 196 KiB do.
///
/// Owned by shared pointers, of which the loop's thread drops the last. All functions from that
/// thread.
class Conversation : public StreamOwner, public std::enable_shared_from_this<Conversation> {
 public:
  struct Hooks {
    /// The peer's key is proved; begin() may follow at once or later.
    std::function<void(Conversation&)> on_peer;
    /// The protocol was told that it ended, and is gone; the line may still be closing.
    std::function<void(Conversation&)> on_ended;
    /// Last: the line is closed, too. nullopt: in order.
    std::function<void(Conversation&, const std::optional<Error>&)> on_over;
  };

  /// Call start() then. The loop and the workers outlive it.
  Conversation(EventLoop& loop, WorkerPool& workers, ProtocolFactory factory, Hooks hooks);
  void start(Carrier carrier, const TlsContext& context, AcceptKey accept, StreamOptions options);
  ~Conversation() override;

  /// Makes the protocol and talks.
  void begin();
  /// Ends it: a running step ends, the protocol is told, the line is closed. Nothing where it is
  /// ending already.
  void close(const Error& why);
  /// The same, and the protocol may tell the peer first. The line stays open for that as long as
  /// the running step takes.
  void close_telling(const Error& why);
  /// Where it is ending, the line is closed at once.
  void abort();
  bool is_closing() const { return state_ == State::kClosing; }

  const std::optional<PublicKey>& peer_key() const { return stream_->peer_key(); }
  const std::string& name() const { return stream_->name(); }
  const Traffic& traffic() const { return stream_->traffic(); }

 private:
  enum class State {
    kGreeting,  // TLS; then waiting for begin()
    kTalking,
    kClosing,  // no more steps: the stream closes, the protocol is told
    kOver,
  };
  /// What a worker does, and what came of it.
  struct Step;
  struct Done;
  struct Wake;

  void on_peer(const PublicKey& key) override;
  void on_input(ByteView plaintext) override;
  void on_input_end() override;
  void on_room() override;
  void on_closed(const std::optional<Error>& why) override;

  void consider_step();
  void take_step();
  void stepped(Done done);
  void end_protocol();
  Bytes last_words();
  void be_over_when_done();
  /// By a worker.
  Done run_step(const Step& step);

  EventLoop& loop_;
  WorkerPool& workers_;
  ProtocolFactory factory_;
  Hooks hooks_;
  State state_ = State::kGreeting;
  std::unique_ptr<Stream> stream_;
  std::shared_ptr<Wake> wake_;
  Peer peer_;
  std::unique_ptr<Protocol> protocol_;  // the worker's, while a step runs

  Bytes inbox_;
  bool step_runs_ = false;
  bool wants_input_ = true, may_produce_ = true, finished_ = false;  // as the last step left it
  bool woken_ = false, input_ended_ = false;
  bool line_closed_ = false, ending_ = false, protocol_over_ = false;
  bool is_telling_ = false;  // the line is closed when the protocol's last words are there
  std::optional<Error> why_;
};

}  // namespace isodb::net
