#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "isodb/bytes.h"
#include "isodb/error.h"
#include "isodb/key.h"
#include "net/carrier.h"
#include "net/event_loop.h"
#include "net/protocol.h"
#include "net/tls.h"

namespace isodb::net {

struct StreamOptions {
  std::chrono::milliseconds handshake_timeout{10'000};
  std::chrono::milliseconds silence_timeout{60'000};  ///< nothing heard while listening
  Bytes keep_alive;  ///< a whole message, sent when nothing else was for so long; empty: none
  std::chrono::milliseconds keep_alive_every{20'000};
  Bytes refusal;  ///< a whole message for a peer whose key is proved and not accepted; empty: none
};

/// What a stream tells its owner, in the loop's thread. The owner does not destroy the stream from
/// within.
class StreamOwner {
 public:
  virtual ~StreamOwner() = default;
  /// The peer is accepted and has proved its key. First.
  virtual void on_peer(const PublicKey& key) = 0;
  /// What it says, in pieces of at most 16 KiB. One that was read already may follow pause().
  virtual void on_input(ByteView plaintext) = 0;
  /// The peer said farewell; it may still listen.
  virtual void on_input_end() = 0;
  /// Something was written: backlog() is smaller.
  virtual void on_room() = 0;
  /// Last. nullopt: closed in order, all that was sent was handed to the system.
  virtual void on_closed(const std::optional<Error>& why) = 0;
};

/// A carrier with TLS on it, driven by a loop: plain text in and out, without blocking. It holds at
/// most what was handed to send() and, of what came, one record. Reading stops while paused, so
/// that a peer has to wait as well.
///
/// Owns the carrier. One thread: the loop's. Failures come as on_closed(): TLS's (see TlsChannel),
/// Error(kIo) of the line, and Error(kIo) when a timeout passed.
class Stream {
 public:
  Stream(EventLoop& loop, Carrier carrier, const TlsContext& context, AcceptKey accept,
         StreamOptions options, StreamOwner& owner);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// Queues. Dropped once the stream is closing.
  void send(Bytes plaintext);
  /// Bytes that wait; endless where the line takes no more.
  std::size_t backlog() const { return write_error_ ? SIZE_MAX : backlog_; }
  void pause();
  void resume();
  /// Sends what is queued, says farewell, waits for the peer's, closes. With an error it does so
  /// without much patience, and on_closed() gets that error.
  void close(std::optional<Error> why);
  /// Closes now, whatever is still queued. Nothing where it is closed.
  void abort();

  const std::optional<PublicKey>& peer_key() const { return channel_.peer_key(); }
  const std::string& name() const { return carrier_.name; }
  const Traffic& traffic() const { return traffic_; }

 private:
  enum class State {
    kOpen,
    kFlushing,   // closing: what is queued goes out
    kLingering,  // all is out: what still comes is read and dropped, until the peer closes, too.
                 // Closing before that would make the system drop what the peer has not read yet.
    kClosed,
  };
  using Clock = EventLoop::Clock;

  int in() const { return carrier_.in.get(); }
  int out() const { return carrier_.out ? carrier_.out.get() : carrier_.in.get(); }
  void on_ready(Readiness ready);
  void read_some();
  void take(ByteView ciphertext);
  void end_of_input();
  void write_some();
  bool write_ciphertext();
  bool more_ciphertext();
  void advance_closing();
  void finish(std::optional<Error> why);
  void broken(const Error& why);
  void write_failed(const Error& why);
  void update_interest();
  void arm_timer();
  void on_timer();
  std::optional<Clock::time_point> next_due() const;

  EventLoop& loop_;
  Carrier carrier_;
  StreamOptions options_;
  StreamOwner& owner_;
  TlsChannel channel_;
  State state_ = State::kOpen;
  bool greeted_ = false, paused_ = false, input_ended_ = false, peer_told_ = false;
  bool said_farewell_ = false;
  std::optional<Error> why_, write_error_;
  std::deque<Bytes> queue_;
  std::size_t queue_offset_ = 0, backlog_ = 0;
  Bytes ciphertext_;
  std::size_t ciphertext_offset_ = 0;
  Traffic traffic_;
  Clock::time_point begun_, last_heard_, last_sent_, closing_since_;
  std::optional<EventLoop::TimerId> timer_;
};

}  // namespace isodb::net
