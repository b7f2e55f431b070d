#include <algorithm>
#include <set>
#include <span>
#include <utility>

#include "isodb/error.h"
#include "isodb/repository.h"
#include "merge/blame.h"
#include "objects/commit_codec.h"
#include "objects/content.h"
#include "objects/tree.h"
#include "repo/commit_walk.h"
#include "repo/descent.h"
#include "repo/history_index.h"
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

/// Hands out the commits that led to some heads, newest first. Those of a path are found by a walk
/// through the newest and, where it is to go on, by the history index. Whatever becomes of the
/// index, the walk finds the same.
class Log {
 public:
  Log(RepositoryState& state, const std::vector<CommitId>& heads, const LogOptions& options,
      const std::function<bool(const LoggedCommit&)>& take)
      : state_(state),
        heads_(heads),
        options_(options),
        take_(take),
        left_(options.limit),
        walk_(state, heads) {}

  void run() {
    if (!options_.path.empty()) {
      std::shared_ptr<const repo::HistoryView> view = state_.history->known();
      if (!is_known(*view, heads_)) {
        // It does not pay to look up what a few steps find.
        if (walk(state_.history->limits().left_out_max, view.get())) return;
        view = cover();
      }
      if (view && look_up(*view)) return;
    }
    walk(SIZE_MAX, nullptr);
  }

 private:
  static bool is_known(const repo::HistoryView& view, std::span<const CommitId> commits) {
    try {
      return view.find(commits).has_value();
    } catch (const repo::IndexDamaged&) {
      return false;  // covering mends it
    }
  }

  std::shared_ptr<const repo::HistoryView> cover() const {
    try {
      return state_.history->cover(heads_, options_.progress);
    } catch (const Error&) {
      return nullptr;  // no space, or damage: the walk finds it where it matters
    }
  }

  /// True when nothing is left to be done after so many commits, or up to one that is known.
  bool walk(std::size_t commits_max, const repo::HistoryView* until_known) {
    for (std::size_t i = 0; i < commits_max; ++i) {
      std::optional<repo::CommitWalk::Item> item = walk_.next();
      if (!item) return true;
      const repo::HistoryPlace place{item->commit.clock, item->id};
      if (is_looked_up_ && place >= *last_) continue;
      if (!take(place, std::move(item->commit))) return true;
      if (until_known != nullptr && is_known(*until_known, {&place.id, 1})) return false;
    }
    return false;
  }

  /// False when the index was found to be damaged.
  bool look_up(const repo::HistoryView& view) {
    try {
      repo::TouchedCommits touched(view, view.find(heads_).value(), options_.path);
      while (const std::optional<repo::HistoryPlace> place = touched.next()) {
        if (last_ && *place >= *last_) continue;
        is_looked_up_ = true;
        if (!take(*place, state_.read_commit(place->id))) return true;
      }
      return true;
    } catch (const repo::IndexDamaged&) {
      state_.history->discard();
      return false;
    }
  }

  /// False when the caller wants no more.
  bool take(const repo::HistoryPlace& place, Commit commit) {
    last_ = place;
    LoggedCommit logged{place.id, std::move(commit), std::nullopt};
    if (options_.path.ends_with('/')) {
      if (!changes_folder(state_, logged.commit, options_.path)) return true;
    } else if (!options_.path.empty()) {
      logged.change = change_of_path(state_, logged.commit, options_.path);
      if (!logged.change) return true;
    }
    --left_;
    return take_(logged) && left_ > 0;
  }

  RepositoryState& state_;
  const std::vector<CommitId>& heads_;
  const LogOptions& options_;
  const std::function<bool(const LoggedCommit&)>& take_;
  std::uint64_t left_;
  repo::CommitWalk walk_;
  std::optional<repo::HistoryPlace> last_;  // that was looked at: what comes is below it
  bool is_looked_up_ = false;
};

/// The document that a version wrote; nullopt where it is erased or a partial repository does not
/// hold it, unless it is the newest, which must be there.
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
  } catch (const Error& error) {
    const bool is_expected =
        error.code() == ErrorCode::kNotHeld || error.code() == ErrorCode::kErased;
    if (is_newest || !is_expected) throw;
    return std::nullopt;
  }
}

}  // namespace

void Repository::log(const std::vector<CommitId>& heads, const LogOptions& options,
                     const std::function<bool(const LoggedCommit&)>& take) const {
  if (options.limit > 0) Log(*state_, heads, options, take).run();
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

std::vector<CommitId> Repository::common_heads(const std::vector<CommitId>& a,
                                               const std::vector<CommitId>& b) const {
  return repo::common_heads(*state_, a, b);
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
