#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "isodb/bytes.h"
#include "isodb/commit.h"
#include "isodb/entry.h"
#include "isodb/id.h"

namespace isodb {

class RepositoryState;

/// One path in which two snapshots differ; at least one side is there.
struct Difference {
  std::string path;
  std::optional<Entry> before, after;
};

/// Walks a snapshot's documents in path order. One thread at a time. Who reads each document that
/// it comes to gets them read ahead by a thread that ends with the cursor, or as soon as one is
/// passed over.
class DocumentCursor {
 public:
  DocumentCursor(DocumentCursor&&) noexcept;
  ~DocumentCursor();
  bool valid() const;
  void next();
  const std::string& path() const;
  Entry entry() const;
  Bytes bytes() const;  ///< the document

 private:
  friend class Snapshot;
  struct Impl;
  explicit DocumentCursor(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// The documents as one commit, or the merge of several, has them. Immutable: never blocks a writer
/// and is never blocked. A cheap value that keeps the repository open; any number of threads. Of a
/// partial repository, reading a document that it does not hold throws ContentNotHeld.
class Snapshot {
 public:
  /// The commit or merge; nullopt for a snapshot of a bare tree.
  const std::optional<Id>& id() const { return id_; }
  /// The commits whose state this is, sorted by id: one, or for a merge several; none for a bare
  /// tree.
  const std::vector<CommitId>& heads() const { return heads_; }
  /// The commit; nullopt for a merge and for a bare tree.
  std::optional<CommitId> commit_id() const {
    return heads_.size() == 1 ? std::optional(heads_.front()) : std::nullopt;
  }
  const TreeId& tree_id() const { return tree_; }

  std::optional<Entry> entry(std::string_view path) const;
  /// The document's bytes; nullopt when the path is absent. Error(kLimit) above `bytes_max`.
  std::optional<Bytes> get(std::string_view path, std::uint64_t bytes_max = UINT64_MAX) const;
  /// One answer a path, in the order asked.
  std::vector<std::optional<Bytes>> get_many(const std::vector<std::string>& paths) const;
  /// `count` bytes from `offset`, without reading the rest; nullopt when the path is absent.
  std::optional<Bytes> get_range(std::string_view path, std::uint64_t offset,
                                 std::uint64_t count) const;
  /// Passes the document to `take` in parts, in constant memory; false when the path is absent.
  bool stream(std::string_view path, const std::function<void(ByteView part)>& take) const;
  /// The JSON text of the document's own metadata fields; nullopt when it has none.
  std::optional<Bytes> metadata(std::string_view path) const;

  /// Documents whose path begins with `prefix`, from `from` on.
  DocumentCursor documents(std::string_view prefix = {}, std::string_view from = {}) const;
  std::uint64_t count() const;
  std::uint64_t count(std::string_view prefix) const;

  /// Calls `take` for each path in which `after` differs from this one, in order, until it returns
  /// false. Cost follows the difference.
  void diff(const Snapshot& after, std::string_view prefix,
            const std::function<bool(const Difference&)>& take) const;

 private:
  friend class RepositoryState;
  friend class Repository;
  friend class Transaction;
  Snapshot(std::shared_ptr<RepositoryState> state, std::optional<Id> id,
           std::vector<CommitId> heads, const TreeId& tree);
  template <typename Read>
  auto reading(std::string_view path, Read read) const -> decltype(read());
  std::shared_ptr<RepositoryState> state_;
  std::optional<Id> id_;
  std::vector<CommitId> heads_;
  TreeId tree_;
};

}  // namespace isodb
