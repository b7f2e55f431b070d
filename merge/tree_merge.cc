#include "merge/tree_merge.h"

#include <algorithm>
#include <bit>
#include <queue>
#include <unordered_set>

#include "isodb/error.h"

namespace isodb::merge {
namespace {

using HeadSet = std::vector<std::uint64_t>;

bool is_merged(const std::optional<Entry>& entry) {
  return entry && (entry->flags & kFlagMerged) != 0;
}

std::size_t first_of(const HeadSet& heads) {
  for (std::size_t word = 0; word < heads.size(); ++word) {
    if (heads[word] != 0) {
      return word * 64 + static_cast<std::size_t>(std::countr_zero(heads[word]));
    }
  }
  return 0;
}

}  // namespace

/// A path in which the heads' trees differ: the entries that there are, each with whose they are.
struct TreeMerge::Difference {
  struct Group {
    std::optional<Entry> entry;
    HeadSet heads;
  };
  std::string path;
  std::vector<Group> groups;  // the pivot's first

  bool any_merged() const {
    return std::any_of(groups.begin(), groups.end(),
                       [](const Group& group) { return is_merged(group.entry); });
  }
};

/// The differences of all heads' trees to the pivot's, path by path.
class TreeMerge::Differences {
 public:
  Differences(const objects::NodeReader& nodes, const std::vector<TreeId>& trees,
              const std::string& prefix)
      : heads_(trees.size()), queue_(Later{&now_}) {
    for (std::size_t i = 1; i < trees.size(); ++i) {
      diffs_.emplace_back(nodes, trees.front(), trees[i], prefix);
    }
    now_.resize(diffs_.size());
    for (std::size_t i = 0; i < diffs_.size(); ++i) advance(i);
  }
  Differences(const Differences&) = delete;  // the queue looks into now_
  Differences& operator=(const Differences&) = delete;

  std::optional<Difference> next() {
    if (queue_.empty()) return std::nullopt;
    Difference difference;
    difference.path = now_[queue_.top()]->path;
    difference.groups.push_back({now_[queue_.top()]->before, everybody()});
    while (!queue_.empty() && now_[queue_.top()]->path == difference.path) {
      const std::size_t at = queue_.top();
      queue_.pop();
      put(difference, std::move(now_[at]->after), at + 1);
      advance(at);
    }
    return difference;
  }

  HeadSet everybody() const {
    HeadSet all((heads_ + 63) / 64, ~std::uint64_t{0});
    if (heads_ % 64 != 0) all.back() = (std::uint64_t{1} << heads_ % 64) - 1;
    return all;
  }

 private:
  struct Later {
    const std::vector<std::optional<objects::TreeDifference>>* now;
    bool operator()(std::size_t a, std::size_t b) const {
      return (*now)[b]->path < (*now)[a]->path;
    }
  };

  void advance(std::size_t at) {
    now_[at] = diffs_[at].next();
    if (now_[at]) queue_.push(at);
  }
  static void put(Difference& difference, std::optional<Entry> entry, std::size_t head) {
    const std::uint64_t bit = std::uint64_t{1} << head % 64;
    difference.groups.front().heads[head / 64] &= ~bit;
    auto group = std::find_if(difference.groups.begin() + 1, difference.groups.end(),
                              [&](const auto& held) { return held.entry == entry; });
    if (group == difference.groups.end()) {
      const HeadSet nobody(difference.groups.front().heads.size(), 0);
      group = difference.groups.insert(group, {std::move(entry), nobody});
    }
    group->heads[head / 64] |= bit;
  }

