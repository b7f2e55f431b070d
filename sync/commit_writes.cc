#include "sync/commit_writes.h"

#include <utility>

namespace isodb::sync {

CommitWrites::CommitWrites(const objects::NodeReader& nodes, const TreeId& base,
                           const Commit& commit)
    : nodes_(nodes),
      base_(base),
      stamp_(commit.stamp()),
      diff_(nodes, base, commit.tree),
      difference_(diff_.next()),
      deleted_(nodes.source(), commit.deleted) {}

std::optional<Write> CommitWrites::next() {
  while (difference_ || deleted_.path() != nullptr) {
    const bool is_deletion =
        deleted_.path() != nullptr && (!difference_ || *deleted_.path() <= difference_->path);
    if (std::optional<Write> write = is_deletion ? take_deletion() : take_difference()) {
      return write;
    }
  }
  return std::nullopt;
}

std::optional<Write> CommitWrites::take_difference() {
  objects::TreeDifference found = std::exchange(difference_, diff_.next()).value();
  if (found.after && is_own(*found.after)) {
    return Write{std::move(found.path), std::move(found.before), std::move(found.after)};
  }
  // Marked as merged or erased, and yet the commit's own: no operation says so.
  found_odd_ = found_odd_ || (found.after && found.after->stamp == stamp_);
  found_foreign_ = true;
  return std::nullopt;
}

/// A deletion of what the base has shows as a difference; imported merges also delete what only
/// another parent has.
std::optional<Write> CommitWrites::take_deletion() {
  Write write;
  write.path = *deleted_.path();
  deleted_.next();
  if (difference_ && difference_->path == write.path) {
    objects::TreeDifference found = std::exchange(difference_, diff_.next()).value();
    found_odd_ = found_odd_ || found.after.has_value();
    write.before = std::move(found.before);
  } else {
    write.before = objects::find_entry(nodes_, base_, write.path);
    found_odd_ = found_odd_ || write.before.has_value();
  }
  return write;
}

}  // namespace isodb::sync
