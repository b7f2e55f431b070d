#pragma once

#include <cstdint>
#include <optional>
#include <unordered_set>
#include <vector>

#include "isodb/bytes.h"
#include "isodb/key.h"
#include "isodb/sync_report.h"
#include "repo/state.h"
#include "sync/incoming.h"
#include "sync/stream_estimate.h"
#include "wire/messages.h"
#include "wire/run.h"

namespace isodb::sync {

/// The streams of the other direction: frames become commits. Borrows the repository. One thread at
/// a time. Error(kCorrupt) for a peer that breaks the protocol; what was taken before stays good.
class Taking {
 public:
  Taking(RepositoryState& repository, const PublicKey& peer);

  Incoming& incoming() { return incoming_; }

  /// The peer was told of these by this side's HELLO, and leaves them out with what descends from
  /// them. `hinted`: the HELLO had hints, so that a head may be missing for another reason.
  void leave_out(std::vector<RefusedCommit> told, bool hinted);
  /// Before the first frame of each stream but those that NEED asked for. `known`: the heads of
  /// this side's branches as its HELLO told them.
  void begin(std::vector<CommitId> known);
  /// In place of begin(), of a part of a bundle: see Incoming::begin_part().
  void begin_part(std::vector<CommitId> known, const std::optional<Incoming::PartEnd>& before);
  /// Before the first frame of the answer to a WANT: these contents, of at most so many bytes.
  void begin_answer(std::unordered_set<Id> contents, std::uint64_t bytes_max);
  /// What the peer says of the stream that is next.
  void expect(const wire::ExpectMessage& told) { estimate_.expect(told); }
  /// A RUN's payload. What has to be said then: a NEED, at most.
  std::optional<wire::NeedMessage> run(ByteView payload);
  /// END. True when the stream is whole: every one of `heads` is here, or was refused or left out.
  /// Otherwise more is to come, and `need` may have to be said.
  bool end(const wire::EndMessage& end, const std::vector<Id>& heads,
           std::optional<wire::NeedMessage>& need);

  /// Was there nothing in the last stream that ended?
  bool was_empty() const { return was_empty_; }
  std::uint8_t stream() const { return stream_; }
  /// Of all streams: new here, and operations.
  std::uint64_t commits() const { return commits_; }
  std::uint64_t operations() const { return operations_; }
  /// Of the stream at hand, as far as can be told: see StreamEstimate.
  std::uint64_t bytes_to_come() const { return estimate_.bytes_to_come(); }
  /// The first wire::AckMessage::kRefusedMax of them.
  const std::vector<RefusedCommit>& refused() const { return refused_; }
  bool has_refused() const { return !refused_.empty() || !refused_unnamed_.empty(); }
  /// Refused without being named: the ids stand for them here alone.
  const std::vector<RefusedCommit>& refused_unnamed() const { return refused_unnamed_; }
  /// What leave_out() was given.
  const std::vector<RefusedCommit>& told() const { return told_; }
  /// That, where the peer did leave something out.
  const std::vector<RefusedCommit>& left_out() const { return left_out_; }
  /// May something of that be taken by now, as its time has come?
  bool is_refusal_over(std::uint64_t now_millis) const;

 private:
  std::optional<wire::NeedMessage> note(const Received& received);
  void note_refused(RefusedCommit refused);
  void begin(std::vector<CommitId> known, Incoming::Absent absent);
  void reset(std::vector<CommitId> known);
  wire::NeedMessage need(std::vector<Id> missing, bool as_objects);
  void check_answer(const wire::Element& element);
  std::vector<Id> absent(const std::vector<Id>& heads);

  RepositoryState& repository_;
  Incoming incoming_;
  std::vector<CommitId> known_;
  std::optional<wire::RunReader> reader_;
  StreamEstimate estimate_;
  std::uint8_t stream_ = 0;
  bool is_first_ = true, is_given_up_ = false, saw_runs_ = false, was_empty_ = true;
  std::optional<std::uint64_t> answer_bytes_left_;  // nullopt: it is none
  int needs_ = 0;
  bool is_after_need_ = false;  // the stream at hand: it goes by no hints
  std::uint64_t commits_ = 0, operations_ = 0;
  std::vector<RefusedCommit> refused_, refused_unnamed_, told_, left_out_;
  bool told_is_hinted_ = false;
};

}  // namespace isodb::sync
