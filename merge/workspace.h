#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "merge/environment.h"
#include "merge/erased.h"
#include "merge/history.h"
#include "merge/path_merge.h"

namespace isodb::merge {

/// What a merge in some set of commits depends on beside the versions. A plain value.
struct Surroundings {
  EnvironmentPtr environment;
  ErasedPtr erased;

  bool same_as(const Surroundings& other) const {
    return environment->key() == other.environment->key() && *erased == *other.erased;
  }
  /// Whether the same rule, in the same epoch, holds for the path in both.
  bool merge_alike(const Surroundings& other, const std::string& path) const;
};

/// What merges of many paths share: the history, environments, and the work begun on paths. Borrows
/// source and cache. One thread at a time.
class Workspace : public EnvironmentSource {
 public:
  Workspace(const objects::ObjectSource& source, objects::NodeCache& nodes, ScriptLoader scripts,
            std::uint64_t epoch_max = kEpochMax);

  /// The work on one path. Kept until forget() or trim().
  struct Path {
    Path(Workspace& workspace, const std::string& path)
        : writes(workspace.history, path), merge(workspace.history, workspace, writes) {}
    PathHistory writes;
    PathMerge merge;
  };
  Path& path(const std::string& path);
  /// Forgets the work on a path unless it was much.
  void trim(const std::string& path);
  /// Forgets all work where it takes much memory. References from path() go.
  void trim();
  /// Forgets all that was made of the history, as when a commit's tree or a stamp turned out to be
  /// another's. References from path() go.
  void forget();

  EnvironmentPtr environment_of(const Commits& heads) override;
  EnvironmentPtr environment_of_common(const Commits& left, CommitIndex right) override;
  EnvironmentPtr environment_of_all(const Commits& commits) override;
  EnvironmentPtr environment_below(CommitIndex commit) override;
  EnvironmentPtr environment_of_tree(const TreeId& tree);
  /// Of a set of commits whose documents below .isodb/ `lookup` knows.
  EnvironmentPtr environment_of(const GovernedLookup& lookup) { return environments_.of(lookup); }
  ErasedPtr erased_in_tree(const TreeId& tree);
  /// Of past(heads).
  ErasedPtr erased_in(const Commits& heads);
  Surroundings surroundings_of_tree(const TreeId& tree) {
    return {environment_of_tree(tree), erased_in_tree(tree)};
  }
  GovernedDocument governed(const Entry& entry);
  /// The result of merging these versions of a path below .isodb/.
  GovernedDocument governed(Path& path, const WriteSet& versions, const PathMerge::Result& result);
  /// For paths below .isodb/, which need none.
  const EnvironmentPtr& no_environment() const { return no_environment_; }

  History history;

 private:
  std::optional<GovernedDocument> governed(const std::string& path, const Commits& heads);

  Environments environments_;
  EnvironmentPtr no_environment_;
  std::unordered_map<std::string, std::unique_ptr<Path>> paths_;
  std::unordered_map<Id, EnvironmentPtr> by_tree_;
  std::map<std::pair<Commits, CommitIndex>, EnvironmentPtr> by_common_;
  std::unordered_map<Id, ErasedPtr> erased_by_tree_;
};

}  // namespace isodb::merge
