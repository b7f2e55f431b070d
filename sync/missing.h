#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <unordered_set>
#include <vector>

#include "isodb/commit.h"
#include "repo/state.h"

namespace isodb::sync {

/// The newest commit of a writer that somebody holds (docs/protocol.md, "Have"). A plain value.
struct Hint {
  static constexpr std::size_t kHintsMax = 4096;

  WriterId writer;
  std::uint64_t sequence = 0;
  std::array<std::uint8_t, 4> prefix{};  ///< of that commit's id

  friend bool operator==(const Hint&, const Hint&) = default;
};

/// What the other side says it holds. A plain value.
struct Have {
  /// With all before them: heads of its refs, of the agreement, and its extra heads. Those that are
  /// not here are passed over.
  std::vector<CommitId> heads;
  std::vector<Hint> hints;
};

/// What one side has to send. A plain value.
struct Missing {
  std::vector<CommitId> commits;  ///< every commit after its parents: by clock, writer, id
  /// The heads, sorted by id, of what the other side was taken to hold: those of Have::heads that
  /// are here, and the commits at which hints ended the walk.
  std::vector<CommitId> had;
};

/// The commits in the past of `heads` that the other side lacks. Walks from both sides by clock and
/// ends when all that is left is had: the cost is that of the difference, not of the history. Hints
/// may be wrong, and then a parent is missing over there. Error(kNotFound) for a head that is not
/// here. One thread at a time for a call; about 200 bytes a commit that differs.
Missing missing_commits(const RepositoryState& state, const Have& have,
                        const std::vector<CommitId>& heads);

/// Takes those of `refused`, and all that descend from them, out of `commits`, of which each comes
/// after its parents. What was taken out.
std::unordered_set<Id> leave_out(const RepositoryState& state,
                                 const std::unordered_set<Id>& refused,
                                 std::vector<CommitId>& commits);

/// How many commits in the past of `heads` are not in that of `others`, which may not all be here.
std::uint64_t count_beyond(const RepositoryState& state, const std::vector<CommitId>& others,
                           const std::vector<CommitId>& heads);
/// Are all of these here, and in the past of `heads`?
bool are_in_past(const RepositoryState& state, const std::vector<CommitId>& commits,
                 const std::vector<CommitId>& heads);

/// Hints for what is in the past of `heads` and not of `covered`: the commit with the greatest
/// sequence of each writer, sorted by writer; of too many writers those with the newest commits.
/// The walk looks at `commits_max` commits at most, newest first. `covered` may name commits that
/// are not here.
std::vector<Hint> make_hints(const RepositoryState& state, const std::vector<CommitId>& heads,
                             const std::vector<CommitId>& covered,
                             std::size_t commits_max = 100'000);

/// Of these commits, the heads of those that are here, sorted by id.
std::vector<CommitId> heads_of_everything_had(const RepositoryState& state,
                                              const std::vector<CommitId>& commits);

}  // namespace isodb::sync
