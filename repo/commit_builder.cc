#include "repo/commit_builder.h"

#include <algorithm>

#include "objects/commit_codec.h"
#include "objects/content.h"

namespace isodb::repo {
namespace {

bool begins_with_any(std::string_view path, const std::set<std::string, std::less<>>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const std::string& prefix) { return path.starts_with(prefix); });
}

/// A batch this large against the tree is cheaper as one sequential rebuild than as edits.
bool rebuild_is_cheaper(std::uint64_t documents, std::size_t changes) {
  return changes > 10'000 && changes > documents / 8;
}

Entry stamped(const StagedChanges& changes, const StagedChanges::Change& change,
              const Stamp& stamp) {
  Entry entry = *changes.entry(change);
  entry.stamp = stamp;
  return entry;
}

/// Writing what stands there already is no change, unless merging made it: then it settles the
/// merge.
bool changes_nothing(const Entry& before, const Entry& after) {
  return before.content == after.content && before.kind == after.kind &&
         before.media_type == after.media_type && before.metadata == after.metadata &&
         before.flags == 0;
}

TreeId rebuild(const objects::NodeReader& nodes, objects::ObjectSink& sink, const TreeId& base,
               const StagedChanges& changes, const Stamp& stamp,
               std::vector<std::string>& deleted) {
  objects::TreeBuilder builder(sink);
  objects::Cursor old(nodes, base);
  old.seek({});
  for (const StagedChanges::Change* change : changes.sorted()) {
    for (; old.valid() && old.path() < change->path; old.next()) {
      builder.add(old.path(), old.entry());
    }
    std::optional<Entry> before;
    if (old.valid() && old.path() == change->path) {
      before = old.entry();
      old.next();
    }
    if (!change->removed) {
      const Entry after = stamped(changes, *change, stamp);
      builder.add(change->path, before && changes_nothing(*before, after) ? *before : after);
    } else if (before) {
      deleted.emplace_back(change->path);
    }
  }
  for (; old.valid(); old.next()) builder.add(old.path(), old.entry());
  return builder.finish();
}

}  // namespace

std::vector<std::string> overlapping_paths(const objects::NodeReader& nodes,
                                           const CommitRequest& request, const TreeId& head_tree,
                                           std::size_t limit) {
  std::set<std::string> found;
  const ReadSet& reads = *request.reads;
  if (head_tree != request.base_tree) {
    objects::TreeDiff diff(nodes, request.base_tree, head_tree);
    while (found.size() < limit) {
      const std::optional<objects::TreeDifference> difference = diff.next();
      if (!difference) break;
      const std::string& path = difference->path;
      const bool overlaps = request.changes->find(path) != nullptr || reads.paths.contains(path) ||
                            begins_with_any(path, reads.prefixes);
      if (overlaps) found.insert(path);
    }
  }
  for (const auto& [path, demanded] : reads.demands) {
    if (found.size() >= limit) break;
    const std::optional<Entry> entry = objects::find_entry(nodes, head_tree, path);
    const bool holds = demanded ? entry && entry->content == *demanded : !entry;
    if (!holds) found.insert(path);
  }
  return {found.begin(), found.end()};
}

AppliedChanges apply_changes(const objects::NodeReader& nodes, objects::ObjectSink& sink,
                             const TreeId& base, const StagedChanges& changes, const Stamp& stamp) {
  AppliedChanges result;
  if (rebuild_is_cheaper(objects::count_documents(nodes, base), changes.size())) {
    result.tree = rebuild(nodes, sink, base, changes, stamp, result.deleted);
    return result;
  }
  std::vector<objects::TreeChange> batch;
  batch.reserve(changes.size());
  for (const StagedChanges::Change* change : changes.sorted()) {
    const std::optional<Entry> before = objects::find_entry(nodes, base, change->path);
    if (!change->removed) {
      Entry after = stamped(changes, *change, stamp);
      if (before && changes_nothing(*before, after)) continue;
      batch.push_back({std::string(change->path), std::move(after)});
    } else if (before) {
      result.deleted.emplace_back(change->path);
      batch.push_back({std::string(change->path), std::nullopt});
    }
  }
  result.tree = objects::edit_tree(nodes, sink, base, batch);
  return result;
}

void set_deleted(Commit& commit, objects::ObjectSink& sink, const std::vector<std::string>& paths) {
  commit.deleted.reset();
  if (paths.empty()) return;
  commit.deleted = objects::write_content(sink, objects::encode_deleted_paths(paths)).id;
}

}  // namespace isodb::repo
