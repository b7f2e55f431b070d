#include "merge/commit_graph.h"

#include <algorithm>
#include <queue>

#include "isodb/error.h"
#include "objects/commit_codec.h"

namespace isodb::merge {

/// Commits still to be taken by a walk, the greatest in fold order on top.
class CommitGraph::Queue {
 public:
  explicit Queue(CommitGraph& graph) : graph_(graph), queue_(Less{&graph}) {}

  bool empty() const { return queue_.empty(); }
  void push(CommitIndex commit) { queue_.push(commit); }
  CommitIndex pop() {
    const CommitIndex commit = queue_.top();
    queue_.pop();
    ++graph_.steps_;
    return commit;
  }
  CommitIndex top() const { return queue_.top(); }

 private:
  struct Less {
    const CommitGraph* graph;
    bool operator()(CommitIndex a, CommitIndex b) const { return graph->before(a, b); }
  };
  CommitGraph& graph_;
  std::priority_queue<CommitIndex, Commits, Less> queue_;
};

CommitGraph::CommitGraph(const objects::ObjectSource& source) : source_(source) {}

std::size_t CommitGraph::StampHash::operator()(const Stamp& stamp) const {
  return static_cast<std::size_t>(stamp.clock.value * 0x9e3779b97f4a7c15 ^ stamp.writer.value);
}

CommitIndex CommitGraph::add(const CommitId& id) {
  if (const auto known = indexes_.find(id); known != indexes_.end()) return known->second;
  const Bytes payload = objects::get_expected(source_, id, ObjectType::kCommit);
  try {
    return insert(id, objects::decode_commit(payload));
  } catch (const Error& error) {
    throw error.within("commit " + id.hex());
  }
}

Commits CommitGraph::add(std::span<const CommitId> ids) {
  Commits commits;
  commits.reserve(ids.size());
  for (const CommitId& id : ids) commits.push_back(add(id));
  return commits;
}

CommitIndex CommitGraph::add(const CommitId& id, const Commit& commit) {
  const auto known = indexes_.find(id);
  return known != indexes_.end() ? known->second : insert(id, commit);
}

CommitIndex CommitGraph::insert(const CommitId& id, const Commit& commit) {
  if (nodes_.size() >= UINT32_MAX) throw Error(ErrorCode::kLimit, "more than 2^32 commits");
  const auto index = static_cast<CommitIndex>(nodes_.size());
  Node node;
  node.facts = std::make_unique<CommitFacts>();
  CommitFacts& facts = *node.facts;
  facts.id = id;
  facts.tree = commit.tree;
  facts.base = commit.base;
  facts.deleted = commit.deleted;
  facts.author = commit.author;
  facts.stamp = commit.stamp();
  facts.sequence = commit.sequence;
  facts.imported = !commit.origin.empty();
  node.parent_ids = commit.parents;
  nodes_.push_back(std::move(node));
  indexes_.emplace(id, index);
  Commits& twins = stamps_[facts.stamp];
  twins.push_back(index);
  if (twins.size() > 1) twins_.insert(facts.stamp);
  return index;
}

const Commits& CommitGraph::parents(CommitIndex commit) {
  CommitFacts& facts = *nodes_[commit].facts;
  if (nodes_[commit].parent_ids.empty()) return facts.parents;
  const std::vector<CommitId> ids = nodes_[commit].parent_ids;
  Commits parents = add(ids);
  for (const CommitIndex parent : parents) {
    // What every walk here relies on; it also keeps a forged graph from having circles.
    if (nodes_[parent].facts->stamp.clock < facts.stamp.clock) continue;
    throw Error(ErrorCode::kCorrupt,
                "commit " + facts.id.hex() + " has a clock that is not above that of its parent " +
                    nodes_[parent].facts->id.hex(),
                "run fsck; fetch it again from a peer that has it");
  }
  facts.parents = std::move(parents);
  nodes_[commit].parent_ids = {};
  return facts.parents;
}

const CommitFacts& CommitGraph::facts(CommitIndex commit) {
  parents(commit);
  return *nodes_[commit].facts;
}

std::vector<CommitId> CommitGraph::ids(const Commits& commits) const {
  std::vector<CommitId> ids;
  ids.reserve(commits.size());
  for (const CommitIndex commit : commits) ids.push_back(nodes_[commit].facts->id);
  return ids;
}

bool CommitGraph::before(CommitIndex a, CommitIndex b) const {
  const CommitFacts& left = *nodes_[a].facts;
  const CommitFacts& right = *nodes_[b].facts;
  if (left.stamp != right.stamp) return left.stamp < right.stamp;
  return left.id < right.id;
}

std::uint64_t& CommitGraph::flags(CommitIndex commit) {
  Node& node = nodes_[commit];
  if (node.mark != walk_) {
    node.mark = walk_;
    node.flags = 0;
  }
  return node.flags;
}

void CommitGraph::walk(const Commits& heads, const std::function<Step(CommitIndex)>& visit) {
  const std::uint64_t walk = ++walk_;
  Queue queue(*this);
  const auto meet = [&](CommitIndex commit) {
    if (nodes_[commit].mark == walk) return;
    nodes_[commit].mark = walk;
    queue.push(commit);
  };
  for (const CommitIndex head : heads) meet(head);
  while (!queue.empty()) {
    const CommitIndex commit = queue.pop();
    const Step step = visit(commit);
    if (step == Step::kStop) return;
    if (step == Step::kSkipParents) continue;
    for (const CommitIndex parent : parents(commit)) meet(parent);
  }
}

bool CommitGraph::in_past(CommitIndex ancestor, CommitIndex descendant) {
  return in_past(ancestor, Commits{descendant});
}

bool CommitGraph::in_past(CommitIndex ancestor, const Commits& heads) {
  return !those_in_past({ancestor}, heads).empty();
}

Commits CommitGraph::those_in_past(const Commits& commits, const Commits& heads) {
  Commits found;
  std::unordered_set<CommitIndex> open(commits.begin(), commits.end());
  if (open.empty()) return found;
  const CommitIndex first = *std::ranges::min_element(
      commits, {}, [this](CommitIndex commit) { return peek(commit).stamp.clock; });
  const HybridTime lowest = peek(first).stamp.clock;
  walk(heads, [&](CommitIndex commit) {
    if (open.erase(commit) > 0) found.push_back(commit);
    if (open.empty()) return Step::kStop;
    return peek(commit).stamp.clock <= lowest ? Step::kSkipParents : Step::kParents;
  });
  return found;
}

Commits CommitGraph::heads_of(Commits commits) {
  const auto ascending = [this](CommitIndex a, CommitIndex b) { return before(a, b); };
  std::sort(commits.begin(), commits.end(), ascending);
  commits.erase(std::unique(commits.begin(), commits.end()), commits.end());
  if (commits.size() < 2) return commits;
  constexpr std::uint64_t kListed = 1, kSeen = 2;
  ++walk_;
  Queue queue(*this);
  for (const CommitIndex commit : commits) {
    flags(commit) = kListed;
    queue.push(commit);
  }
  const HybridTime lowest = peek(commits.front()).stamp.clock;
  while (!queue.empty()) {
    const CommitIndex commit = queue.pop();
    if (peek(commit).stamp.clock <= lowest) break;
    for (const CommitIndex parent : parents(commit)) {
      const bool is_new = !is_met(parent);
      flags(parent) |= kSeen;
      if (is_new) queue.push(parent);
    }
  }
  std::erase_if(commits, [this](CommitIndex commit) { return (flags(commit) & kSeen) != 0; });
  return commits;
}

Commits CommitGraph::latest_of(const PublicKey& author, const WriterId& writer,
                               const Commits& heads) {
  constexpr std::uint64_t kMet = 1, kBelow = 2;
  ++walk_;
  Queue queue(*this);
  std::size_t open = 0;  // in the queue and not below one that was found
  const auto meet = [&](CommitIndex commit, std::uint64_t set) {
    std::uint64_t& held = flags(commit);
    const bool was_open = held == kMet;
    if (held == 0) queue.push(commit);
    held |= set | kMet;
    open = open + (held == kMet) - was_open;
  };
  for (const CommitIndex head : heads) meet(head, 0);
  Commits found;
  while (open > 0) {
    const CommitIndex commit = queue.pop();
    std::uint64_t set = flags(commit);
    if (set == kMet) {
      --open;
      const CommitFacts& facts = peek(commit);
      if (facts.stamp.writer == writer && facts.author == author) {
        found.push_back(commit);
        set |= kBelow;
      }
    }
    for (const CommitIndex parent : parents(commit)) meet(parent, set & kBelow);
  }
  return found;
}

Commits CommitGraph::common_heads(const Commits& a, const Commits& b) {
  return common_heads(a, b, UINT64_MAX).value();
}

std::optional<Commits> CommitGraph::common_heads(const Commits& a, const Commits& b,
                                                 std::uint64_t steps_max) {
  constexpr std::uint64_t kA = 1, kB = 2, kBoth = kA | kB, kBelow = 4;
  ++walk_;
  Queue queue(*this);
  std::size_t open = 0;  // in the queue and not below a common head
  const auto meet = [&](CommitIndex commit, std::uint64_t set) {
    const bool is_new = !is_met(commit);
    std::uint64_t& held = flags(commit);
    const bool was_open = !is_new && (held & kBelow) == 0;
    held |= set;
    const bool is_open = (held & kBelow) == 0;
    open = open + is_open - was_open;
    if (is_new) queue.push(commit);
  };
  for (const CommitIndex commit : a) meet(commit, kA);
  for (const CommitIndex commit : b) meet(commit, kB);
  Commits heads;
  const std::uint64_t steps_before = steps_;
  while (open > 0) {
    if (steps_ - steps_before >= steps_max) return std::nullopt;
    const CommitIndex commit = queue.pop();
    std::uint64_t set = flags(commit);
    if ((set & kBelow) == 0) --open;
    if ((set & kBoth) == kBoth) {
      if ((set & kBelow) == 0) heads.push_back(commit);
      set |= kBelow;
    }
    for (const CommitIndex parent : parents(commit)) meet(parent, set);
  }
  std::reverse(heads.begin(), heads.end());
  return heads;
}

bool CommitGraph::Region::in_past(CommitIndex commit, std::size_t head) const {
  const auto place = places.find(commit);
  return place != places.end() && (sets[place->second * words + head / 64] >> head % 64 & 1) != 0;
}

CommitGraph::Region CommitGraph::region(const Commits& heads) {
  Region region;
  region.words = (heads.size() + 63) / 64;
  std::vector<std::uint64_t> all(region.words, ~std::uint64_t{0});
  if (heads.size() % 64 != 0) all.back() = (std::uint64_t{1} << heads.size() % 64) - 1;
  std::unordered_map<CommitIndex, std::vector<std::uint64_t>> waiting;
  std::size_t open = 0;  // waiting, with a set that is not `all`
  Queue queue(*this);
  const auto meet = [&](CommitIndex commit, const std::vector<std::uint64_t>& set) {
    auto [place, is_new] = waiting.try_emplace(commit, region.words, 0);
    if (is_new) queue.push(commit);
    const bool was_open = !is_new && place->second != all;
    for (std::size_t i = 0; i < region.words; ++i) place->second[i] |= set[i];
    open = open + (place->second != all) - was_open;
  };
  for (std::size_t i = 0; i < heads.size(); ++i) {
    std::vector<std::uint64_t> set(region.words, 0);
    set[i / 64] = std::uint64_t{1} << i % 64;
    meet(heads[i], set);
  }
  while (open > 0) {
    const CommitIndex commit = queue.pop();
    const auto node = waiting.extract(commit);
    const std::vector<std::uint64_t>& set = node.mapped();
    if (set != all) {
      --open;
      region.places.emplace(commit, region.commits.size());
      region.commits.push_back(commit);
      region.sets.insert(region.sets.end(), set.begin(), set.end());
    }
    for (const CommitIndex parent : parents(commit)) meet(parent, set);
  }
  return region;
}

std::span<const CommitIndex> CommitGraph::with_stamp(const Stamp& stamp) const {
  const auto found = stamps_.find(stamp);
  if (found == stamps_.end()) return {};
  return found->second;
}

void CommitGraph::declare_twins(std::span<const Stamp> stamps) {
  twins_.insert(stamps.begin(), stamps.end());
}

std::optional<CommitIndex> CommitGraph::find_stamp(
    const Stamp& stamp, CommitIndex from, const std::function<bool(CommitIndex)>& accepts) {
  const std::span<const CommitIndex> known = with_stamp(stamp);
  if (known.size() == 1 && !is_twin(stamp) && accepts(known.front())) return known.front();
  std::optional<CommitIndex> found;
  walk({from}, [&](CommitIndex commit) {
    const Stamp& at = peek(commit).stamp;
    if (at.clock < stamp.clock) return Step::kStop;
    if (at != stamp || !accepts(commit)) return Step::kParents;
    found = commit;
    return Step::kStop;
  });
  return found;
}

}  // namespace isodb::merge
