#include "merge/path_history.h"

#include <algorithm>
#include <queue>
#include <unordered_set>
#include <utility>

#include "isodb/error.h"

namespace isodb::merge {
namespace {

bool is_merged(const Entry& entry) {
  return (entry.flags & kFlagMerged) != 0;
}

}  // namespace

PathHistory::PathHistory(History& history, std::string path)
    : history_(history),
      graph_(history.graph()),
      path_(std::move(path)),
      twins_(history.graph().twins()) {}

void PathHistory::check_twins() const {
  if (graph_.twins() != twins_) throw TwinsFound{};
}

bool PathHistory::is_before(WriteIndex a, WriteIndex b) {
  if (writes_[a].stamp != writes_[b].stamp) return writes_[a].stamp < writes_[b].stamp;
  return a != b && graph_.peek(commit(a)).id < graph_.peek(commit(b)).id;
}

void PathHistory::sort(WriteSet& writes) {
  std::sort(writes.begin(), writes.end(), [this](auto a, auto b) { return is_before(a, b); });
  writes.erase(std::unique(writes.begin(), writes.end()), writes.end());
}

std::optional<CommitIndex> PathHistory::find_commit(const Entry& entry, CommitIndex holder) {
  return graph_.find_stamp(entry.stamp, holder, [&](CommitIndex commit) {
    return history_.entry(commit, path_) == entry;
  });
}

WriteIndex PathHistory::append(Write write) {
  const auto index = static_cast<WriteIndex>(writes_.size());
  by_stamp_[write.stamp].push_back(index);
  writes_.push_back(std::move(write));
  return index;
}

WriteIndex PathHistory::intern(const Entry& entry, CommitIndex holder) {
  Write write{entry.stamp, entry, holder, std::nullopt, std::nullopt};
  if (graph_.peek(holder).stamp == entry.stamp) write.commit = holder;
  const auto known = by_stamp_.find(entry.stamp);
  const bool is_twin = graph_.is_twin(entry.stamp);
  if (!is_twin && known != by_stamp_.end()) {
    for (const WriteIndex index : known->second) {
      if (writes_[index].entry == entry) return index;
    }
  }
  // Stamps tell writes apart, but for twins: then one has to look who wrote.
  if ((is_twin || known != by_stamp_.end()) && !write.commit) {
    write.commit = find_commit(entry, holder);
    check_twins();
    if (!write.commit) {
      throw Error(ErrorCode::kCorrupt, "the entry of '" + path_ + "' in the tree of commit " +
                                           graph_.peek(holder).id.hex() +
                                           " has a stamp of no commit before it");
    }
  }
  if (write.commit && known != by_stamp_.end()) {
    for (const WriteIndex index : known->second) {
      if (writes_[index].entry && writes_[index].commit == write.commit) return index;
    }
  }
  return append(std::move(write));
}

WriteIndex PathHistory::intern_deletion(CommitIndex commit) {
  const Stamp stamp = graph_.peek(commit).stamp;
  for (const WriteIndex index : by_stamp_[stamp]) {
    if (!writes_[index].entry && writes_[index].commit == commit) return index;
  }
  return append({stamp, std::nullopt, commit, commit, std::nullopt});
}

WriteIndex PathHistory::write_of(CommitIndex commit) {
  const std::optional<Entry> entry = history_.entry(commit, path_);
  if (entry && !is_merged(*entry) && entry->stamp == graph_.peek(commit).stamp) {
    return intern(*entry, commit);
  }
  return intern_deletion(commit);
}

WriteSet PathHistory::writes_of(const Commits& commits) {
  WriteSet writes;
  writes.reserve(commits.size());
  for (const CommitIndex commit : commits) writes.push_back(write_of(commit));
  sort(writes);
  return writes;
}

CommitIndex PathHistory::commit(WriteIndex index) {
  Write& write = writes_[index];
  if (write.commit) return *write.commit;
  write.commit = find_commit(*write.entry, write.holder);
  check_twins();
  if (write.commit) return *write.commit;
  throw Error(ErrorCode::kCorrupt, "the entry of '" + path_ + "' in the tree of commit " +
                                       graph_.peek(write.holder).id.hex() +
                                       " has a stamp of no commit before it");
}

Commits PathHistory::commits(const WriteSet& writes) {
  Commits commits;
  commits.reserve(writes.size());
  for (const WriteIndex write : writes) commits.push_back(commit(write));
  return commits;
}

Commits PathHistory::named_in(Commits starts) {
  Commits found, open = std::move(starts);
  std::unordered_set<CommitIndex> visited;
  while (!open.empty()) {
    const CommitIndex at = open.back();
    open.pop_back();
    if (!visited.insert(at).second) continue;
    const std::optional<Entry> entry = history_.entry(at, path_);
    if (!entry) {
      const Commits deleters = history_.deleters(path_, {at});
      found.insert(found.end(), deleters.begin(), deleters.end());
    } else if (!is_merged(*entry)) {
      found.push_back(commit(intern(*entry, at)));
    } else if (const Commits* versions = history_.merged_versions(*entry)) {
      found.insert(found.end(), versions->begin(), versions->end());
    } else {
      const Commits& parents = graph_.facts(at).parents;
      open.insert(open.end(), parents.begin(), parents.end());
    }
  }
  return found;
}

WriteSet PathHistory::versions_at(CommitIndex head) {
  if (const auto known = versions_.find(head); known != versions_.end()) return known->second;
  const std::optional<Entry> entry = history_.entry(head, path_);
  WriteSet versions;
  if (!entry) {
    versions = writes_of(graph_.heads_of(history_.deleters(path_, {head})));
  } else if (!is_merged(*entry)) {
    versions = {intern(*entry, head)};
  } else if (const Commits* known = history_.merged_versions(*entry)) {
    versions = writes_of(*known);
  } else {
    const Commits commits = graph_.heads_of(named_in(graph_.facts(head).parents));
    history_.remember_merged(*entry, commits);
    versions = writes_of(commits);
  }
  check_twins();
  versions_.emplace(head, versions);
  return versions;
}

WriteSet PathHistory::versions_at(const Commits& heads) {
  if (heads.size() == 1) return versions_at(heads.front());
  WriteSet all;
  bool same = true;
  for (std::size_t i = 0; i < heads.size(); ++i) {
    const WriteSet versions = versions_at(heads[i]);
    same = same && (i == 0 || versions == all);
    all.insert(all.end(), versions.begin(), versions.end());
    if (same && i > 0) all.resize(versions.size());
  }
  if (same) return all;
  sort(all);
  return writes_of(graph_.heads_of(commits(all)));
}

WriteSet PathHistory::versions_below(CommitIndex commit) {
  const CommitFacts& facts = graph_.facts(commit);
  if (facts.parents.size() < 2) {
    return facts.parents.empty() ? WriteSet{} : versions_at(facts.parents.front());
  }
  if (const std::optional<TreeId> base = history_.base_tree(commit)) {
    const std::optional<Entry> entry = objects::find_entry(history_.nodes(), *base, path_);
    if (entry && !is_merged(*entry)) return {intern(*entry, commit)};
  }
  return versions_at(facts.parents);
}

const WriteSet& PathHistory::seen(WriteIndex write) {
  if (!writes_[write].seen) {
    WriteSet seen = versions_below(commit(write));
    writes_[write].seen = std::move(seen);
  }
  return *writes_[write].seen;
}

bool PathHistory::any_live(const WriteSet& writes) const {
  return std::any_of(writes.begin(), writes.end(), [this](auto w) { return !is_deletion(w); });
}

WriteSet PathHistory::live(const WriteSet& writes) const {
  WriteSet live = writes;
  std::erase_if(live, [this](WriteIndex write) { return is_deletion(write); });
  return live;
}

WriteSet PathHistory::common(const WriteSet& left, const WriteSet& right) {
  constexpr unsigned kLeft = 1, kRight = 2, kBoth = kLeft | kRight, kBelow = 4;
  const auto less = [this](WriteIndex a, WriteIndex b) { return is_before(a, b); };
  std::priority_queue<WriteIndex, WriteSet, decltype(less)> queue(less);
  std::unordered_map<WriteIndex, unsigned> sides;
  std::size_t open = 0;  // in the queue and not below a common write
  const auto meet = [&](WriteIndex write, unsigned set) {
    const auto [side, is_new] = sides.try_emplace(write, 0);
    const bool was_open = !is_new && (side->second & kBelow) == 0;
    side->second |= set;
    open = open + ((side->second & kBelow) == 0) - was_open;
    if (is_new) queue.push(write);
  };
  for (const WriteIndex write : left) meet(write, kLeft);
  for (const WriteIndex write : right) meet(write, kRight);
  WriteSet found;
  while (open > 0) {
    const WriteIndex write = queue.top();
    queue.pop();
    unsigned set = sides[write];
    if ((set & kBelow) == 0) --open;
    if ((set & kBoth) == kBoth) {
      if ((set & kBelow) == 0) found.push_back(write);
      set |= kBelow;
    }
    for (const WriteIndex older : seen(write)) meet(older, set);
  }
  std::reverse(found.begin(), found.end());
  return found;
}

namespace {

/// The writes taken so far, greatest first, and those that they saw and that are not taken.
struct Frontier {
  struct Taken {
    std::size_t seen = 0, outside = 0;  // how many it saw, and how many of these are not taken
  };
  std::unordered_map<WriteIndex, Taken> taken;
  std::unordered_map<WriteIndex, WriteSet> seen_by;  // of the writes not taken
  std::size_t open = 0;      // taken writes that saw some that are not taken
  std::size_t mixed = 0;     // and also some that are
  std::size_t creators = 0;  // taken writes that saw none

