#include "repo/import_merge.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "repo/path_order.h"

namespace isodb::repo {
namespace {

bool same_document(const std::optional<Entry>& a, const std::optional<Entry>& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  return a->content == b->content && a->kind == b->kind && a->media_type == b->media_type &&
         a->metadata == b->metadata;
}

/// Adds the paths in which two trees differ.
void add_differences(const objects::NodeReader& nodes, const TreeId& a, const TreeId& b,
                     std::vector<std::string>& paths) {
  if (a == b) return;
  objects::TreeDiff diff(nodes, a, b);
  while (std::optional<objects::TreeDifference> difference = diff.next()) {
    paths.push_back(std::move(difference->path));
  }
}

void sort_once(std::vector<std::string>& paths) {
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
}

/// Places of the changes that count, the last of each path, by ascending path.
std::vector<std::uint32_t> places_by_path(const std::vector<ImportSession::Change>& changes) {
  std::vector<std::string_view> paths;
  paths.reserve(changes.size());
  for (const ImportSession::Change& change : changes) paths.push_back(change.path);
  std::vector<std::uint32_t> order = order_of_paths(paths);
  std::size_t kept = 0;
  for (const std::uint32_t place : order) {
    if (kept > 0 && paths[order[kept - 1]] == paths[place]) --kept;
    order[kept++] = place;
  }
  order.resize(kept);
  return order;
}

/// Finds entries of one tree at ascending paths.
class AscendingLookup {
 public:
  AscendingLookup(const objects::NodeReader& nodes, const TreeId& tree) : cursor_(nodes, tree) {}
  std::optional<Entry> find(std::string_view path) {
    if (at_end_) return std::nullopt;
    cursor_.seek(path);
    at_end_ = !cursor_.valid();
    if (at_end_ || cursor_.path() != path) return std::nullopt;
    return cursor_.entry();
  }

 private:
  objects::Cursor cursor_;
  bool at_end_ = false;
};

}  // namespace

ImportedWrites imported_writes(const objects::NodeReader& nodes, const ImportedTrees& trees,
                               std::vector<ImportSession::Change> changes, const Stamp& stamp) {
  std::vector<std::string> contested;  // paths that parents hold in different versions
  for (std::size_t i = 1; i < trees.parents.size(); ++i) {
    add_differences(nodes, trees.parents.front(), trees.parents[i], contested);
  }
  sort_once(contested);
  std::vector<std::string> others = contested;  // paths to look at although nothing changed them
  add_differences(nodes, trees.applies_to, trees.parents.front(), others);
  sort_once(others);

  AscendingLookup base(nodes, trees.applies_to), first_parent(nodes, trees.parents.front());
  ImportedWrites writes;
  writes.changes.reserve(changes.size() + others.size());
  const auto decide = [&](std::string path, std::optional<Entry> result) {
    const std::optional<Entry> before = first_parent.find(path);
    const bool is_contested = std::binary_search(contested.begin(), contested.end(), path);
    if (!is_contested && same_document(result, before)) return;
    if (result) {
      result->stamp = stamp;
      result->flags = 0;
      writes.changes.push_back({std::move(path), std::move(result)});
      return;
    }
    // Contested and absent: some parent has it. Otherwise the first parent has it.
    writes.deleted.push_back(path);
    if (before) writes.changes.push_back({std::move(path), std::nullopt});
  };
  auto other = others.begin();
  const auto decide_others_before = [&](const std::string* limit) {
    for (; other != others.end() && (limit == nullptr || *other < *limit); ++other) {
      decide(*other, base.find(*other));
    }
  };
  for (const std::uint32_t place : places_by_path(changes)) {
    ImportSession::Change& change = changes[place];
    decide_others_before(&change.path);
    if (other != others.end() && *other == change.path) ++other;
    decide(std::move(change.path), std::move(change.entry));
  }
  decide_others_before(nullptr);
  return writes;
}

}  // namespace isodb::repo
