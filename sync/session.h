#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "isodb/error.h"
#include "isodb/key.h"
#include "isodb/sync_report.h"
#include "repo/state.h"
#include "sync/agreements.h"
#include "sync/arrival.h"
#include "sync/error_reason.h"
#include "sync/sending.h"
#include "sync/side.h"
#include "sync/taking.h"
#include "sync/united_heads.h"
#include "sync/want_rounds.h"
#include "wire/frame.h"
#include "wire/hello.h"
#include "wire/messages.h"

namespace isodb::sync {

struct SessionOptions {
  PublicKey peer;          ///< proved by whoever carries the bytes
  bool initiator = false;  ///< speaks first
  bool sends = false, takes = false;
  bool watches = false;  ///< stays connected when all is said, if the peer wants so too
  Destination destination;
  Sending::Options sending;
  /// For a clone (initiator): makes the repository, once the peer has said which it is, and what is
  /// to be in it. Then the session is given none.
  std::function<std::shared_ptr<RepositoryState>(const CommitId& root, const Scope& scope)>
      make_repository;
  /// For a clone: what is to be in it; nullopt for everything.
  std::optional<wire::ScopeClaim> clone_scope;
  /// What this repository, which is partial, is to hold when the session ends well: more than
  /// `wider_than`, which it held. nullopt: no more.
  std::optional<Scope> wider;
  Scope wider_than;
  /// Called when refs moved here. May be empty.
  std::function<void()> on_moved;
};

/// One side of a session (docs/protocol.md): bytes in, bytes out. One thread at a time.
///
/// Errors: receive() and produce() throw what ends the session: Error(kCorrupt) for a peer that
/// breaks the protocol, the peer's own reason when it said ERROR, Error(kIo, kBusy, …) for this
/// side's trouble. What was taken before is kept by ended(), and so is what was refused.
class Session : public Side {
 public:
  /// `repository`: nullptr for a clone.
  Session(std::shared_ptr<RepositoryState> repository, SessionOptions options);
  ~Session() override;

  void receive(ByteView plaintext) override;
  Bytes produce(std::size_t bytes_max) override;
  bool finished() const override;
  bool wants_input() const override { return true; }
  void closing(const Error& why) override { tell(message_of_closing(why)); }
  void ended(const std::optional<Error>& why) override;

  /// Ends it for a reason whose words are for the other side as well: throws it. What produce()
  /// then gives tells the other.
  [[noreturn]] void end(const Error& why) {
    tell(message_in_words(why));
    throw Error(why);
  }

  bool is_settled() const override;
  Report report() const override;
  std::uint64_t bytes_ahead() const override { return bytes_ahead_; }

 private:
  enum class Phase {
    kHello,    ///< until the other's HELLO is whole
    kRefs,     ///< responder: until all refs have come that it asked for
    kStreams,  ///< both may send
  };

  void handle(const wire::Frame& frame);
  void handle_hello(const wire::Frame& frame);
  void handle_refs(ByteView payload);
  void handle_end(const wire::EndMessage& end);
  void handle_need(const wire::NeedMessage& need);
  void handle_ack(const wire::AckMessage& ack);
  void note_refused_there(const std::vector<wire::Refusal>& refused);
  [[noreturn]] void handle_error(const wire::ErrorMessage& error);

  void say_hello();
  void tell_refused(wire::Hello& hello);
  std::vector<Id> erased_untold();
  void say_erased();
  void handle_erased(ByteView payload);
  std::vector<Id> extra_heads();
  void answer_hello();
  void take_repository();
  Scope scope_of_clone() const;
  std::optional<wire::ScopeClaim> own_claim() const;
  void begin_streams();
  void begin_sending();
  void handle_want(const wire::WantMessage& want);
  void go_on_taking();
  void acknowledge();
  bool is_partial_there() const { return !scope_there_.is_whole(); }
  /// The other side wants objects alone.
  bool is_mending_there() const { return (hello_.features & wire::kFeatureMends) != 0; }
  void send_more();
  void send_when_moved();
  void end_for_shortfall();
  void estimate();
  void tell(const wire::ErrorMessage& message);
  wire::Agreement agreement();
  bool lacks_what_was_left_out() const;
  bool is_news(bool stream_was_empty, const wire::Agreement& refs) const;
  bool has_unknown_heads() const;
  void record(const wire::Agreement& agreement);
  void flush_when_due();
  template <typename Message>
  void say(wire::FrameType type, const Message& message);
  void say_refs();
  void queue(ByteView frames);
  static void check_open(bool right, const char* what);

  std::shared_ptr<RepositoryState> repository_;
  SessionOptions options_;
  std::optional<Agreements> agreements_;
  wire::FrameReader frames_;
  wire::HelloReader hello_reader_;
  wire::Hello hello_;  // the other's
  wire::RefsReader refs_reader_;
  wire::ErasedReader erased_reader_;
  merge::Erased erased_told_;    // what the other side knows of
  std::vector<Id> erased_said_;  // in HELLO
  Phase phase_ = Phase::kHello;
  std::deque<Bytes> out_;  // whole frames
  bool failed_ = false;

  wire::Agreement base_;                       // what refs are told relative to
  wire::Agreement ours_, theirs_;              // as told last
  bool has_base_ = false;                      // both sides know it
  UnitedHeads united_heads_;                   // of ours_ and theirs_
  std::vector<CommitId> known_, known_there_;  // of ours_ and theirs_ as told first
  std::vector<CommitId> acknowledged_;         // heads of streams that the other side has taken
  Scope scope_there_;                          // of what the other side takes

  std::optional<Sending> sending_;
  unsigned wants_in_vain_ = 0;
  bool awaits_ack_ = false, was_sent_ = false, was_acked_ = false;
  int needs_heard_ = 0;
  std::unique_ptr<Taking> taking_;
  bool was_taken_ = false;
  std::optional<WantRounds> want_rounds_;       // where this side takes, once streams begin
  bool ack_is_queued_ = false;                  // in out_: the peer cannot have read it
  std::optional<wire::AgreementDigest> acked_;  // what the other's ACK said
  std::uint64_t flushed_at_millis_ = 0;
  std::uint64_t transactions_seen_ = 0;
  std::atomic<std::uint64_t> bytes_ahead_ = 0;
  Report report_;
};

/// A whole message to send where a line may be cut when it is silent.
Bytes keep_alive_message();

}  // namespace isodb::sync
