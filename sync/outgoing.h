#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "isodb/commit.h"
#include "isodb/error.h"
#include "merge/erased.h"
#include "repo/state.h"
#include "sync/receiver.h"
#include "sync/resume_point.h"
#include "sync/stored_frames.h"
#include "wire/element.h"

namespace isodb::sync {

/// Makes the elements of one stream (docs/protocol.md, "Streams") from commits, one after the other
/// as they are asked for: a commit of a million documents is read as it is sent, and none of it is
/// kept. Borrows the repository. One thread at a time. Error(kCorrupt) where the repository is
/// damaged.
class Outgoing {
 public:
  struct Options {
    /// Commits that the receiver asked for as objects. When there are any, the bases of all others
    /// are computed before they are left for the receiver to compute.
    std::vector<CommitId> as_objects;
    /// Where an earlier session broke off. Heeded when that commit is to be sent and the receiver
    /// holds its parents; otherwise the stream begins anew.
    std::optional<ResumePoint> resume;
    /// Tags that the receiver lacks: they come after the commits. What they name has to be among
    /// the commits or over there, unless it is no commit: then it is sent before the tag.
    std::vector<TagId> tags;
    /// nullptr: one that takes everything. Borrowed.
    Receiver* receiver = nullptr;
    /// Contents that were asked for: they come before all else. First the one within which an
    /// earlier session broke off.
    std::vector<Id> wanted;
    /// Of `wanted`, which may be objects of any kind: without what they name.
    bool wanted_alone = false;
    /// What an earlier session brought whole before it broke off among objects. Where the same
    /// ones would be sent again, they are not.
    std::optional<wire::ObjectsTaken> objects_taken;
    /// nullptr: documents go as they are. Borrowed.
    StoredFrames* frames = nullptr;
    /// Where this repository, which is partial, does not hold what a commit has to be sent with:
    /// sends the others, as far as they do not build on it, and no tags; shortfall() says so. Else
    /// next() throws Error(kNotHeld).
    bool sends_the_rest = false;
    /// Contents that the other side has not any more, beside those erased here.
    merge::Erased erased_there = {};
  };

  /// `commits` are those that the receiver lacks, every commit after its parents.
  Outgoing(RepositoryState& repository, std::vector<CommitId> commits, Options options);
  Outgoing(RepositoryState& repository, std::vector<CommitId> commits);
  ~Outgoing();
  Outgoing(const Outgoing&) = delete;
  Outgoing& operator=(const Outgoing&) = delete;

  /// The commits that were begun, in their order: what an earlier session began comes first.
  const std::vector<CommitId>& begun() const;

  /// nullopt after the last.
  std::optional<wire::Element> next();

  /// The commit that the last element belongs to; after the last commit, it stays that one.
  const CommitId& commit() const;
  /// Was the last element the last of commit()?
  bool commit_is_whole() const;

  /// Of what was returned so far: commits that are whole, and operations. At the end, what END
  /// says.
  std::uint64_t commits() const;
  std::uint64_t operations() const;

  /// Why a commit was not sent: the first of those; nullopt for none so far.
  const std::optional<Error>& shortfall() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace isodb::sync
