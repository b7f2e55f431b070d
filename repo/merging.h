#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "isodb/commit.h"
#include "merge/state_engine.h"
#include "objects/source.h"

namespace isodb {
class RepositoryState;
}

namespace isodb::repo {

/// Names of the settings that hold what commits come to that state something else: this, and the
/// commit's id. Kept because every engine on the repository has to know.
inline constexpr const char* kSettingComputed = "computed.";
struct ComputedTrees {
  CommitId commit;
  TreeId base, tree;
};
std::vector<ComputedTrees> computed_trees(const RepositoryState& repository);
/// Of one commit; nullopt for one that is as it states, as nearly all are.
std::optional<ComputedTrees> computed_trees(const RepositoryState& repository,
                                            const CommitId& commit);

/// A repository's merge engine behind a lock: any number of threads. Made when it is first asked,
/// because most programs never merge. It sees the repository's objects, and those of the sink that
/// it writes to. In a partial repository, what merges contents throws ContentNotHeld where it needs
/// some that are not held.
class Merging {
 public:
  explicit Merging(RepositoryState& repository);
  ~Merging();

  /// The state of these heads and all before them; new nodes, documents and the merge object go to
  /// `objects`.
  merge::State state(std::span<const CommitId> heads, objects::ObjectStore& objects);
  /// The same with nothing set aside: what a commit on top of `heads` has as its base.
  merge::State merged(std::span<const CommitId> heads, objects::ObjectStore& objects);
  /// The tree of a commit that is about to be made: see merge::StateEngine.
  TreeId commit_tree(std::span<const CommitId> parents, const TreeId& base, const TreeId& tree,
                     objects::ObjectStore& objects);
  std::vector<merge::PathVersion> versions(std::string_view path, std::span<const CommitId> heads);
  merge::PathState path_state(std::string_view path, std::span<const CommitId> heads);
  /// Judges a commit; `objects` holds what the store does not, and takes what had to be computed.
  merge::CheckedCommit check(const CommitId& id, const Commit& commit,
                             objects::ObjectStore& objects);
  /// Why the commit's author might not write what it wrote, "" where that was allowed: all of
  /// check() that takes no contents.
  std::string denied(const CommitId& id, const objects::ObjectSource* objects = nullptr);
  /// Of these commits, those that no other one of them sees, sorted by id.
  std::vector<CommitId> heads_of(std::vector<CommitId> commits);
  /// Of the commits in the past of one of `a` and of one of `b`, those that no other one of them
  /// sees, sorted by id; nullopt when more than `steps_max` commits would have to be looked at.
  std::optional<std::vector<CommitId>> common_heads(std::span<const CommitId> a,
                                                    std::span<const CommitId> b,
                                                    std::uint64_t steps_max);
  /// Is `ancestor` in the past of one of `heads`?
  bool in_past(const CommitId& ancestor, std::span<const CommitId> heads);
  /// Those of `commits`, which are here, that are; for as much as asking for the oldest of them.
  std::unordered_set<Id> those_in_past(std::span<const CommitId> commits,
                                       std::span<const CommitId> heads);

 private:
  class Source;
  void remember_computed(const CommitId& id, const merge::CheckedCommit& checked);
  void recall_computed();
  /// Runs `work` on the engine while it also sees `objects`.
  template <typename Work>
  auto run(const objects::ObjectSource* objects, Work&& work);

  RepositoryState& repository_;
  std::mutex mutex_;
  std::unique_ptr<Source> source_;
  std::unique_ptr<merge::StateEngine> engine_;
};

}  // namespace isodb::repo
