#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "isodb/commit.h"
#include "isodb/scope.h"
#include "objects/source.h"
#include "refs/database.h"
#include "repo/state.h"
#include "sync/passed_over.h"
#include "sync/resume_point.h"
#include "sync/unproved.h"
#include "wire/element.h"

namespace isodb::sync {

/// What became of a commit or tag that was received. A plain value.
struct Received {
  enum class Kind {
    kTaken,    ///< new here, and good
    kKnown,    ///< was here already
    kRefused,  ///< breaks a rule; not kept
    /// Descends from a commit that was refused, or is large and by an author who may not write
    /// (`rule` says so); not kept and not rebuilt. `id` stands for it in this stream and names no
    /// object.
    kAfterRefused,
    kWantedAsObjects,  ///< could not be rebuilt as it was signed. The stream is of no more use
    kMissingParents,   ///< The stream is of no more use
    kTag,              ///< a tag, whether new or known
  };
  Kind kind = Kind::kTaken;
  /// Of the commit or tag; zeros for kWantedAsObjects and kMissingParents.
  Id id;
  std::string rule;                ///< kRefused, kAfterRefused: that it breaks, for people
  std::vector<CommitId> missing;   ///< kMissingParents
  std::uint64_t until_millis = 0;  ///< kRefused: as RefusedCommit::until_millis
};

/// Takes the elements of streams from one peer and makes commits of them: rebuilds tree and bytes,
/// holds them against the signature and the rules, and stores what is good. Borrows the repository.
/// One thread at a time.
///
/// Memory: 50,000 operations, one chunk, and what repo::Staging holds, whatever is sent.
///
/// Error(kCorrupt) for elements that cannot be, by what is wrong with them: then the session with
/// this peer has to end, and what was taken before stays good. Error(kUnverified) for a signature
/// that does not hold even as objects; the same then.
///
/// Durable is what flush() or finish() wrote. What was flushed is held by the refs
/// incoming/<fingerprint>/<n> (heads of whole commits) and the setting incoming.<fingerprint> (of a
/// commit that is not whole, what there is); both last until finish(). So does the setting
/// objects_taken.<fingerprint>, which says what came of objects and holds nothing: a collection
/// ends it.
class Incoming {
 public:
  /// Goes on where the last session with this peer ended, if it was not finish()ed.
  Incoming(RepositoryState& repository, const PublicKey& peer,
           const Unproved::Limits& limits = Unproved::Limits());
  /// Keeps nothing that was not flushed.
  ~Incoming();
  Incoming(const Incoming&) = delete;
  Incoming& operator=(const Incoming&) = delete;

  /// For HELLO: where the last session broke off in a commit. Until begin_stream().
  std::optional<ResumePoint> resume() const;
  /// For HELLO: the objects that the last session brought whole, where it broke off among them and
  /// not in a commit.
  std::optional<wire::ObjectsTaken> objects_taken() const;
  /// For HELLO: the heads, sorted by id, of what this and earlier sessions took and no finish()
  /// brought anywhere.
  std::vector<CommitId> heads() const;

  /// Contents that the other side says are erased, sorted: they need not come.
  void tell_erased(const std::vector<Id>& theirs);

  /// What a parent means that is not here.
  enum class Absent {
    kMissing,  ///< the stream lacks it
    /// Where something was refused in this session: it descends from that, for the stream leaves
    /// out nothing else.
    kRefused,
  };
  /// Before the first element of each stream. A commit that is not whole is dropped, unless the
  /// stream is this session's first and goes on with it.
  void begin_stream(Absent absent = Absent::kMissing);
  /// Of the stream that was begun: these are contents of their own, none a part of another.
  void expect_contents(std::unordered_set<Id> contents);
  /// What the next part of a bundle has to know of this one, beside what is kept.
  struct PartEnd {
    bool some_refused = false;              ///< in this part, or before
    bool is_in_commit = false;              ///< of which resume() tells
    std::optional<PassedOver> passed_over;  ///< the part ended within it
  };
  /// In place of begin_stream(), for a part of a bundle: it goes on where the part before ended, or
  /// is the first. Until end_part(), flush() keeps whole commits alone and leaves where the part
  /// began as it is, so that a good copy begins there again.
  void begin_part(const std::optional<PartEnd>& before);
  PartEnd part_end() const;
  /// As flush(), with where the part ended in a commit, and with the batch.
  void end_part(refs::WriteBatch batch);

  /// Something is returned with the last element of each commit and tag. Nothing may follow
  /// kWantedAsObjects and kMissingParents but begin_stream().
  std::optional<Received> take(wire::Element element);
  /// So many bytes came, packed as they were, of which the elements that follow are made. Before
  /// them: what may be put on disk for what nobody proved is reckoned by that (sync/unproved.h).
  /// take() throws Error(kLimit) where it is more; then nothing is kept since the last flush(), nor
  /// what there was of the commit that is not whole.
  void note_received(std::uint64_t bytes);
  /// Has it become too much to be kept, with a commit that is not whole, for another session?
  bool has_too_much_to_keep() const;

  /// After the last element, with what END says. Error(kCorrupt) unless it agrees.
  void end_stream(std::uint64_t commits, std::uint64_t operations);

  /// Was something refused, in this session or in a part before this one?
  bool has_refused() const;
  /// Of the stream at hand: whole commits, whatever became of them, and operations.
  std::uint64_t commits() const;
  std::uint64_t operations() const;

  /// What this repository holds, and takes from the other side, as it was when this was made. Where
  /// another process widens it meanwhile, flush() and finish() refuse: what came left out what is
  /// wanted now.
  const Scope& scope() const;
  /// What it holds from now on, when all of that was taken: flush(), and with it the new scope.
  /// `from` is what `to` was made of; Error(kStale) when it is no longer what this repository
  /// holds.
  void widen(const Scope& from, const Scope& to);

  /// Sees all that was taken, durable or not: where to merge it.
  objects::ObjectStore& objects();

  /// How many objects wait in a pack for flush(): each makes one more pack.
  std::uint64_t packed_objects() const;
  /// Do frames come that only the next pack can hold as they are?
  bool should_begin_pack() const;
  /// Makes durable what was taken, also of a commit that is not whole. Cheap where there is nothing
  /// new. Error(kStale) when the repository was collected or widened meanwhile: begin another
  /// session; Error(kBusy) when another session with this peer is under way.
  void flush();
  /// Makes durable what was taken and what objects() was given, with the batch's moves and
  /// settings, and ends the refs and the setting that held it, all or nothing. When the batch loses
  /// a swap, the caller makes another. Errors as flush().
  std::optional<refs::LostSwap> finish(refs::WriteBatch batch);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace isodb::sync
