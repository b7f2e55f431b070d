#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "isodb/commit.h"
#include "objects/tree.h"
#include "repo/scope.h"
#include "repo/state.h"
#include "sync/deleted_paths.h"
#include "sync/incoming_erased.h"
#include "sync/large_document.h"
#include "sync/partial_commit.h"
#include "sync/path_coding.h"
#include "wire/element.h"

namespace isodb::sync {

/// Rebuilds one commit from what it did: base tree, operations, tree, deleted list. Borrows the
/// repository, the store, which sees the commit's parents, what is erased, and the repository's
/// scope, nullptr where that is the whole. One thread at a time. Error(kCorrupt) for operations
/// that cannot be.
class CommitRebuild {
 public:
  /// The commit's parents are there. Error(kCorrupt) for a commit that has none.
  CommitRebuild(RepositoryState& repository, objects::ObjectStore& objects, repo::HeldScope* scope,
                IncomingErased& erased, wire::CommitElement commit);
  /// Goes on with what was saved.
  CommitRebuild(RepositoryState& repository, objects::ObjectStore& objects, repo::HeldScope* scope,
                IncomingErased& erased, PartialCommit partial);

  /// `dictionary`: what frames are packed with; nullptr where none can come.
  void take(const wire::OperationElement& operation, const core::Dictionary* dictionary = nullptr);
  void take(const wire::PieceElement& piece);
  const wire::CommitElement& said() const { return partial_.commit; }
  std::uint64_t operations_left() const { return partial_.commit.operations - partial_.operations; }
  bool is_whole() const { return !large_ && partial_.operations == partial_.commit.operations; }

  /// The commit as it was signed, when everything was said as it was. Once, when whole.
  Commit finish();
  /// Stores what was taken so far and says how to go on.
  PartialCommit save();

 private:
  static constexpr std::size_t kPendingMax = 50'000;
  static constexpr std::size_t kPendingBytesMax = 64 << 20;

  objects::NodeReader nodes() const { return {objects_, *repository_.node_cache}; }
  TreeId find_base() const;
  Entry described(const wire::OperationElement& operation, const std::optional<Entry>& old) const;
  void begin_large(const wire::OperationElement& operation, const std::optional<Entry>& old,
                   Entry entry);
  void finish_large();
  void set_content(Entry& entry, const objects::ContentRef& content);
  void write(std::optional<Entry> entry);
  void apply_pending();
  std::uint64_t source_rank(const wire::OperationElement& operation) const;
  objects::ObjectStore& contents() const { return erased_.contents_of(paths_.last()->path); }
  const Entry& entry_at(std::uint64_t rank);
  Bytes document_of(const Entry& entry) const;
  void expect_held(const Id& content) const;
  objects::ContentRef content_of_operation(const wire::OperationElement& operation,
                                           const std::optional<Entry>& old,
                                           const std::string& media_type);
  objects::ContentRef put_frame(const wire::OperationElement& operation, objects::PutHint hint);
  objects::ContentRef copied(const wire::OperationElement& operation);
  objects::ContentRef hashed(const wire::OperationElement& operation);
  objects::ContentRef put_edit(const wire::OperationElement& operation, const Entry& base,
                               const objects::PutHint& hint);

  RepositoryState& repository_;
  objects::ObjectStore& objects_;
  repo::HeldScope* scope_;
  IncomingErased& erased_;
  const core::Dictionary* dictionary_ = nullptr;  // of the operation at hand, where it is a frame
  Bytes unpacked_;                                // of the last frame; kept for its memory
  PartialCommit partial_;                         // but for last, deleted, and the document at hand
  PathCoding paths_;
  DeletedPathsWriter deleted_;
  std::vector<objects::TreeChange> pending_;
  std::size_t pending_bytes_ = 0;
  std::optional<LargeDocument> large_;
  Entry large_entry_;
  std::optional<PathCoding::Place> before_large_;  // of the operation before
};

}  // namespace isodb::sync
