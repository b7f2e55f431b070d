#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "merge/commit_graph.h"
#include "merge/document.h"
#include "objects/tree.h"

namespace isodb::merge {

/// Told of a path and the entry of it whose document is read.
using ReadHook = std::function<void(const std::string& path, const Entry& entry)>;

/// What merging reads: the graph of commits, their trees, what they deleted, and documents, with
/// bounded caches. Borrows source and cache. One thread at a time.
class History {
 public:
  History(const objects::ObjectSource& source, objects::NodeCache& nodes);

  CommitGraph& graph() { return graph_; }
  const objects::NodeReader& nodes() const { return nodes_; }

  /// S(past(c)): the commit's own tree unless set_tree() named another.
  TreeId tree(CommitIndex commit) const;
  /// S(past(c) less c), where the commit or a parent names it: nullopt for an imported merge and
  /// for a commit whose base is known to be wrong.
  std::optional<TreeId> base_tree(CommitIndex commit);
  /// For a commit that names a wrong tree or base: what it should be; nullopt: what it names.
  void set_tree(CommitIndex commit, const std::optional<TreeId>& tree);
  void set_base(CommitIndex commit, const std::optional<TreeId>& base);

  std::optional<Entry> entry(CommitIndex commit, std::string_view path) const {
    return objects::find_entry(nodes_, tree(commit), path);
  }

  /// The commit's deleted list, ascending.
  std::shared_ptr<const std::vector<std::string>> deleted_paths(CommitIndex commit);
  bool deleted(CommitIndex commit, std::string_view path);
  /// The commits of past(heads) that deleted `path`. Reads all of the heads' history the first
  /// time: commits, and the lists of those that deleted anything.
  Commits deleters(std::string_view path, const Commits& heads);

  /// The versions behind a merged entry, by its stamp and digest, where they were met before.
  const Commits* merged_versions(const Entry& entry) const;
  void remember_merged(const Entry& entry, const Commits& versions);
  void forget_merged() { merged_.clear(); }

  /// The paths below `prefix` that a commit wrote and did not delete, ascending; reads what its
  /// tree has that its first parent's has not.
  std::vector<std::string> written_paths(CommitIndex commit, const std::string& prefix);

  /// The document of an entry.
  DocumentPtr document(const Entry& entry);
  /// The same, telling the hook.
  DocumentPtr document_of(const std::string& path, const Entry& entry) {
    if (read_hook_) read_hook_(path, entry);
    return document(entry);
  }
  void set_read_hook(ReadHook hook) { read_hook_ = std::move(hook); }
  /// Whether document() has what it reads.
  bool holds(const Entry& entry) const;
  /// Content of at most `bytes_max`; nullopt for more.
  std::optional<Bytes> content(const Entry& entry, std::uint64_t bytes_max) const;

 private:
  struct Digest {
    std::uint64_t clock = 0, head = 0, tail = 0;
    friend bool operator==(const Digest&, const Digest&) = default;
  };
  struct DigestHash {
    std::size_t operator()(const Digest& digest) const {
      return static_cast<std::size_t>(digest.head ^ digest.clock);
    }
  };
  static Digest digest_of(const Entry& entry) {
    return {entry.stamp.clock.value, entry.stamp.writer.value, entry.merge_digest_tail};
  }
  void index_deleted(const Commits& heads);
  DocumentPtr read_document(const Entry& entry) const;

  const objects::ObjectSource& source_;
  ReadHook read_hook_;
  objects::NodeReader nodes_;
  CommitGraph graph_;
  std::unordered_map<CommitIndex, TreeId> trees_, bases_;
  std::unordered_map<CommitIndex, std::shared_ptr<const std::vector<std::string>>> deleted_;
  std::size_t deleted_paths_held_ = 0;
  std::vector<bool> indexed_;  // by commit: its deleted list and those of its past are in deleters_
  std::unordered_multimap<std::uint64_t, CommitIndex> deleters_;  // by the path's hash
  std::unordered_map<Digest, Commits, DigestHash> merged_;
  std::unordered_map<std::string, DocumentPtr> documents_;
  std::uint64_t document_bytes_held_ = 0;
};

}  // namespace isodb::merge
