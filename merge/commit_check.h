#pragma once

#include <functional>
#include <optional>
#include <string>

#include "merge/authority.h"
#include "merge/state_engine.h"
#include "merge/workspace.h"
#include "objects/tree.h"

namespace isodb::merge {

/// `tree` with the entries that were merged under the rules of `base` merged anew where its own
/// rules are others; `heads` are the parents.
TreeId remerged_tree(Workspace& workspace, objects::ObjectSink& sink, const Commits& heads,
                     const TreeId& base, const TreeId& tree);

/// Reads a commit's writes from its tree, and holds them against the members of its base and its
/// tree against what base and writes come to. The writes are read as a stream, for a commit may
/// have millions; only where the tree holds more than base and writes are they gathered. One use.
/// Borrows.
class CommitCheck {
 public:
  CommitCheck(Workspace& workspace, objects::ObjectSink& sink, CommitIndex commit,
              const CommitId& root);

  /// Fills `checked`, whose base is right already.
  void run(CheckedCommit& checked);
  /// "" or the rule of "Members" that the commit breaks.
  std::string denied(const TreeId& base);

 private:
  /// Of a deletion, no entry.
  using Visit = std::function<void(std::string&& path, std::optional<Entry>&& entry)>;

  void for_each_write(const TreeId& base, const Visit& visit);
  std::string sequence_problem();
  TreeId expected_tree(const TreeId& base);

  Workspace& workspace_;
  History& history_;
  objects::ObjectSink& sink_;
  CommitIndex commit_;
  CommitId root_;
  // What for_each_write() found:
  std::string clash_;    // a path that the commit both holds and deletes
  std::string flagged_;  // one whose own entry has a flag
  bool is_odd_ = false;  // its tree differs from the base in more than its writes
};

}  // namespace isodb::merge
