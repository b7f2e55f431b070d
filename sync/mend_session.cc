#include "sync/mend_session.h"

#include <utility>

#include "core/hash.h"
#include "sync/error_reason.h"

namespace isodb::sync {
namespace {

constexpr std::size_t kHalfIdBytes = Id::kSize / 2;

[[noreturn]] void throw_broken(const std::string& what) {
  throw Error(ErrorCode::kCorrupt, "the peer sent " + what);
}

}  // namespace

MendSession::MendSession(const RepositoryState& repository, ObjectsWanted& wanted)
    : repository_(repository), wanted_(wanted) {
  wire::Hello hello;
  hello.features = wire::kFeatureObjects | wire::kFeatureMends;
  hello.takes = true;
  hello.repository = Bytes(repository.root.bytes().substr(0, kHalfIdBytes));
  Bytes frame;
  wire::FrameWriter out(frame);
  wire::write_hello(out, std::move(hello));
  out_.push_back(std::move(frame));
}

void MendSession::say(wire::FrameType type, const Bytes& payload) {
  Bytes frame;
  wire::FrameWriter(frame).add(type, payload);
  out_.push_back(std::move(frame));
}

void MendSession::tell(const wire::ErrorMessage& message) {
  if (std::exchange(failed_, true)) return;
  out_.clear();
  say(wire::FrameType::kError, encode(message));
}

void MendSession::closing(const Error& why) {
  tell(message_of_closing(why));
}

void MendSession::receive(ByteView plaintext) {
  try {
    while (const std::optional<wire::Frame> frame = frames_.next(plaintext)) handle(*frame);
  } catch (const Error& error) {
    tell(message_of(error));
    throw;
  }
}

Bytes MendSession::produce(std::size_t bytes_max) {
  Bytes bytes;
  while (!out_.empty() && (bytes.empty() || bytes.size() + out_.front().size() <= bytes_max)) {
    bytes += out_.front();
    out_.pop_front();
  }
  return bytes;
}

void MendSession::handle(const wire::Frame& frame) {
  switch (frame.type) {
    case wire::FrameType::kPing:
      return wire::check_ping(frame.payload);
    case wire::FrameType::kExpect:
      return;
    case wire::FrameType::kError:
      failed_ = true;  // it is not told what it knows
      throw error_said(wire::decode_error(frame.payload));
    case wire::FrameType::kHello:
    case wire::FrameType::kRefs:
    case wire::FrameType::kErased:
      return handle_hello(frame);
    case wire::FrameType::kRun:
      if (!has_hello_ || is_over_) throw_broken("a RUN where it may not");
      return handle_run(frame.payload);
    case wire::FrameType::kEnd:
      if (!has_hello_ || is_over_) throw_broken("an END where it may not");
      return handle_end(wire::decode_end(frame.payload));
    default:
      throw_broken("a frame where it may not");
  }
}

/// Where its refs stand is of no interest.
void MendSession::handle_hello(const wire::Frame& frame) {
  if (has_hello_) throw_broken("a second HELLO");
  if (!hello_.add(frame)) return;
  const wire::Hello hello = hello_.take();
  if (hello.repository != repository_.root.bytes().substr(0, kHalfIdBytes)) {
    const Error another(ErrorCode::kNotFound, "the other side is another repository");
    tell(message_in_words(another));
    throw Error(another);
  }
  if ((hello.features & wire::kFeatureObjects) == 0 || !hello.sends) {
    throw Error(ErrorCode::kUnsupported, "the other side does not give single objects",
                "bring its program up to date, or clone anew from it");
  }
  has_hello_ = true;
  reader_.emplace(std::vector<CommitId>{});
}

void MendSession::handle_run(ByteView payload) {
  if (wire::run_stream(payload) != stream_) throw_broken("a RUN of a stream that was not begun");
  reader_->add_frame(payload);
  while (std::optional<wire::Element> element = reader_->next()) take(*std::move(element));
}

void MendSession::take(wire::Element element) {
  if (auto* piece = std::get_if<wire::PieceElement>(&element)) {
    object_->payload += piece->bytes;  // the reader lets no more come than was said
    bytes_left_ -= piece->bytes.size();
  } else if (const auto* begun = std::get_if<wire::ObjectElement>(&element)) {
    if (begun->size > objects::kObjectBytesMax) throw_broken("an object of more than 64 MiB");
    object_ = objects::Object{begun->type, {}};
    bytes_left_ = begun->size;
  } else {
    throw_broken("something else than objects, as were asked for");
  }
  if (bytes_left_ == 0) take_whole();
}

void MendSession::take_whole() {
  const Id id = core::object_id(object_->type, object_->payload);
  const bool is_commit = object_->type == ObjectType::kCommit;
  if (!wanted_.take(*std::exchange(object_, std::nullopt))) {
    throw_broken("an object that was not asked for, " + id.hex());
  }
  if (is_commit) reader_->commit_is(CommitId(id));
}

void MendSession::handle_end(const wire::EndMessage& end) {
  if (end.stream != stream_) throw_broken("an END of a stream that was not begun");
  reader_->expect_end();
  if (end.commits != reader_->commits() || end.operations != 0) {
    throw_broken("other numbers of commits and operations than its END says");
  }
  go_on();
}

void MendSession::go_on() {
  if (const std::optional<wire::WantMessage> want = wanted_.next()) {
    say(wire::FrameType::kWant, encode(*want));
    ++stream_;
    reader_.emplace(std::vector<CommitId>{});
    return;
  }
  wire::AckMessage ack;  // of no agreement: nothing was told of this side's refs
  ack.stream = stream_;
  say(wire::FrameType::kAck, encode(ack));
  is_over_ = true;
}

}  // namespace isodb::sync
