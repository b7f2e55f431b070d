#pragma once

#include <cstdint>
#include <optional>
#include <queue>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "isodb/commit.h"
#include "isodb/entry.h"
#include "isodb/hybrid_time.h"
#include "isodb/id.h"
#include "isodb/scope.h"
#include "objects/tree.h"

namespace isodb {
class RepositoryState;
}

namespace isodb::repo {

/// The setting that holds a partial repository's scope, as JSON; a whole one has none.
inline constexpr const char* kSettingScope = "repository.scope";

/// The setting's value; nullopt, which unsets it, for the whole.
std::optional<std::string> scope_text(const Scope& scope);
/// The inverse. Error(kCorrupt) for what is none, Error(kUnsupported) for what a newer version
/// wrote.
Scope parse_scope(const std::optional<std::string>& text);

/// The boundary for `depth` commits on each way back from `heads`: the heads of the commits in
/// their past whose shortest way from one of them has `depth` steps or more. From a boundary, it is
/// the boundary so many steps further back. None where there are no such commits: all of history is
/// in scope. Error(kInvalid) for a depth of 0, Error(kLimit) for a boundary above
/// kScopeBoundaryMax. O(commits after the boundary).
std::vector<CommitId> boundary_at_depth(RepositoryState& repository,
                                        std::span<const CommitId> heads, std::uint64_t depth);
/// The boundary before a time: the heads of the commits in the past of `heads` whose clock is below
/// it. Limits and costs as above.
std::vector<CommitId> boundary_since(RepositoryState& repository, std::span<const CommitId> heads,
                                     std::uint64_t millis);

/// Tells what is in a scope, by the commits and trees that a repository holds: its own scope or a
/// peer's. Borrows source and cache. What it reads it remembers: some 60 bytes for each commit of
/// the boundary's past that is not older than those it was asked about. One thread.
class HeldScope {
 public:
  HeldScope(const objects::ObjectSource& source, objects::NodeCache& nodes, Scope scope);
  /// By what is stored.
  HeldScope(const RepositoryState& repository, Scope scope);

  const Scope& scope() const { return scope_; }
  bool is_whole() const { return scope_.is_whole(); }
  /// Whether the content that `writer`, a commit with this stamp, wrote at `path` is in scope. As
  /// long as a commit of the boundary is not in the source, nothing that depends on it counts as
  /// covered.
  bool covers(std::string_view path, const Stamp& stamp, const CommitId& writer);
  /// The same of what stands at `path` in the tree of `commit`: by the commit where that wrote it,
  /// else as surely_covers().
  bool covers_entry(std::string_view path, const Entry& entry, const CommitId& commit,
                    const Stamp& commit_stamp);
  /// As far as an entry tells by itself, without the commit that wrote it: never true for what is
  /// out of scope.
  bool surely_covers(std::string_view path, const Stamp& stamp);
  /// Of a commit with this clock that is not in the source, whose parents are: whether all that it
  /// wrote below the prefixes is known to be in scope, and surely_covers() does not say so. It was
  /// written beside the boundary, and not before it.
  bool covers_beside_boundary(const HybridTime& clock);
  /// Whether a commit with this clock is in the boundary's past. Needs has_boundary().
  bool is_before_boundary(const CommitId& commit, const HybridTime& clock) {
    return clock <= newest_ && is_in_past(commit, clock);
  }
  /// All commits of the boundary are in the source; there may be none.
  bool has_boundary();

 private:
  struct Bound {
    HybridTime clock;
    TreeId tree;
  };
  struct Step {
    HybridTime clock;
    CommitId id;
    std::vector<CommitId> parents;
    friend bool operator<(const Step& a, const Step& b) { return a.clock < b.clock; }
  };
  bool is_live_at_boundary(std::string_view path, const Stamp& stamp) const;
  bool is_in_past(const CommitId& commit, const HybridTime& clock);
  void meet(const CommitId& commit, const Commit& decoded);

  const objects::ObjectSource& source_;
  objects::NodeReader nodes_;
  Scope scope_;
  std::vector<Bound> bounds_;        // of the boundary's first commits: those known to be here
  HybridTime newest_;                // the greatest clock of these
  std::priority_queue<Step> queue_;  // of the walk through the boundary's past, newest first
  std::unordered_set<Id> past_;      // what it met
};

}  // namespace isodb::repo
