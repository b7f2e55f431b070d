#include "net/conversation.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <utility>

namespace isodb::net {
namespace {

constexpr std::size_t kInboxBytes = 65'536;
constexpr std::size_t kBacklogBytes = 65'536;  // below it more is produced
constexpr std::size_t kStepBytes = 2 * Protocol::kProduceBytesMin;

}  // namespace

struct Conversation::Step {
  Bytes input;
  std::size_t budget = 0;  ///< bytes that may be produced; 0: none
};

struct Conversation::Done {
  Bytes output;
  bool wants_input = true, finished = false, may_produce = false;
  std::optional<Error> error;
};

/// What wakers hold: the way to the loop, while there is one.
struct Conversation::Wake {
  std::mutex mutex;
  EventLoop* loop = nullptr;
  std::weak_ptr<Conversation> conversation;  // only locked in the loop's thread
  std::atomic<bool> asked{false};
};

Conversation::Conversation(EventLoop& loop, WorkerPool& workers, ProtocolFactory factory,
                           Hooks hooks)
    : loop_(loop), workers_(workers), factory_(std::move(factory)), hooks_(std::move(hooks)) {}

Conversation::~Conversation() {
  if (!wake_) return;
  const std::lock_guard lock(wake_->mutex);
  wake_->loop = nullptr;
}

void Conversation::start(Carrier carrier, const TlsContext& context, AcceptKey accept,
                         StreamOptions options) {
  stream_ = std::make_unique<Stream>(loop_, std::move(carrier), context, std::move(accept),
                                     std::move(options), *this);
}

void Conversation::on_peer(const PublicKey& key) {
  peer_.key = key;
  peer_.name = stream_->name();
  hooks_.on_peer(*this);
}

void Conversation::begin() {
  if (state_ != State::kGreeting) return;
  state_ = State::kTalking;
  wake_ = std::make_shared<Wake>();
  wake_->loop = &loop_;
  wake_->conversation = weak_from_this();
  peer_.wake = [wake = wake_] {
    const std::lock_guard lock(wake->mutex);
    if (wake->loop == nullptr || wake->asked.exchange(true)) return;
    wake->loop->post([wake] {
      wake->asked = false;
      const auto conversation = wake->conversation.lock();
      if (conversation == nullptr) return;
      conversation->woken_ = true;  // also for the step that runs: it may not have seen the cause
      conversation->may_produce_ = true;
      conversation->consider_step();
    });
  };
  consider_step();
}

void Conversation::on_input(ByteView plaintext) {
  if (state_ != State::kGreeting && state_ != State::kTalking) return;
  inbox_.append(plaintext);
  if (inbox_.size() >= kInboxBytes) stream_->pause();
  consider_step();
}

void Conversation::on_input_end() {
  input_ended_ = true;
  consider_step();
}

void Conversation::on_room() {
  consider_step();
}

/// Takes a step where there is something to do, and ends the talk where there never will be.
void Conversation::consider_step() {
  if (state_ != State::kTalking || step_runs_) return;
  const bool has_input = wants_input_ && !inbox_.empty();
  const bool has_room = line_closed_ || stream_->backlog() < kBacklogBytes;
  if (!finished_ && (has_input || (may_produce_ && has_room && !line_closed_))) return take_step();
  if (finished_ || line_closed_) {
    // A line that broke after the last word was out has done its work.
    if (finished_ && stream_->backlog() == 0) why_.reset();
    state_ = State::kClosing;
    if (line_closed_) return end_protocol();
    return stream_->close(std::nullopt);
  }
  if (input_ended_ && !may_produce_) {
    close(Error(ErrorCode::kIo, "the peer ended the conversation before it was over",
                "look at the other side for the reason"));
  }
}

void Conversation::take_step() {
  Step step;
  if (wants_input_) {
    step.input = std::exchange(inbox_, {});  // kInboxBytes, and what one read may add
    stream_->resume();
  }
  if (!line_closed_ && stream_->backlog() < kBacklogBytes) step.budget = kStepBytes;
  woken_ = false;
  step_runs_ = true;
  workers_.submit([self = shared_from_this(), step = std::move(step)]() mutable {
    Done done = self->run_step(step);
    // The pointer moves along: this thread must not be the last to hold it.
    EventLoop& loop = self->loop_;
    loop.post([self = std::move(self), done = std::move(done)]() mutable {
      self->stepped(std::move(done));
    });
  });
}

Conversation::Done Conversation::run_step(const Step& step) {
  Done done;
  std::size_t budget = step.budget;
  const auto produce = [&] {
    while (budget >= Protocol::kProduceBytesMin) {
      const Bytes piece = protocol_->produce(budget);
      done.may_produce = !piece.empty();
      if (piece.empty()) return;
      done.output += piece;
      budget -= std::min(budget, piece.size());
    }
  };
  try {
    if (protocol_ == nullptr) protocol_ = factory_(peer_);
    done.may_produce = true;
    if (!step.input.empty()) protocol_->receive(step.input);
    produce();
  } catch (const Error& error) {
    done.error = error;
  } catch (const std::exception& error) {
    done.error = Error(ErrorCode::kIo, std::string("cannot go on: ") + error.what());
  }
  if (protocol_ == nullptr) return done;
  if (done.error) {
    try {  // what the peer should still be told
      done.output += protocol_->produce(Protocol::kProduceBytesMin);
    } catch (const std::exception&) {  // the first failure is the one to report
    }
  }
  done.finished = protocol_->finished();
  done.wants_input = protocol_->wants_input();
  return done;
}

void Conversation::stepped(Done done) {
  step_runs_ = false;
  if (state_ == State::kClosing) return end_protocol();
  wants_input_ = done.wants_input;
  finished_ = done.finished;
  may_produce_ = done.may_produce || woken_;
  if (done.error) {
    state_ = State::kClosing;  // before send(), which may find room for another step
    why_ = done.error;
    stream_->send(std::move(done.output));
    stream_->close(done.error);
    return end_protocol();
  }
  stream_->send(std::move(done.output));
  consider_step();
}

void Conversation::close(const Error& why) {
  if (state_ != State::kGreeting && state_ != State::kTalking) return;
  state_ = State::kClosing;
  inbox_.clear();
  why_ = why;
  stream_->close(why);
  if (!step_runs_) end_protocol();
}

void Conversation::close_telling(const Error& why) {
  if (state_ != State::kTalking || line_closed_) return close(why);
  state_ = State::kClosing;
  inbox_.clear();
  stream_->resume();  // what still comes is dropped, so that the peer can read
  why_ = why;
  is_telling_ = true;
  if (!step_runs_) end_protocol();
}

void Conversation::abort() {
  if (state_ == State::kClosing) stream_->abort();
}

void Conversation::on_closed(const std::optional<Error>& why) {
  line_closed_ = true;
  if (!why_) why_ = why;
  // What came whole before the line broke is still taken in.
  if (state_ == State::kTalking) return consider_step();
  state_ = State::kClosing;
  if (!step_runs_) end_protocol();
  be_over_when_done();
}

void Conversation::end_protocol() {
  if (ending_) return;
  ending_ = true;
  workers_.submit([self = shared_from_this()]() mutable {
    Bytes words;
    if (self->protocol_ != nullptr) {
      if (self->is_telling_) words = self->last_words();
      try {
        self->protocol_->ended(self->why_);
      } catch (const std::exception&) {  // documented: there is nobody left to tell
      }
      self->protocol_.reset();
    }
    EventLoop& loop = self->loop_;
    loop.post([self = std::move(self), words = std::move(words)]() mutable {
      if (self->is_telling_) {
        self->stream_->send(std::move(words));
        self->stream_->close(self->why_);
      }
      self->protocol_over_ = true;
      self->hooks_.on_ended(*self);
      self->be_over_when_done();
    });
  });
}

/// By a worker, when no step runs any more.
Bytes Conversation::last_words() {
  try {
    protocol_->closing(*why_);
    return protocol_->produce(Protocol::kProduceBytesMin);
  } catch (const std::exception&) {  // the reason for ending is the one to report
    return {};
  }
}

void Conversation::be_over_when_done() {
  if (!protocol_over_ || !line_closed_ || state_ == State::kOver) return;
  state_ = State::kOver;
  hooks_.on_over(*this, why_);
}

}  // namespace isodb::net
