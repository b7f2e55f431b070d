#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "isodb/error.h"

namespace isodb::repo {

/// The history index contradicts itself or its checksums: nothing is lost, for it can be made anew.
class IndexDamaged : public Error {
 public:
  explicit IndexDamaged(const std::string& problem)
      : Error(ErrorCode::kCorrupt, "the history index is damaged: " + problem) {}
};

/// A commit's place in the history index, from 0.
using CommitNumber = std::uint32_t;
using CommitNumbers = std::vector<CommitNumber>;

/// Who descends from whom among numbered commits. Numbers fall into runs, in which each commit is
/// a parent of the next; what a commit has in its past is a beginning of each run, so that a
/// history without branches is one run whatever its length. A question costs O(runs + links).
/// Immutable but for append(); then any number of threads.
class Ancestry {
 public:
  /// A parent that is not simply the number before.
  struct Link {
    CommitNumber child = 0, parent = 0;
    friend bool operator==(const Link&, const Link&) = default;
  };
  /// `count` more commits: those that begin a run, rising, and the links, rising by child.
  /// IndexDamaged where they cannot be that.
  void append(std::uint32_t count, std::span<const CommitNumber> starts,
              std::span<const Link> links);
  std::uint32_t size() const { return size_; }

  /// Some commits and all their ancestors. A plain value.
  class Past {
   public:
    bool holds(CommitNumber commit) const;

   private:
    friend class Ancestry;
    const Ancestry* ancestry_ = nullptr;  // borrowed
    CommitNumbers ends_;                  // of each run, the first number that is not in it
  };
  Past past_of(std::span<const CommitNumber> heads) const;
  /// Of what both have in their past, the commits that no other one of it descends from; rising.
  CommitNumbers common_heads(std::span<const CommitNumber> a,
                             std::span<const CommitNumber> b) const;

  std::size_t run_of(CommitNumber commit) const;

 private:
  std::span<const Link> links_of(CommitNumber begin, CommitNumber end) const;

  std::uint32_t size_ = 0;
  CommitNumbers starts_;
  std::vector<Link> links_;
};

}  // namespace isodb::repo
