#pragma once

#include <optional>
#include <string>

#include "isodb/commit.h"
#include "isodb/entry.h"
#include "objects/tree.h"
#include "sync/deleted_paths.h"

namespace isodb::sync {

/// What a commit did to one path. A plain value.
struct Write {
  std::string path;
  std::optional<Entry> before;  ///< in the base tree
  std::optional<Entry> after;   ///< as the commit wrote it; nullopt: it deleted the path
};

/// What a commit wrote, in the order of paths, as a stream: the differences between its base and
/// its tree that carry its stamp, and its deleted list. One thread at a time.
class CommitWrites {
 public:
  CommitWrites(const objects::NodeReader& nodes, const TreeId& base, const Commit& commit);

  /// Passes over differences that are not the commit's own writes.
  std::optional<Write> next();

  /// Among what was passed over, or returned: a difference that was not the commit's own, and what
  /// nobody can make of base and operations.
  bool found_foreign() const { return found_foreign_; }
  bool found_odd() const { return found_odd_; }

 private:
  bool is_own(const Entry& entry) const { return entry.stamp == stamp_ && entry.flags == 0; }
  std::optional<Write> take_difference();
  std::optional<Write> take_deletion();

  objects::NodeReader nodes_;
  TreeId base_;
  Stamp stamp_;
  objects::TreeDiff diff_;
  std::optional<objects::TreeDifference> difference_;  // the next
  DeletedPathsReader deleted_;
  bool found_foreign_ = false, found_odd_ = false;
};

}  // namespace isodb::sync
