#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "isodb/commit.h"
#include "isodb/entry.h"
#include "isodb/repository.h"

namespace isodb {

/// Bulk writing: objects stream into one pack, any number of commits, and the refs move together at
/// the end, in one durable step. What import uses, and what a program uses to load or to replay a
/// history. One thread at a time. Dropped unfinished, nothing of it remains.
class ImportSession {
 public:
  explicit ImportSession(Repository& repository);
  ~ImportSession();

  /// Stores a document; `resembles` names content that it is probably a newer version of.
  Entry write_document(ByteView document, std::string media_type,
                       const std::optional<Id>& resembles = {});
  /// The same, streamed.
  Entry write_document_stream(
      const std::function<std::size_t(char* buffer, std::size_t size)>& more,
      std::string media_type);
  std::optional<Id> write_metadata(ByteView json);
  Bytes read_document(const Entry& entry) const;

  /// Entry of `path` in a tree that exists or that this session made.
  std::optional<Entry> entry(const TreeId& tree, std::string_view path) const;
  /// Paths in such a tree that begin with `prefix`, in order, at most `limit`.
  std::vector<std::string> paths(const TreeId& tree, std::string_view prefix,
                                 std::size_t limit = SIZE_MAX) const;
  TreeId tree_of(const CommitId& commit) const;
  std::vector<Difference> diff(const TreeId& before, const TreeId& after) const;

  struct Change {
    std::string path;
    std::optional<Entry> entry;  ///< nullopt: deleted; the stamp is set by commit()
  };
  struct CommitInput {
    std::vector<CommitId> parents;  ///< as in the source; reduced to heads and sorted by commit()
    std::optional<TreeId> base;   ///< the tree that `changes` apply to; nullopt: the first parent's
    std::vector<Change> changes;  ///< any order; the last of one path counts
    std::uint64_t at_millis = 0;  ///< raised above the parents' clocks where needed
    std::vector<OriginField> origin;
    Bytes message;
  };
  /// Adds to the changes of the next commit(), after which those in its input count: for commits of
  /// many documents, since it takes 100 bytes where a Change takes 400. nullopt: deleted.
  void stage(std::string_view path, const std::optional<Entry>& entry);
  /// Signs and writes one commit. The import rules of docs/format.md for several parents hold:
  /// every path in which the parents differ is written, every path dropped against any parent is
  /// listed as deleted.
  CommitId commit(CommitInput input);
  TagId write_tag(const Tag& unsigned_tag);

  /// Makes everything durable and moves the refs, each from what it was when the session began.
  /// Returns the first ref that somebody else moved meanwhile; then nothing was done.
  struct RefUpdate {
    std::string name;
    std::optional<Id> next;
  };
  std::optional<std::string> finish(const std::vector<RefUpdate>& refs, const std::string& reason);

  std::uint64_t objects_written() const;
  std::uint64_t bytes_written() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace isodb
