#include "repo/import_merge.h"

#include <map>
#include <optional>
#include <set>

namespace isodb::repo {
namespace {

bool same_document(const std::optional<Entry>& a, const std::optional<Entry>& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  return a->content == b->content && a->kind == b->kind && a->media_type == b->media_type &&
         a->metadata == b->metadata;
}

/// Collects the paths in which two trees differ.
void add_differences(const objects::NodeReader& nodes, const TreeId& a, const TreeId& b,
                     std::set<std::string>& paths) {
  if (a == b) return;
  objects::TreeDiff diff(nodes, a, b);
  while (std::optional<objects::TreeDifference> difference = diff.next()) {
    paths.insert(std::move(difference->path));
  }
}

}  // namespace

ImportedWrites imported_writes(const objects::NodeReader& nodes, const ImportedTrees& trees,
                               const std::vector<ImportSession::Change>& changes,
                               const Stamp& stamp) {
  std::map<std::string_view, const ImportSession::Change*> by_path;
  std::set<std::string> candidates;
  for (const ImportSession::Change& change : changes) {
    by_path[change.path] = &change;
    candidates.insert(change.path);
  }
  std::set<std::string> contested;  // paths that parents hold in different versions
  for (std::size_t i = 1; i < trees.parents.size(); ++i) {
    add_differences(nodes, trees.parents.front(), trees.parents[i], contested);
  }
  candidates.insert(contested.begin(), contested.end());
  add_differences(nodes, trees.applies_to, trees.parents.front(), candidates);

  ImportedWrites writes;
  for (const std::string& path : candidates) {
    const auto change = by_path.find(path);
    std::optional<Entry> result = change != by_path.end()
                                      ? change->second->entry
                                      : objects::find_entry(nodes, trees.applies_to, path);
    const std::optional<Entry> before = objects::find_entry(nodes, trees.parents.front(), path);
    const bool is_contested = contested.contains(path);
    if (!is_contested && same_document(result, before)) continue;
    if (result) {
      result->stamp = stamp;
      result->flags = 0;
      writes.changes.push_back({path, std::move(result)});
      continue;
    }
    // Contested and absent: some parent has it. Otherwise the first parent has it.
    writes.deleted.push_back(path);
    if (before) writes.changes.push_back({path, std::nullopt});
  }
  return writes;
}

}  // namespace isodb::repo
