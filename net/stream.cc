#include "net/stream.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "net/system_error.h"

namespace isodb::net {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kReadBytes = 16'384;
constexpr int kReadsARound = 4;  // then others' lines have their turn
// Encrypted ahead of the line: a few records. What is queued longer stays plain, and is counted.
constexpr std::size_t kEncryptBytes = 16'384;
// For a peer to whom an error is told: to take it, and to close.
constexpr milliseconds kImpatience{2'000};

void make_non_blocking(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
    throw_system_error("use a file descriptor", errno);
  }
}

std::string seconds(milliseconds time) {
  return std::to_string((time.count() + 999) / 1000) + " s";
}

}  // namespace

Stream::Stream(EventLoop& loop, Carrier carrier, const TlsContext& context, AcceptKey accept,
               StreamOptions options, StreamOwner& owner)
    : loop_(loop),
      carrier_(std::move(carrier)),
      options_(std::move(options)),
      owner_(owner),
      channel_(context, std::move(accept)),
      begun_(Clock::now()),
      last_heard_(begun_),
      last_sent_(begun_) {
  make_non_blocking(in());
  loop_.watch(in(), Interest::kRead, [this](Readiness ready) { on_ready(ready); });
  if (carrier_.out) {
    make_non_blocking(out());
    try {
      loop_.watch(out(), Interest::kNothing,
                  [this](Readiness ready) { on_ready({.read = false, .write = ready.write}); });
    } catch (const Error&) {
      loop_.forget(in());
      throw;
    }
  }
  ciphertext_ = channel_.take_ciphertext();
  update_interest();
  arm_timer();
}

Stream::~Stream() {
  if (timer_) loop_.cancel(*timer_);
  if (state_ == State::kClosed) return;
  loop_.forget(in());
  if (carrier_.out) loop_.forget(out());
}

void Stream::send(Bytes plaintext) {
  if (state_ != State::kOpen || write_error_ || plaintext.empty()) return;
  backlog_ += plaintext.size();
  queue_.push_back(std::move(plaintext));
  write_some();
}

void Stream::pause() {
  paused_ = true;
  if (state_ == State::kOpen) update_interest();
}

void Stream::resume() {
  if (!paused_) return;
  paused_ = false;
  last_heard_ = Clock::now();
  if (state_ == State::kOpen) update_interest();
}

void Stream::close(std::optional<Error> why) {
  if (state_ != State::kOpen) return;
  state_ = State::kFlushing;
  closing_since_ = Clock::now();
  why_ = std::move(why);
  if (write_error_) return finish(why_ ? std::move(why_) : std::move(write_error_));
  arm_timer();
  write_some();
}

void Stream::abort() {
  if (state_ != State::kClosed) finish(std::move(why_));
}

void Stream::on_ready(Readiness ready) {
  if (ready.write && state_ != State::kClosed) write_some();
  if (ready.read && state_ != State::kClosed) read_some();
}

void Stream::read_some() {
  std::array<char, kReadBytes> part;
  for (int i = 0; i < kReadsARound; ++i) {
    if (state_ == State::kClosed || (state_ == State::kOpen && paused_) || input_ended_) return;
    const ssize_t count = ::read(in(), part.data(), part.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count < 0) return broken(system_error("read from " + carrier_.name, errno));
    if (count == 0) return end_of_input();
    traffic_.total_in += static_cast<std::uint64_t>(count);
    // A closing stream listens only for the end: nobody wants the rest.
    if (state_ == State::kOpen) take({part.data(), static_cast<std::size_t>(count)});
  }
}

void Stream::take(ByteView ciphertext) {
  std::optional<Error> failure;
  try {
    channel_.receive(ciphertext);
  } catch (const Error& error) {
    failure = error;
  }
  if (channel_.refusal()) {
    send(options_.refusal);
    return close(channel_.refusal());
  }
  if (!greeted_ && channel_.handshake_done()) {
    greeted_ = true;
    last_heard_ = Clock::now();
    arm_timer();
    owner_.on_peer(*channel_.peer_key());
  }
  const Bytes plaintext = channel_.take_plaintext();
  if (!plaintext.empty()) {
    last_heard_ = Clock::now();
    traffic_.payload_in += plaintext.size();
    if (state_ == State::kOpen) owner_.on_input(plaintext);
  }
  if (failure) {
    queue_.clear();  // nothing but the alert can be sent any more
    backlog_ = 0;
    return close(std::move(failure));
  }
  if (channel_.peer_closed() && !peer_told_) {
    peer_told_ = true;
    if (state_ == State::kOpen) owner_.on_input_end();
  }
  write_some();  // what TLS has to say
}

void Stream::end_of_input() {
  input_ended_ = true;
  if (state_ == State::kLingering) return finish(std::move(why_));
  if (state_ == State::kOpen) {
    try {
      channel_.receive_end();
    } catch (const Error& error) {
      return broken(error);
    }
  }
  update_interest();  // the peer may still listen
}

bool Stream::more_ciphertext() {
  ciphertext_ = channel_.take_ciphertext();
  ciphertext_offset_ = 0;
  if (!ciphertext_.empty()) return true;
  if (!channel_.can_send() || queue_.empty() || said_farewell_) return false;
  const ByteView rest = ByteView(queue_.front()).substr(queue_offset_);
  const ByteView part = rest.substr(0, kEncryptBytes);
  channel_.send(part);
  traffic_.payload_out += part.size();
  queue_offset_ += part.size();
  backlog_ -= part.size();
  if (part.size() == rest.size()) {
    queue_.pop_front();
    queue_offset_ = 0;
  }
  ciphertext_ = channel_.take_ciphertext();
  return true;
}

