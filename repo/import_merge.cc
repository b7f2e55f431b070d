#include "repo/import_merge.h"

#include <algorithm>
#include <optional>

#include "repo/path_order.h"

namespace isodb::repo {
namespace {

bool same_document(const Entry* a, const std::optional<Entry>& b) {
  if (a == nullptr || !b) return (a != nullptr) == b.has_value();
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
std::vector<std::uint32_t> places_by_path(const ImportChanges& changes) {
  std::vector<std::string_view> paths;
  paths.reserve(changes.size());
  for (std::size_t place = 0; place < changes.size(); ++place) {
    paths.push_back(changes.path(place));
  }
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
                               ImportChanges& changes) {
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
  Entry result;
  const auto decide = [&](std::uint32_t place) {
    const std::string_view path = changes.path(place);
    const bool removes = changes.removes(place);
    if (!removes) changes.load(place, result);
    const std::optional<Entry> before = first_parent.find(path);
    const bool is_contested = std::binary_search(contested.begin(), contested.end(), path);
    if (!is_contested && same_document(removes ? nullptr : &result, before)) return;
    // Contested and absent: some parent has it. Otherwise the first parent has it.
    if (removes) writes.deleted.emplace_back(path);
    if (!removes || before) writes.places.push_back(place);
  };
  auto other = others.begin();
  const auto decide_others_before = [&](const std::string_view* limit) {
    for (; other != others.end() && (limit == nullptr || *other < *limit); ++other) {
      changes.add(*other, base.find(*other));
      decide(static_cast<std::uint32_t>(changes.size() - 1));
    }
  };
  const std::vector<std::uint32_t> places = places_by_path(changes);
  writes.places.reserve(places.size() + others.size());
  for (const std::uint32_t place : places) {
    const std::string_view path = changes.path(place);
    decide_others_before(&path);
    if (other != others.end() && *other == path) ++other;
    decide(place);
  }
  decide_others_before(nullptr);
  return writes;
}

const Entry* StampedChanges::entry(std::size_t i) const {
  const std::uint32_t place = places_[i];
  if (changes_.removes(place)) return nullptr;
  changes_.load(place, entry_);
  entry_.stamp = stamp_;
  return &entry_;
}

}  // namespace isodb::repo