  /// Do all taken writes see all that is not taken?
  bool is_ground() const {
    if (seen_by.empty()) return true;
    if (mixed > 0 || creators > 0) return false;
    for (const auto& [write, by] : seen_by) {
      if (by.size() != open) return false;
    }
    return true;
  }
  void take(WriteIndex write, const WriteSet& seen) {
    const auto by = seen_by.extract(write);
    taken[write] = {seen.size(), seen.size()};
    if (seen.empty()) {
      ++creators;
    } else {
      ++open;
    }
    for (const WriteIndex older : seen) seen_by[older].push_back(write);
    if (by.empty()) return;
    for (const WriteIndex newer : by.mapped()) {
      Taken& state = taken[newer];
      mixed -= state.outside < state.seen;
      --state.outside;
      mixed += state.outside > 0;
      open -= state.outside == 0;
    }
  }
};

}  // namespace

std::optional<PathHistory::Ground> PathHistory::ground(const WriteSet& live,
                                                       std::size_t writes_max) {
  const auto less = [this](WriteIndex a, WriteIndex b) { return is_before(a, b); };
  std::priority_queue<WriteIndex, WriteSet, decltype(less)> queue(less);
  std::unordered_set<WriteIndex> queued;
  Frontier frontier;
  const auto take = [&](WriteIndex write) {
    const WriteSet& older = seen(write);
    frontier.take(write, older);
    for (const WriteIndex next : older) {
      if (queued.insert(next).second) queue.push(next);
    }
  };
  for (const WriteIndex version : live) take(version);
  while (!frontier.is_ground()) {
    if (frontier.taken.size() >= writes_max) return std::nullopt;
    const WriteIndex next = queue.top();
    queue.pop();
    take(next);
  }
  if (frontier.taken.size() > writes_max) return std::nullopt;
  Ground ground;
  for (const auto& [write, state] : frontier.taken) ground.above.push_back(write);
  for (const auto& [write, by] : frontier.seen_by) ground.top.push_back(write);
  sort(ground.above);
  sort(ground.top);
  return ground;
}

}  // namespace isodb::merge
