#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "isodb/commit.h"
#include "merge/document_merge.h"
#include "merge/environment.h"
#include "merge/peel_limits.h"
#include "merge/tree_merge.h"
#include "objects/tree.h"

namespace isodb::merge {

/// The state of some commits (docs/merge.md, "State"). A plain value.
struct State {
  std::vector<CommitId> heads;   ///< of peel(D), sorted by id
  std::vector<CommitId> peeled;  ///< set aside, sorted by id
  /// Of these, the ones that no commit descends from: with `heads`, all that there is.
  std::vector<CommitId> peeled_heads;
  TreeId tree;
  std::uint64_t epoch = 1;
  std::optional<MergeId> merge;  ///< where there are several heads: the object, which was stored
  MergeStatistics statistics;    ///< zeros where it was remembered
};

/// One version of a path. A plain value.
struct PathVersion {
  CommitId commit;
  std::optional<Entry> entry;  ///< nullopt: it deleted the path
};

/// What merging the versions of one path comes to, and why. A plain value.
struct PathState {
  std::vector<PathVersion> versions;  ///< in fold order
  DocumentPtr document;               ///< nullptr: absent
  std::vector<Conflict> conflicts;
  std::optional<ScriptFailure> script;
};

/// What a commit says held against what it should say. A plain value.
struct CheckedCommit {
  /// "" or the rule that it breaks: then it must not enter history.
  std::string refusal;
  TreeId base;  ///< S(past(c) less c)
  TreeId tree;  ///< S(past(c))
  /// False where its author's engine computed another base or tree. Its writes count all the same;
  /// keep `tree` and `base` and tell every engine on this repository with set_computed().
  bool base_as_stated = true, tree_as_stated = true;
};

/// Computes states: which documents the commits of some heads and all before them come to, as a
/// function of these commits alone. Borrows source and cache; owns the graph of the commits that
/// it was asked about (about 300 bytes each), and bounded memories of environments, results and
/// documents that never change what comes out.
///
/// One thread at a time: whoever shares an engine locks it. What goes to a sink must be stored
/// whole or not at all; a state that is remembered is computed again unless the source has its
/// tree.
///
/// Error(kCorrupt) for commits and trees that are missing, damaged or contradict each other;
/// Error(kUnsupported) where merging needs an epoch that this build does not know, or a script
/// without a loader. Then nothing is remembered and the engine stays good.
class StateEngine {
 public:
  struct Options {
    CommitId root;         ///< of the repository
    ScriptLoader scripts;  ///< empty: rules with scripts are not supported
    std::size_t states_remembered_max = 1024;
    /// The newest epoch that is merged. Above kEpochMax for tests alone: all epochs merge alike as
    /// yet, and differ in the digests of merged entries.
    std::uint64_t epoch_max = kEpochMax;
    PeelLimits heads;  ///< others than the defaults for tests alone
    /// Told of each document that merging reads, before it does; of one more than once. May be
    /// empty.
    ReadHook on_read = {};
  };

  StateEngine(const objects::ObjectSource& source, objects::NodeCache& nodes, Options options);
  ~StateEngine();

  /// State(D) for D = past(heads). O(d log n) in what the heads' trees differ in; O(1) when it is
  /// remembered. At least one head; some may be ancestors of others.
  State state(std::span<const CommitId> heads, objects::ObjectSink& sink);
  /// S(past(heads)): the same with nothing set aside. What a commit on top of `heads` sees.
  State merged(std::span<const CommitId> heads, objects::ObjectSink& sink);

  /// V(past(heads), p) in fold order; empty where nobody wrote the path.
  std::vector<PathVersion> versions(std::string_view path, std::span<const CommitId> heads);
  /// The same, merged by the rules that hold for past(heads): for telling what is in conflict.
  PathState path_state(std::string_view path, std::span<const CommitId> heads);

  /// S(past(c)) for a commit about to be made: `tree` is merged(parents)'s with its writes put in
  /// and its deletions taken out. Another tree only where the writes change rules, scripts or
  /// epoch.
  TreeId commit_tree(std::span<const CommitId> parents, const TreeId& base, const TreeId& tree,
                     objects::ObjectSink& sink);

  /// Judges a commit whose parents are all known and good, before it enters history: its place in
  /// the graph, whether its author might write what it wrote, its base and tree. The signature, the
  /// nodes of its tree and its clock against the wall's are other checks, and come before. Nodes of
  /// a base or tree that are not as stated go to `sink`.
  CheckedCommit check(const CommitId& id, const Commit& commit, objects::ObjectSink& sink);
  /// "" when the commit's author might write what it wrote, by the state that it saw; otherwise the
  /// rule broken. For a commit that check() found to be as stated, or set_computed() named.
  std::string denied(const CommitId& id);

  /// For a commit that check() found not to be as stated, on every start.
  void set_computed(const CommitId& id, const TreeId& base, const TreeId& tree);
  /// Stamps that several commits of the repository have, where a writer's identity was copied. An
  /// engine finds those by itself only among commits that it has read.
  void declare_twins(std::span<const Stamp> stamps);

  CommitGraph& graph();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace isodb::merge
