#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <queue>
#include <span>
#include <string_view>
#include <vector>

#include "isodb/repository.h"
#include "repo/ancestry.h"
#include "repo/history_segment.h"

namespace isodb::repo {

/// What the history index knew at one time. Immutable; thread-safe. IndexDamaged from any function.
class HistoryView {
 public:
  using Segments = std::vector<std::shared_ptr<const HistorySegment>>;
  /// Each segment follows the one before.
  explicit HistoryView(Segments segments);

  const Segments& segments() const { return segments_; }
  const Ancestry& ancestry() const { return ancestry_; }
  std::uint32_t size() const { return ancestry_.size(); }
  std::optional<CommitNumber> find(const CommitId& id) const;
  /// nullopt unless all of them are known.
  std::optional<CommitNumbers> find(std::span<const CommitId> ids) const;
  CommitId id(CommitNumber commit) const { return segment_of(commit).id(commit); }
  HybridTime clock(CommitNumber commit) const { return segment_of(commit).clock(commit); }
  /// The commits that may have touched a document, or a folder with its '/'; rising.
  CommitNumbers touched(std::string_view path) const;

 private:
  const HistorySegment& segment_of(CommitNumber commit) const;

  Segments segments_;
  Ancestry ancestry_;
};

/// Where a commit stands in a log, which begins with the greatest. A plain value.
struct HistoryPlace {
  HybridTime clock;
  CommitId id;
  friend auto operator<=>(const HistoryPlace&, const HistoryPlace&) = default;
};

/// The commits in the past of some heads that may have touched a path, newest clock first, those of
/// one clock by id, the greatest first. Borrows the view. One thread at a time.
class TouchedCommits {
 public:
  TouchedCommits(const HistoryView& view, std::span<const CommitNumber> heads,
                 std::string_view path);
  std::optional<HistoryPlace> next();

 private:
  struct Next {
    HistoryPlace place;
    std::size_t begin, at;  // in commits_: what is left of a run, [begin, at]
    friend bool operator<(const Next& a, const Next& b) { return a.place < b.place; }
  };
  void push(std::size_t begin, std::size_t end);

  const HistoryView& view_;
  CommitNumbers commits_;
  std::priority_queue<Next> runs_;
};

/// Others than the defaults for tests alone.
struct HistoryLimits {
  std::size_t left_out_max = 256;        ///< new commits looked through each time, not stored
  std::size_t segment_commits = 65'536;  ///< of a new segment: what is done is kept when one ends
  std::size_t paths_max = 65'536;        ///< a commit that changes more is noted as wide
  std::uint64_t merged_bytes_max = 64 << 20;  ///< of a segment made of others, in memory
};

/// The history index of a repository: derived from its commits, kept in files that may be missing,
/// deleted or damaged at any time, brought up to date when it is asked and never before
/// (docs/storage.md, "History index"). Borrows the repository. Thread-safe; any number of
/// processes.
class HistoryIndex {
 public:
  explicit HistoryIndex(const RepositoryState& repository, const HistoryLimits& limits = {});
  ~HistoryIndex();

  const HistoryLimits& limits() const { return limits_; }
  /// What is known without reading any commit. Never null.
  std::shared_ptr<const HistoryView> known();
  /// A view that knows these heads, and so all that led to them, if little more than what is stored
  /// is to be read for it; else null.
  std::shared_ptr<const HistoryView> cover_with_few(const std::vector<CommitId>& heads);
  /// The same, whatever there is to be read, which is then stored. Null where that cannot be done:
  /// nothing is to be written there, or another process is just at it. Error where history is
  /// damaged.
  std::shared_ptr<const HistoryView> cover(const std::vector<CommitId>& heads,
                                           const ProgressFunction& progress = {});
  /// Removes the files: they were found to be damaged, or name commits that are gone. It is never
  /// an error that this cannot be done.
  void discard() noexcept;
  /// Discards them if a collection dropped commits that they name.
  void discard_if_collected();

 private:
  class Files;
  std::shared_ptr<const HistoryView> load();
  std::shared_ptr<const HistoryView> covering_with_few(const std::vector<CommitId>& heads);
  std::shared_ptr<const HistoryView> covering(const std::vector<CommitId>& heads,
                                              const ProgressFunction& progress);
  /// Again, without what was stored, where that was found to be damaged.
  template <typename Work>
  std::shared_ptr<const HistoryView> mending(Work work);
  HistoryView::Segments merged(HistoryView::Segments segments) const;
  void store(std::span<const CommitId> commits, const ProgressFunction& progress);
  void remove_all() noexcept;

  const RepositoryState& repository_;
  const HistoryLimits limits_;
  std::mutex mutex_;
  std::unique_ptr<Files> files_;
  std::shared_ptr<const HistoryView> stored_;  // as the files have it
  std::shared_ptr<const HistoryView> view_;    // and a few commits more
};

}  // namespace isodb::repo
