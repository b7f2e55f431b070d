#pragma once

#include <deque>
#include <optional>
#include <string>

#include "isodb/error.h"
#include "objects/source.h"
#include "repo/state.h"
#include "sync/side.h"
#include "wire/frame.h"
#include "wire/hello.h"
#include "wire/messages.h"
#include "wire/run.h"

namespace isodb::sync {

/// What is asked of a peer, and where it goes.
class ObjectsWanted {
 public:
  virtual ~ObjectsWanted() = default;
  /// The next question, when the last one was answered: its objects are durable by then. nullopt:
  /// there is none.
  virtual std::optional<wire::WantMessage> next() = 0;
  /// False for an object that was not asked for.
  virtual bool take(objects::Object object) = 0;
};

/// The side of a conversation that wants single objects and nothing else (docs/protocol.md,
/// "Mending"); it speaks first. Borrows what it is given. Threads and errors as those of Session.
class MendSession : public Side {
 public:
  MendSession(const RepositoryState& repository, ObjectsWanted& wanted);

  void receive(ByteView plaintext) override;
  Bytes produce(std::size_t bytes_max) override;
  bool finished() const override { return is_over_ && out_.empty(); }
  bool wants_input() const override { return true; }
  void closing(const Error& why) override;
  void ended(const std::optional<Error>&) override {}
  bool is_settled() const override { return finished(); }
  Report report() const override { return {}; }
  std::uint64_t bytes_ahead() const override { return 0; }

 private:
  void handle(const wire::Frame& frame);
  void handle_hello(const wire::Frame& frame);
  void handle_run(ByteView payload);
  void handle_end(const wire::EndMessage& end);
  void take(wire::Element element);
  void take_whole();
  void go_on();
  void tell(const wire::ErrorMessage& message);
  void say(wire::FrameType type, const Bytes& payload);

  const RepositoryState& repository_;
  ObjectsWanted& wanted_;
  wire::FrameReader frames_;
  wire::HelloReader hello_;
  bool has_hello_ = false, is_over_ = false, failed_ = false;
  std::optional<wire::RunReader> reader_;
  std::uint8_t stream_ = 0;
  std::optional<objects::Object> object_;  // on its way
  std::uint64_t bytes_left_ = 0;           // of it
  std::deque<Bytes> out_;
};

}  // namespace isodb::sync
