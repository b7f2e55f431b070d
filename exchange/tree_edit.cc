#include "exchange/tree_edit.h"

#include <algorithm>

#include "exchange/paths.h"

namespace isodb::exchange {

bool same_content(const Entry& a, const Entry& b) {
  return a.content == b.content && a.kind == b.kind && a.media_type == b.media_type &&
         a.metadata == b.metadata;
}

std::optional<Entry> TreeEdit::find(std::string_view path) const {
  const auto changed = changed_.find(path);
  return changed != changed_.end() ? changed->second : tree_.find(path);
}

std::vector<std::string> TreeEdit::list(const std::string& prefix, std::size_t limit) const {
  std::vector<std::string> paths;
  for (auto at = changed_.lower_bound(prefix);
       at != changed_.end() && at->first.starts_with(prefix) && paths.size() < limit; ++at) {
    if (at->second) paths.push_back(at->first);
  }
  if (paths.size() >= limit) return paths;
  // Of the tree's paths, those removed here do not count, so all of them have to be seen.
  for (std::string& path : tree_.list(prefix, changed_.empty() ? limit : SIZE_MAX)) {
    if (!is_governed(path) && !changed_.contains(path)) paths.push_back(std::move(path));
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

/// Removes what cannot stand beside a document at `path`.
void TreeEdit::make_room(const std::string& path) {
  for (std::size_t slash = path.find('/'); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string above = path.substr(0, slash);
    if (find(above)) changed_[above] = std::nullopt;
  }
  for (const std::string& below : list(path + "/")) changed_[below] = std::nullopt;
}

void TreeEdit::put(const std::string& path, const Entry& entry) {
  if (!find(path)) make_room(path);
  changed_[path] = entry;
}

void TreeEdit::remove(const std::string& path) {
  if (find(path)) {
    changed_[path] = std::nullopt;
    return;
  }
  for (const std::string& below : list(path + "/")) changed_[below] = std::nullopt;
}

bool TreeEdit::copy(const std::string& from, const std::string& to) {
  if (const std::optional<Entry> entry = find(from)) {
    put(to, *entry);
    return true;
  }
  std::vector<std::pair<std::string, Entry>> copied;
  for (const std::string& path : list(from + "/")) {
    copied.emplace_back(to + path.substr(from.size()), *find(path));
  }
  if (copied.empty()) return false;
  if (to != from) remove(to);  // a copied folder replaces what was there
  for (const auto& [path, entry] : copied) put(path, entry);
  return true;
}

bool TreeEdit::rename(const std::string& from, const std::string& to) {
  if (from == to) return find(from).has_value() || !list(from + "/", 1).empty();
  std::vector<std::pair<std::string, Entry>> moved;
  if (const std::optional<Entry> entry = find(from)) {
    moved.emplace_back(to, *entry);
  } else {
    for (const std::string& path : list(from + "/")) {
      moved.emplace_back(to + path.substr(from.size()), *find(path));
    }
  }
  if (moved.empty()) return false;
  remove(from);
  remove(to);
  for (const auto& [path, entry] : moved) put(path, entry);
  return true;
}

void TreeEdit::clear() {
  for (const std::string& path : list({})) changed_[path] = std::nullopt;
}

std::vector<ImportSession::Change> TreeEdit::changes() const {
  std::vector<ImportSession::Change> changes;
  for (const auto& [path, entry] : changed_) {
    const std::optional<Entry> before = tree_.find(path);
    const bool same = entry && before ? same_content(*entry, *before) : !entry && !before;
    if (!same) changes.push_back({path, entry});
  }
  return changes;
}

}  // namespace isodb::exchange
