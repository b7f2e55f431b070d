#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "isodb/bytes.h"
#include "isodb/entry.h"
#include "isodb/id.h"
#include "isodb/snapshot.h"

namespace isodb {

struct PutOptions {
  /// Media type; nullopt: what the path's extension says, else that of the version replaced.
  std::optional<std::string> media_type;
  /// JSON text of an object with the user's own fields; nullopt: those of the version replaced are
  /// kept.
  std::optional<Bytes> metadata;
};

/// A commit that was refused because what it read or wrote changed since: the newest head and the
/// paths concerned.
struct Stale {
  std::string branch;
  std::optional<Id> actual;  ///< a commit or merge
  std::vector<std::string> paths;
};

struct CommitOptions {
  Bytes message;
  /// Writes a commit even when nothing changed (a checkpoint).
  bool allow_empty = false;
  std::string reason = "commit";  ///< for the reflog
};

/// Several changes that become one commit, atomically or not at all. Reads one snapshot and its own
/// writes; remembers what it read. When the branch moved on meanwhile, commit() rebases disjoint
/// changes onto the new head and refuses overlapping ones, so transactions of one repository are
/// serialisable. One thread at a time. Dropped uncommitted, it leaves nothing behind.
class Transaction {
 public:
  Transaction(Transaction&&) noexcept;
  Transaction& operator=(Transaction&&) noexcept;
  ~Transaction();

  const std::string& branch() const;
  const Snapshot& snapshot() const;  ///< what it began on

  /// Reads see this transaction's own writes. What they read is part of what commit() checks.
  std::optional<Entry> entry(std::string_view path);
  std::optional<Bytes> get(std::string_view path);
  /// Paths with a prefix, own writes included, in order.
  std::vector<std::string> list(std::string_view prefix);

  /// Error(kInvalid) for a path that may not name a document.
  void put(std::string_view path, ByteView document, const PutOptions& options = {});
  /// Streams: `more` fills the buffer and returns how much it put there, 0 at the end.
  void put_stream(std::string_view path,
                  const std::function<std::size_t(char* buffer, std::size_t size)>& more,
                  const PutOptions& options = {});
  /// Puts content that the repository holds already (mv, cp, revert), media type and metadata with
  /// it.
  void put_entry(std::string_view path, const Entry& content);
  /// False when the path is absent.
  bool remove(std::string_view path);
  /// Removes every path with this prefix; returns how many.
  std::uint64_t remove_prefix(std::string_view prefix);

  /// Conditions: commit() is refused as stale unless they hold on the head it commits onto.
  void expect_content(std::string_view path, const Id& content);
  void expect_absent(std::string_view path);

  bool empty() const;
  std::uint64_t change_count() const;

  /// Durable when it returns an id. Error(kInvalid) when there is nothing to commit and allow_empty
  /// is not set; Error(kDenied) when the key may not write these paths, or when no admin would be
  /// left; Error(kInvalid) for a change below .isodb/ that cannot be read. The transaction is spent
  /// unless Stale or an error comes back.
  std::variant<CommitId, Stale> commit(const CommitOptions& options);

 private:
  friend class Repository;
  struct Impl;
  explicit Transaction(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace isodb
