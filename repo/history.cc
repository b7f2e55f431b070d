#include <algorithm>
#include <queue>
#include <set>
#include <unordered_set>
#include <utility>

#include "isodb/error.h"
#include "isodb/repository.h"
#include "merge/blame.h"
#include "objects/commit_codec.h"
#include "objects/content.h"
#include "objects/tree.h"
#include "repo/commit_walk.h"
#include "repo/not_held.h"
#include "repo/state.h"
#include "repo/transaction_impl.h"

namespace isodb {
namespace {

/// Documents above this are not blamed: their versions are compared whole.
constexpr std::uint64_t kBlameBytesMax = 64 << 20;

/// What a commit did to one path: its writes are the entries that carry its stamp and its deleted
/// list.
std::optional<Difference> change_of_path(RepositoryState& state, const Commit& commit,
                                         const std::string& path) {
  const objects::NodeReader nodes = state.nodes();
  std::optional<Entry> after = objects::find_entry(nodes, commit.tree, path);
  if (after && after->stamp != commit.stamp()) return std::nullopt;
  if (!after && !commit.deleted) return std::nullopt;
  std::optional<Entry> before = objects::find_entry(nodes, repo::base_tree(state, commit), path);
  if (!after && !before) return std::nullopt;
  return Difference{path, std::move(before), std::move(after)};
}

bool changes_folder(RepositoryState& state, const Commit& commit, const std::string& prefix) {
  objects::TreeDiff diff(state.nodes(), repo::base_tree(state, commit), commit.tree, prefix);
  return diff.next().has_value();
}

/// The document that a version wrote; nullopt where a partial repository does not hold it, unless
/// it is the newest, which must be there.
std::optional<Bytes> version_if_held(RepositoryState& state, const LoggedCommit& version,
                                     bool is_newest) {
  const std::string& path = version.change->path;
  const Entry& entry = *version.change->after;
  try {
    try {
      return objects::read_content(*state.store, repo::content_ref(entry), kBlameBytesMax);
    } catch (const objects::ObjectMissing& missing) {
      repo::throw_missing(state, path, entry, {version.id}, missing);
    }
  } catch (const ContentNotHeld&) {
    if (is_newest) throw;
    return std::nullopt;
  }
}

}  // namespace

void Repository::log(const std::vector<CommitId>& heads, const LogOptions& options,
                     const std::function<bool(const LoggedCommit&)>& take) const {
  std::uint64_t left = options.limit;
  repo::CommitWalk walk(*state_, heads);
  while (left > 0) {
    std::optional<repo::CommitWalk::Item> item = walk.next();
    if (!item) return;
    LoggedCommit logged{item->id, std::move(item->commit), std::nullopt};
    if (options.path.ends_with('/')) {
      if (!changes_folder(*state_, logged.commit, options.path)) continue;
    } else if (!options.path.empty()) {
      logged.change = change_of_path(*state_, logged.commit, options.path);
      if (!logged.change) continue;
    }
    --left;
    if (!take(logged)) return;
  }
}

std::vector<BlameItem> Repository::blame(std::string_view revision, const std::string& path) const {
  const Snapshot newest = snapshot(revision);
  const std::optional<Entry> entry = newest.entry(path);
  if (!entry) {
    throw Error(ErrorCode::kNotFound,
                "there is no document '" + path + "' at " + std::string(revision));
  }
  std::vector<LoggedCommit> versions;
  log(newest.heads(), {.path = path}, [&](const LoggedCommit& logged) {
    versions.push_back(logged);
    return true;
  });
  const bool json = media_type_is_json(entry->media_type);
  merge::BlameTracker tracker(json ? merge::BlameUnit::kFields : merge::BlameUnit::kLines);
  bool gap = false;
  std::set<std::size_t> after_gap;
  for (std::size_t i = versions.size(); i-- > 0;) {
    const std::optional<Entry>& after = versions[i].change->after;
    if (!after) {
      tracker.add_absence();
      continue;
    }
    const std::optional<Bytes> document = version_if_held(*state_, versions[i], i == 0);
    if (!document) {
      tracker.add_absence();
      gap = true;
      continue;
    }
    if (std::exchange(gap, false)) after_gap.insert(i);
    tracker.add_version(*document, i);
  }
  if ((entry->flags & kFlagMerged) != 0) {
    tracker.add_version(*newest.get(path, kBlameBytesMax), 0);
  }
  std::vector<BlameItem> items;
  for (merge::BlamedPart& part : tracker.parts()) {
    const LoggedCommit& by = versions[part.version];
    items.push_back({std::move(part.place), std::move(part.value), by.id, by.commit.author,
                     by.commit.clock, after_gap.contains(part.version)});
  }
  return items;
}

bool Repository::is_ancestor(const CommitId& ancestor, const CommitId& descendant) const {
  return repo::is_ancestor(*state_, ancestor, descendant);
}

Repository::Revert Repository::revert(const CommitId& commit_id) {
  const Commit undone = commit(commit_id);
  if (undone.parents.empty()) {
    throw Error(ErrorCode::kInvalid, "the first commit cannot be reverted");
  }
  Revert result{begin(), {}};
  objects::TreeDiff diff(state_->nodes(), repo::base_tree(*state_, undone), undone.tree);
  while (const std::optional<objects::TreeDifference> change = diff.next()) {
    const std::optional<Entry> now = result.transaction.entry(change->path);
    const bool untouched = now.has_value() == change->after.has_value() &&
                           (!now || now->content == change->after->content);
    if (!untouched) {
      result.conflicts.push_back(change->path);
    } else if (change->before) {
      result.transaction.put_entry(change->path, *change->before);
    } else {
      result.transaction.remove(change->path);
    }
  }
  return result;
}

}  // namespace isodb
