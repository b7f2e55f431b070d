#include "repo/history_build.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>

#include "isodb/error.h"
#include "objects/tree.h"
#include "repo/commit_walk.h"

namespace isodb::repo {
namespace {

struct ReadCommit {
  TreeId tree;
  HybridTime clock;
  CommitNumbers inner;  // places of its parents among those read
  CommitNumbers outer;  // numbers of the others
  std::optional<std::vector<PathKey>> touches;
};

/// Commits in runs as long as they become at first sight: each goes behind one of its parents that
/// is the last of its run as yet. The run that ends latest comes last, for what is committed next
/// goes behind it.
std::vector<CommitNumbers> runs_of(const std::vector<ReadCommit>& reads) {
  std::vector<CommitNumbers> runs;
  std::vector<std::size_t> run_of(reads.size());
  for (CommitNumber place = 0; place < reads.size(); ++place) {
    std::size_t best = runs.size();
    for (const CommitNumber parent : reads[place].inner) {
      const std::size_t run = run_of[parent];
      if (runs[run].back() != parent) continue;
      if (best == runs.size() || runs[run].size() > runs[best].size()) best = run;
    }
    if (best == runs.size()) runs.emplace_back();
    run_of[place] = best;
    runs[best].push_back(place);
  }
  std::sort(runs.begin(), runs.end(),
            [](const CommitNumbers& a, const CommitNumbers& b) { return a.back() < b.back(); });
  return runs;
}

SegmentData numbered(std::span<const CommitId> commits, const std::vector<ReadCommit>& reads,
                     CommitNumber first) {
  CommitNumbers order, numbers(reads.size());
  for (const CommitNumbers& run : runs_of(reads)) {
    for (const CommitNumber place : run) {
      numbers[place] = first + static_cast<CommitNumber>(order.size());
      order.push_back(place);
    }
  }
  SegmentData data;
  data.first = first;
  for (const CommitNumber place : order) {
    const ReadCommit& read = reads[place];
    const CommitNumber number = numbers[place];
    data.ids.push_back(commits[place]);
    data.clocks.push_back(read.clock);
    CommitNumbers parents = read.outer;
    for (const CommitNumber inner : read.inner) parents.push_back(numbers[inner]);
    if (number == 0 || std::erase(parents, number - 1) == 0) data.starts.push_back(number);
    for (const CommitNumber parent : parents) data.links.push_back({number, parent});
    if (!read.touches) {
      data.wide.push_back(number);
      continue;
    }
    for (const PathKey key : *read.touches) data.touches.push_back({key, number});
  }
  return data;
}

}  // namespace

HistoryBuild::HistoryBuild(const RepositoryState& repository, std::size_t paths_max)
    : repository_(repository), paths_max_(paths_max) {
  for (const ComputedTrees& computed : computed_trees(repository)) {
    computed_.insert(computed.commit);
  }
}

/// All paths in which the commit's tree differs from its base, and the folders above them: whatever
/// log may find that it did.
std::optional<std::vector<PathKey>> HistoryBuild::touches(const CommitId& id, const Commit& commit,
                                                          const TreeId& base) const {
  // A tree that is not what its commit wrote may hold whatever somebody thought of.
  const auto is_computed = [this](const CommitId& other) { return computed_.contains(other); };
  if (is_computed(id) || std::any_of(commit.parents.begin(), commit.parents.end(), is_computed)) {
    return std::nullopt;
  }
  std::vector<PathKey> keys;
  try {
    objects::TreeDiff diff(repository_.nodes(), base, commit.tree);
    std::string before;
    std::size_t paths = 0;
    while (std::optional<objects::TreeDifference> change = diff.next()) {
      if (++paths > paths_max_) return std::nullopt;
      const std::string& path = change->path;
      keys.push_back(path_key(path));
      const auto differs = std::mismatch(path.begin(), path.end(), before.begin(), before.end());
      std::size_t slash = path.find('/', static_cast<std::size_t>(differs.first - path.begin()));
      for (; slash != std::string::npos; slash = path.find('/', slash + 1)) {
        keys.push_back(path_key(std::string_view(path).substr(0, slash + 1)));
      }
      before = std::move(change->path);
    }
  } catch (const Error&) {
    return std::nullopt;  // whoever asks for it is told
  }
  return keys;
}

SegmentData HistoryBuild::segment(std::span<const CommitId> commits,
                                  const HistoryView& known) const {
  std::vector<ReadCommit> reads(commits.size());
  std::unordered_map<Id, CommitNumber> places;
  for (CommitNumber place = 0; place < commits.size(); ++place) {
    const CommitId& id = commits[place];
    const Commit commit = repository_.read_commit(id);
    ReadCommit& read = reads[place];
    read.tree = commit.tree;
    read.clock = commit.clock;
    const auto check = [&](bool holds) {
      if (holds) return;
      throw Error(ErrorCode::kCorrupt,
                  "the clock of commit " + id.hex() + " is not above its parents'", "run fsck");
    };
    for (const CommitId& parent : commit.parents) {
      if (const auto inner = places.find(parent); inner != places.end()) {
        check(reads[inner->second].clock < read.clock);
        read.inner.push_back(inner->second);
      } else {
        const std::optional<CommitNumber> outer = known.find(parent);
        check(outer && known.clock(*outer) < read.clock);
        read.outer.push_back(*outer);
      }
    }
    places.emplace(id, place);
    const auto first = commit.parents.empty() ? places.end() : places.find(commit.parents.front());
    const bool is_inner = !commit.base && first != places.end();
    read.touches =
        touches(id, commit, is_inner ? reads[first->second].tree : base_tree(repository_, commit));
  }
  return numbered(commits, reads, known.size());
}

}  // namespace isodb::repo
