#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/hash.h"
#include "merge/members.h"
#include "merge/script_programs.h"
#include "merge/state_engine.h"
#include "objects/commit_codec.h"
#include "objects/content.h"
#include "objects/memory_store.h"
#include "objects/tree.h"

namespace isodb::testing {

inline PublicKey numbered_key(std::uint64_t i) {
  return PublicKey::from_bytes(core::sha256("key " + std::to_string(i)).bytes());
}

/// By whom and when a commit is made.
struct CommitAs {
  std::uint64_t author = 0;
  std::optional<std::uint64_t> writer = {};    ///< default: the author's number + 100
  std::optional<std::uint64_t> clock = {};     ///< default: above all made so far
  std::optional<std::uint64_t> sequence = {};  ///< default: above all of the writer's
};

/// Puts commits together as their authors' engines would, in memory, unsigned. Key 0 made the root.
class HistoryMaker {
 public:
  /// Content by path; nullopt deletes.
  using Writes = std::map<std::string, std::optional<std::string>>;
  using As = CommitAs;

  HistoryMaker() {
    Writes writes;
    writes[merge::member_path(numbered_key(0))] =
        merge::member_document({"root", numbered_key(0), merge::Role::kAdmin, {}, false});
    root = put(make({}, writes, {}));
  }

  CommitId commit(const std::vector<CommitId>& parents, const Writes& writes, const As& as = {}) {
    return put(make(parents, writes, as));
  }
  CommitId put(const Commit& commit) {
    return CommitId(store.put(ObjectType::kCommit, objects::encode_commit(commit)));
  }
  Commit read(const CommitId& id) const { return objects::decode_commit(store.get(id)->payload); }

  /// Not stored yet.
  Commit make(std::vector<CommitId> parents, const Writes& writes, const As& as) {
    std::sort(parents.begin(), parents.end());
    Commit commit;
    commit.parents = parents;
    commit.author = numbered_key(as.author);
    commit.writer.value = as.writer.value_or(as.author + 100);
    std::uint64_t& sequence = sequences_[commit.writer.value];
    commit.sequence = as.sequence.value_or(sequence + 1);
    sequence = std::max(sequence, commit.sequence);
    commit.clock.value = as.clock.value_or(clock_ + 65'536);
    clock_ = std::max(clock_, commit.clock.value);
    const TreeId base = parents.empty() ? objects::empty_tree_id() : state(parents);
    if (parents.size() > 1) commit.base = base;
    commit.tree = with_writes(base, writes, commit);
    if (!parents.empty()) commit.tree = engine().commit_tree(parents, base, commit.tree, store);
    return commit;
  }
  TreeId with_writes(const TreeId& base, const Writes& writes, Commit& commit) {
    std::vector<objects::TreeChange> changes;
    std::vector<std::string> deleted;
    for (const auto& [path, content] : writes) {
      if (!content) deleted.push_back(path);
      changes.push_back(
          {path, content ? std::optional(entry(path, *content, commit.stamp())) : std::nullopt});
    }
    commit.deleted.reset();
    if (!deleted.empty()) {
      commit.deleted = objects::write_content(store, objects::encode_deleted_paths(deleted)).id;
    }
    return objects::edit_tree(nodes(), store, base, changes);
  }
  Entry entry(const std::string& path, const std::string& content, const Stamp& stamp) {
    const objects::ContentRef ref = objects::write_content(store, content);
    Entry entry;
    entry.content = ref.id;
    entry.kind = ref.kind;
    entry.size = ref.size;
    entry.media_type = media_type_for_path(path);
    entry.stamp = stamp;
    return entry;
  }

  TreeId state(const std::vector<CommitId>& heads) { return engine().merged(heads, store).tree; }
  std::optional<Entry> at(const TreeId& tree, const std::string& path) {
    return objects::find_entry(nodes(), tree, path);
  }
  /// The document's content, with "!" behind it where it is in conflict; "-" where there is none.
  std::string text_in(const TreeId& tree, const std::string& path) {
    const std::optional<Entry> entry = at(tree, path);
    if (!entry) return "-";
    std::string text = objects::read_content(store, {entry->content, entry->kind, entry->size});
    return (entry->flags & kFlagConflict) != 0 ? text + "!" : text;
  }
  std::string text(const std::vector<CommitId>& heads, const std::string& path) {
    return text_in(state(heads), path);
  }

  merge::StateEngine& engine() {
    if (!engine_) engine_ = fresh_engine();
    return *engine_;
  }
  /// One that knows nothing yet.
  std::unique_ptr<merge::StateEngine> fresh_engine() {
    merge::StateEngine::Options options;
    options.root = root;
    options.scripts = merge::make_script_loader();
    return std::make_unique<merge::StateEngine>(store, cache, options);
  }
  objects::NodeReader nodes() { return {store, cache}; }

  objects::MemoryStore store;
  objects::NodeCache cache{64 << 20};
  CommitId root;

 private:
  std::unique_ptr<merge::StateEngine> engine_;
  std::map<std::uint64_t, std::uint64_t> sequences_;
  std::uint64_t clock_ = 1'700'000'000'000 << 16;
};

}  // namespace isodb::testing
