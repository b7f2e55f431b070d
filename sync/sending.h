#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_set>
#include <vector>

#include "isodb/bytes.h"
#include "isodb/error.h"
#include "repo/state.h"
#include "sync/line_pace.h"
#include "sync/missing.h"
#include "sync/outgoing.h"
#include "sync/stored_frames.h"
#include "sync/stream_estimate.h"
#include "wire/hello.h"
#include "wire/messages.h"
#include "wire/run.h"

namespace isodb::sync {

/// The streams of one direction: what the other side lacks, as frames. Borrows the repository. One
/// thread at a time.
class Sending {
 public:
  struct Options {
    int level = 3;       ///< zstd's
    bool adapts = true;  ///< packs harder where the line turns out to be slow, else quicker
  };

  Sending(RepositoryState& repository, Options options)
      : repository_(repository), options_(options), pace_(options.level) {}

  /// What the other side has said of itself.
  struct Other {
    wire::Agreement refs;
    std::vector<CommitId> known;   ///< of its branches as in its HELLO, whatever came after
    std::vector<CommitId> agreed;  ///< commits of the agreement
    std::vector<Id> extra_heads;
    std::vector<wire::Hint> hints;
    std::optional<wire::ResumePoint> resume;
    std::optional<wire::ObjectsTaken> objects_taken;
    Scope scope;
    bool takes_frames = false;
    /// What it refused: that, and what descends from it, is not sent.
    std::unordered_set<Id> refused;
    merge::Erased erased;  ///< contents that it says are erased
  };
  /// Plans the next stream: all that `ours` names and the other lacks.
  void begin(const wire::Agreement& ours, const Other& other);
  /// The same after NEED: without hints and what was taken already. Nothing where all that is
  /// missing is left out.
  void begin_again(const wire::NeedMessage& need);

  /// Nothing but END, for who wants objects alone.
  void begin_empty(const wire::Agreement& ours, const Other& other);

  /// The same in answer to WANT: these contents, and nothing else; `alone`: any objects, without
  /// what they name.
  void answer(std::vector<Id> contents, bool alone = false);

  /// Frames of the next run, or END; none when the stream has ended, or got to its shortfall().
  std::vector<Bytes> next_frames();

  /// This repository, which is partial, does not hold all that has to be sent: what could be sent
  /// was, and nothing else comes of the stream at hand, not even END.
  const std::optional<Error>& shortfall() const { return shortfall_; }

  /// Those of these that are not sent, though the other side lacks them.
  std::vector<wire::Refusal> left_out_of(std::vector<wire::Refusal> refused) const;
  /// Was each of these sent since begin(), or left out?
  bool has_sent_all(const std::vector<wire::Refusal>& commits) const;
  bool has_ended() const { return outgoing_ == nullptr; }
  /// Was anything but END sent in the stream at hand?
  bool is_empty() const { return is_empty_; }
  std::uint8_t stream() const { return stream_; }
  std::uint64_t commits() const { return commits_; }
  std::uint64_t operations() const { return operations_; }
  /// Of the stream at hand, as far as can be told: see StreamEstimate.
  std::uint64_t bytes_to_come() const {
    return has_ended() || shortfall_ ? 0 : estimate_.bytes_to_come();
  }

 private:
  std::vector<CommitId> heads_told() const;
  bool has_left_out_all(const wire::NeedMessage& need) const;
  void plan(const Have& have);
  void expect(std::uint64_t commits, const std::vector<CommitId>& heads,
              const std::vector<CommitId>& had);
  std::uint64_t documents_of_largest(const std::vector<CommitId>& heads) const;
  std::vector<TagId> tags() const;
  void open(std::vector<CommitId> commits, Outgoing::Options options);
  void add_run(std::vector<Bytes>& frames);
  bool fill_run();
  Bytes end_frame();

  RepositoryState& repository_;
  Options options_;
  wire::Agreement ours_;
  Other other_;
  std::vector<CommitId> commits_begun_;  // of the stream at hand, when it ended or was given up
  std::optional<Receiver> receiver_;     // of a partial repository
  std::vector<CommitId> taken_, as_objects_;
  std::unordered_set<Id> left_out_;
  std::optional<StoredFrames> frames_;  // where the other side takes them
  std::unique_ptr<Outgoing> outgoing_;
  std::optional<wire::RunWriter> writer_;
  StreamEstimate estimate_;
  std::optional<wire::ExpectMessage> expect_;  // to be said before the stream
  LinePace pace_;
  std::int64_t left_at_micros_ = 0;  // when the last frames were there; 0 before any
  std::uint8_t stream_ = 0;
  bool is_first_ = true, is_empty_ = true;
  std::optional<Error> shortfall_;
  std::uint64_t commits_ = 0, operations_ = 0;
};

}  // namespace isodb::sync
