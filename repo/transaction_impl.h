#pragma once

#include <memory>
#include <optional>
#include <string>

#include "isodb/transaction.h"
#include "objects/content.h"
#include "repo/commit_queue.h"
#include "repo/staged_changes.h"
#include "repo/staging.h"
#include "repo/state.h"

namespace isodb {

/// A transaction's parts; drafts and reverts fill them from the inside.
struct Transaction::Impl {
  Impl(std::shared_ptr<RepositoryState> repository, std::string branch_ref, Snapshot begun_on);

  std::shared_ptr<RepositoryState> state;
  std::string branch;
  Snapshot snapshot;
  repo::StagedChanges changes;
  repo::ReadSet reads;
  std::unique_ptr<repo::Staging> staging;
  /// What was staged in the draft when it was read or saved; nullopt: this is no draft's.
  std::optional<std::vector<refs::DraftChange>> draft;
  bool spent = false;

  /// The entry as this transaction sees it, without remembering the read.
  std::optional<Entry> look(std::string_view path) const;
  /// `before` is what look() said.
  void stage(std::string_view path, const objects::ContentRef& content, const PutOptions& options,
             const std::optional<Entry>& before);
  void check_usable() const;
  /// Error(kErased) for metadata, or a document that is one blob, before anything of it is staged.
  void check_before(std::string_view path, ByteView document, const PutOptions& options) const;
  /// What was staged may have been erased since: Error(kErased).
  void check_no_erased();
  /// Leaves nothing in the staging but what the changes lead to: after one that was refused when
  /// chunks of it were there already. Error(kStale) where a collection took away what it relies on.
  void drop_refused();
};

}  // namespace isodb