/// What the peer said before it went away tells more than that it went: it is read first, if it
/// comes soon.
void Stream::write_failed(const Error& why) {
  if (state_ != State::kOpen) return broken(why);
  write_error_ = why;
  closing_since_ = Clock::now();
  queue_.clear();
  backlog_ = 0;
  ciphertext_.clear();
  ciphertext_offset_ = 0;
  update_interest();
  arm_timer();
}

/// False: the line takes no more now, or is broken.
bool Stream::write_ciphertext() {
  while (ciphertext_offset_ < ciphertext_.size()) {
    const char* data = ciphertext_.data() + ciphertext_offset_;
    const std::size_t size = ciphertext_.size() - ciphertext_offset_;
    const ssize_t count =
        carrier_.out ? ::write(out(), data, size) : ::send(out(), data, size, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return false;
    if (count < 0) {
      write_failed(system_error("write to " + carrier_.name, errno));
      return false;
    }
    ciphertext_offset_ += static_cast<std::size_t>(count);
    traffic_.total_out += static_cast<std::uint64_t>(count);
    last_sent_ = Clock::now();
  }
  return true;
}

void Stream::write_some() {
  if (state_ == State::kLingering || state_ == State::kClosed || write_error_) return;
  const std::size_t before = backlog_;
  bool all_out = false;
  try {
    while (write_ciphertext()) {
      if (more_ciphertext()) continue;
      all_out = true;
      break;
    }
  } catch (const Error& error) {  // TLS failed before: nothing can be sent
    return broken(error);
  }
  if (state_ == State::kClosed || write_error_) return;
  if (all_out && state_ == State::kFlushing) return advance_closing();
  update_interest();
  if (backlog_ < before && state_ == State::kOpen) owner_.on_room();
}

void Stream::advance_closing() {
  if (!said_farewell_) {
    said_farewell_ = true;
    channel_.close_notify();
    return write_some();
  }
  state_ = State::kLingering;
  closing_since_ = Clock::now();
  ::shutdown(out(), SHUT_WR);  // also where it is one of two descriptors of a socket
  if (carrier_.out) {
    loop_.forget(out());
    carrier_.out.reset();
  }
  // The peer's farewell means that it sends no more.
  if (input_ended_ || peer_told_) return finish(std::move(why_));
  update_interest();
  arm_timer();
}

void Stream::broken(const Error& why) {
  // Whoever was closing for a reason keeps it, and a peer that is rid of us owes no farewell.
  finish(state_ == State::kOpen || (state_ == State::kFlushing && !why_) ? why : std::move(why_));
}

void Stream::finish(std::optional<Error> why) {
  state_ = State::kClosed;
  loop_.forget(in());
  if (carrier_.out) loop_.forget(out());
  if (timer_) loop_.cancel(*timer_);
  timer_.reset();
  carrier_.in.reset();
  carrier_.out.reset();
  owner_.on_closed(why);
}

void Stream::update_interest() {
  const bool reading = !input_ended_ && (state_ != State::kOpen || !paused_);
  const bool writing = ciphertext_offset_ < ciphertext_.size() && state_ != State::kLingering;
  if (carrier_.out) {
    loop_.change(in(), reading ? Interest::kRead : Interest::kNothing);
    loop_.change(out(), writing ? Interest::kWrite : Interest::kNothing);
    return;
  }
  loop_.change(in(), static_cast<Interest>((reading ? 1 : 0) | (writing ? 2 : 0)));
}

std::optional<Stream::Clock::time_point> Stream::next_due() const {
  switch (state_) {
    case State::kOpen:
      break;
    case State::kClosed:
      return std::nullopt;
    case State::kFlushing:
      return why_ ? closing_since_ + kImpatience
                  : std::max(closing_since_, last_sent_) + options_.silence_timeout;
    case State::kLingering:
      return closing_since_ + (why_ ? kImpatience : options_.silence_timeout);
  }
  if (write_error_) return closing_since_ + kImpatience;
  if (!greeted_) return begun_ + options_.handshake_timeout;
  const auto silence = (paused_ ? Clock::now() : last_heard_) + options_.silence_timeout;
  if (options_.keep_alive.empty()) return silence;
  // What waits to be sent will be heard; a line that takes nothing needs no more to carry.
  const auto quiet_since = backlog_ > 0 ? Clock::now() : last_sent_;
  return std::min(silence, quiet_since + options_.keep_alive_every);
}

void Stream::arm_timer() {
  if (timer_) loop_.cancel(*timer_);
  timer_.reset();
  if (const auto due = next_due()) timer_ = loop_.at(*due, [this] { on_timer(); });
}

void Stream::on_timer() {
  timer_.reset();
  const auto now = Clock::now();
  const auto due = next_due();
  if (!due || *due > now) return arm_timer();
  switch (state_) {
    case State::kClosed:
      return;
    case State::kFlushing:
      return finish(why_ ? std::move(why_)
                         : Error(ErrorCode::kIo, carrier_.name + " takes nothing any more"));
    case State::kLingering:
      return finish(std::move(why_));
    case State::kOpen:
      break;
  }
  if (write_error_) return broken(*write_error_);
  if (!greeted_) {
    return close(Error(ErrorCode::kIo,
                       "the peer did not prove its key in " + seconds(options_.handshake_timeout),
                       "try again; on a very slow line, give more time"));
  }
  if (!paused_ && now >= last_heard_ + options_.silence_timeout) {
    return close(Error(ErrorCode::kIo,
                       "nothing was heard of the peer for " + seconds(options_.silence_timeout),
                       "try again; what came is kept"));
  }
  send(options_.keep_alive);
  arm_timer();
}

}  // namespace isodb::net
