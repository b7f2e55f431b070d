// What a session leaves behind when both sides have said all.
#include "sync/missing.h"
#include "sync/session.h"

namespace isodb::sync {

/// Both sides are done: what they hold is kept for the next time, if they say the same.
void Session::record(const wire::Agreement& agreement) {
  report_.agreed = false;
  const std::vector<CommitId> here = branch_commits(local_refs(*repository_));
  const std::vector<CommitId> there = branch_commits(theirs_);
  const std::uint64_t unsent = sending_ ? 0 : count_beyond(*repository_, there, here);
  if (report_.takes_nothing) report_.commits_unsent = unsent;
  if (agreement.empty()) return;
  if (acked_ && *acked_ != wire::agreement_digest(agreement)) return;
  refs::WriteBatch batch;
  agreements_->record(batch, agreement);
  if (!batch.settings.empty() && !repository_->options.read_only) {
    repository_->database->write(batch);
  }
  // Who only took may hold more, and so may the other side of who only sent.
  report_.agreed = unsent == 0 && (taking_ || are_in_past(*repository_, there, here));
}

}  // namespace isodb::sync