  std::size_t heads_;
  std::vector<objects::TreeDiff> diffs_;
  std::vector<std::optional<objects::TreeDifference>> now_;
  std::priority_queue<std::size_t, std::vector<std::size_t>, Later> queue_;
};

/// What becomes of a path: an entry as it is, or its absence, or the merge of versions.
struct TreeMerge::Decision {
  std::optional<Entry> entry;
  Commits versions;                  // two or more: to be merged, unless
  std::optional<CommitIndex> as_in;  // `entry` is their merge as this head has it
};

TreeMerge::TreeMerge(Workspace& workspace, objects::ObjectSink& sink, Commits heads)
    : workspace_(workspace), history_(workspace.history), sink_(sink), heads_(std::move(heads)) {}

MergedTree TreeMerge::run() {
  choose_pivot();
  collect_deletions();
  collect_twins();
  settle_governed();
  settle_rest();
  settle_flagged();
  missed_.throw_if_any();
  std::sort(changes_.begin(), changes_.end(),
            [](const auto& a, const auto& b) { return a.path < b.path; });
  MergedTree merged;
  merged.tree =
      objects::edit_tree(history_.nodes(), sink_, history_.tree(heads_.front()), changes_);
  merged.epoch = environment_->epoch();
  statistics_.commits = region_.commits.size();
  merged.statistics = statistics_;
  return merged;
}

/// All other trees are compared with the pivot's. Of two heads it is the one that did more, since
/// what the other did is then written into its tree; of many the one that did least, since what
/// the pivot did is met in every comparison.
void TreeMerge::choose_pivot() {
  region_ = history_.graph().region(heads_);
  std::vector<std::size_t> did(heads_.size(), 0);
  for (std::size_t i = 0; i < region_.sets.size(); ++i) {
    for (std::uint64_t bits = region_.sets[i]; bits != 0; bits &= bits - 1) {
      ++did[i % region_.words * 64 + static_cast<std::size_t>(std::countr_zero(bits))];
    }
  }
  const auto chosen = heads_.size() == 2 ? std::max_element(did.begin(), did.end())
                                         : std::min_element(did.begin(), did.end());
  if (chosen == did.begin()) return;
  std::swap(heads_.front(), heads_[static_cast<std::size_t>(chosen - did.begin())]);
  region_ = history_.graph().region(heads_);
}

void TreeMerge::collect_deletions() {
  for (const CommitIndex commit : region_.commits) {
    if (!history_.graph().peek(commit).deleted) continue;
    for (const std::string& path : *history_.deleted_paths(commit)) {
      deletions_.emplace_back(path, commit);
    }
  }
  std::sort(deletions_.begin(), deletions_.end());
}

/// Heads may hold the same entry from two commits with one stamp. These are two versions, which no
/// comparison of trees shows.
void TreeMerge::collect_twins() {
  for (const CommitIndex commit : region_.commits) {
    if (!history_.graph().is_twin(history_.graph().peek(commit).stamp)) continue;
    for (std::string& path : history_.written_paths(commit, {})) of_twins_.insert(std::move(path));
  }
}

Commits TreeMerge::deleters(const std::string& path) const {
  Commits commits;
  auto at = std::lower_bound(deletions_.begin(), deletions_.end(), std::pair(path, CommitIndex{0}));
  for (; at != deletions_.end() && at->first == path; ++at) commits.push_back(at->second);
  return commits;
}

void TreeMerge::visit_differences(const std::string& prefix,
                                  const std::function<void(const Difference&)>& visit) {
  std::vector<TreeId> trees;
  trees.reserve(heads_.size());
  for (const CommitIndex head : heads_) trees.push_back(history_.tree(head));
  std::set<std::string> alike = of_twins_;
  Differences all(history_.nodes(), trees, prefix);
  while (const std::optional<Difference> difference = all.next()) {
    alike.erase(difference->path);
    visit(*difference);
  }
  for (const std::string& path : alike) {
    if (!path.starts_with(prefix)) continue;
    std::optional<Entry> entry = history_.entry(heads_.front(), path);
    if (is_of_twins(entry)) visit({path, {{std::move(entry), all.everybody()}}});
  }
}

void TreeMerge::settle_governed() {
  erased_ = workspace_.erased_in(heads_);
  std::map<std::string, std::pair<Difference, Decision>> decided;
  visit_differences(std::string(kGovernedPrefix), [&](const Difference& difference) {
    decided.emplace(difference.path, std::pair(difference, decide(difference)));
  });
  environment_ = workspace_.environment_of([&](const std::string& path) {
    std::optional<Entry> entry;
    if (const auto at = decided.find(path); at == decided.end()) {
      entry = history_.entry(heads_.front(), path);
    } else if (const Decision& decision = at->second.second; decision.versions.size() > 1) {
      Workspace::Path& work = workspace_.path(path);
      const WriteSet versions = work.writes.writes_of(decision.versions);
      const auto result = work.merge.merge(versions, workspace_.no_environment());
      if (!result.document) return std::optional<GovernedDocument>();
      return std::optional(workspace_.governed(work, versions, result));
    } else {
      entry = decision.entry;
    }
    return entry ? std::optional(workspace_.governed(*entry)) : std::nullopt;
  });
  for (const auto& [path, item] : decided) settle(item.first, item.second);
}

void TreeMerge::settle_rest() {
  visit_differences({}, [&](const Difference& difference) {
    ++statistics_.compared;
    if (difference.path.starts_with(kGovernedPrefix)) return;
    try {
      settle(difference, decide(difference));
    } catch (const ContentMissing& missing) {
      missed_.add(missing);
    }
  });
}

/// What no tree differs in may still come out otherwise when the rules do.
void TreeMerge::settle_flagged() {
  const CommitIndex pivot = heads_.front();
  const Surroundings before = workspace_.surroundings_of_tree(history_.tree(pivot));
  const Surroundings after{environment_, erased_};
  if (before.same_as(after)) return;
  std::unordered_set<std::string> settled(settled_.begin(), settled_.end());
  std::vector<objects::TreeChange> again;
  try {
    again = remerge_flagged(workspace_, sink_, history_.tree(pivot), {pivot}, before, after);
  } catch (const ContentMissing& missing) {
    missed_.add(missing);
  }
  for (objects::TreeChange& change : again) {
    if (settled.contains(change.path)) continue;
    ++statistics_.remerged;
    changes_.push_back(std::move(change));
  }
}

void TreeMerge::settle(const Difference& difference, const Decision& decision) {
  const std::string& path = difference.path;
  settled_.push_back(path);
  std::optional<Entry> entry = decision.entry;
  bool merge = decision.versions.size() > 1;
  if (merge && decision.as_in) {
    const auto there = workspace_.surroundings_of_tree(history_.tree(*decision.as_in));
    merge = !there.merge_alike({environment_, erased_}, path) ||
            (*there.erased != *erased_ && depends_on_erased(path, decision.versions));
  }
  if (merge) {
    entry = store_merged(workspace_, sink_, path, decision.versions, environment_, *erased_);
    ++statistics_.merged;
    if (entry && (entry->flags & kFlagConflict) != 0) ++statistics_.conflicts;
    workspace_.trim(path);
  }
  if (entry != difference.groups.front().entry) changes_.push_back({path, std::move(entry)});
}

bool TreeMerge::depends_on_erased(const std::string& path, const Commits& versions) {
  Workspace::Path& work = workspace_.path(path);
  return work.merge.depends_on(work.writes.writes_of(versions), environment_, *erased_);
}

bool TreeMerge::is_of_twins(const std::optional<Entry>& entry) const {
  return entry && !is_merged(entry) && history_.graph().is_twin(entry->stamp);
}

std::optional<CommitIndex> TreeMerge::writer_in_region(const Entry& entry) const {
  for (const CommitIndex commit : history_.graph().with_stamp(entry.stamp)) {
    if (region_.holds(commit)) return commit;
  }
  return std::nullopt;
}

/// Is this commit of the region in the past of these heads at most?
bool TreeMerge::is_past_of_only(CommitIndex commit, const std::vector<std::uint64_t>& heads) const {
  const std::size_t place = region_.places.at(commit);
  for (std::size_t i = 0; i < region_.words; ++i) {
    if ((region_.sets[place * region_.words + i] & ~heads[i]) != 0) return false;
  }
  return true;
}

/// The versions where each head has one or none: a writer counts unless a head that has another
/// entry knows it, since what that head has is then newer. nullopt where some entry is a merge, or
/// where its stamp does not name its writer.
std::optional<Commits> TreeMerge::plain_versions(const Difference& difference,
                                                 const Commits& deleted) {
  if (difference.any_merged()) return std::nullopt;
  Commits versions;
  HeadSet without(region_.words, 0);
  for (const Difference::Group& group : difference.groups) {
    if (!group.entry) {
      without = group.heads;
      continue;
    }
    if (is_of_twins(group.entry)) return std::nullopt;
    const auto writer = writer_in_region(*group.entry);
    if (writer && is_past_of_only(*writer, group.heads)) versions.push_back(*writer);
  }
  Commits deletions;
  for (const CommitIndex commit : deleted) {
    if (is_past_of_only(commit, without)) deletions.push_back(commit);
  }
  deletions = history_.graph().heads_of(std::move(deletions));
  versions.insert(versions.end(), deletions.begin(), deletions.end());
  return versions;
}

/// The same where some entry is a merge or of twins. Deletions that all heads know need no looking
/// up: where they still count, such an entry's versions name them.
Commits TreeMerge::listed_versions(const Difference& difference, const Commits& deleted) {
  PathHistory& writes = workspace_.path(difference.path).writes;
  Commits versions = deleted;
  for (const Difference::Group& group : difference.groups) {
    if (!group.entry) continue;
    for (std::size_t i = first_of(group.heads); i < heads_.size(); ++i) {
      if ((group.heads[i / 64] >> i % 64 & 1) == 0) continue;
      const Commits commits = writes.commits(writes.versions_at(heads_[i]));
      versions.insert(versions.end(), commits.begin(), commits.end());
      if (!is_of_twins(group.entry)) break;  // the others' are the same
    }
  }
  return history_.graph().heads_of(std::move(versions));
}

TreeMerge::Decision TreeMerge::decide(const Difference& difference) {
  const Commits deleted = deleters(difference.path);
  const std::optional<Commits> plain = plain_versions(difference, deleted);
  Decision decision;
  decision.versions = plain ? *plain : listed_versions(difference, deleted);
  if (decision.versions.empty()) {
    throw Error(ErrorCode::kCorrupt,
                "'" + difference.path + "' differs between the trees of " +
                    std::to_string(heads_.size()) +
                    " heads, and no commit since they parted wrote it",
                "run fsck");
  }
  if (decision.versions.size() > 1) {
    if (plain) return decision;
    PathHistory& writes = workspace_.path(difference.path).writes;
    const WriteSet versions = writes.writes_of(decision.versions);
    for (const Difference::Group& group : difference.groups) {
      const CommitIndex head = heads_[first_of(group.heads)];
      if (!is_merged(group.entry) || writes.versions_at(head) != versions) continue;
      decision.entry = group.entry;
      decision.as_in = head;
      break;
    }
    return decision;
  }
  const CommitIndex only = decision.versions.front();
  if (std::find(deleted.begin(), deleted.end(), only) != deleted.end()) return decision;
  const Stamp stamp = history_.graph().peek(only).stamp;
  for (const Difference::Group& group : difference.groups) {
    if (is_merged(group.entry) || !group.entry || group.entry->stamp != stamp) continue;
    if (history_.graph().is_twin(stamp)) break;
    decision.entry = group.entry;  // what a look into the commit's own tree would give, for less
    return decision;
  }
  decision.entry = history_.entry(only, difference.path);
  return decision;
}

}  // namespace isodb::merge
