#include "merge/peel.h"

#include <algorithm>
#include <utility>

#include "merge/members.h"

namespace isodb::merge {

Peel::Peel(Workspace& workspace, Commits heads, const PublicKey& root_author,
           const PeelLimits& limits)
    : workspace_(workspace),
      graph_(workspace.history.graph()),
      heads_(graph_.heads_of(std::move(heads))),
      original_(heads_.begin(), heads_.end()),
      root_author_(root_author),
      limits_(limits) {}

Commits Peel::run() {
  if (heads_.size() < 2) return heads_;  // nothing is concurrent with it
  find_changed_members();
  for (;;) {
    Commits heads = valid_heads();
    if (!peel_forked(heads) && !peel_surplus(heads)) return heads;
  }
}

/// The member documents that not all heads hold alike, or that somebody deleted since they parted;
/// and those that twins wrote, since heads may hold alike what two of these wrote.
void Peel::find_changed_members() {
  const objects::NodeReader& nodes = workspace_.history.nodes();
  const TreeId first = workspace_.history.tree(heads_.front());
  for (std::size_t i = 1; i < heads_.size(); ++i) {
    objects::TreeDiff diff(nodes, first, workspace_.history.tree(heads_[i]),
                           std::string(kMembersPrefix));
    while (auto difference = diff.next()) changed_members_.insert(std::move(difference->path));
  }
  for (const CommitIndex commit : graph_.region(heads_).commits) {
    if (graph_.is_twin(graph_.peek(commit).stamp)) {
      const std::string prefix(kMembersPrefix);
      for (std::string& path : workspace_.history.written_paths(commit, prefix)) {
        changed_members_.insert(std::move(path));
      }
    }
    if (!graph_.peek(commit).deleted) continue;
    const auto deleted = workspace_.history.deleted_paths(commit);
    auto at = std::lower_bound(deleted->begin(), deleted->end(), kMembersPrefix);
    for (; at != deleted->end() && at->starts_with(kMembersPrefix); ++at) {
      changed_members_.insert(*at);
    }
  }
}

/// Takes commits greatest first. One that no commit left descends from is a head at that time: it
/// goes, and its parents may be the next, or it stays and covers all below it.
Commits Peel::valid_heads() {
  Commits heads;
  std::unordered_set<CommitIndex> covered;
  const auto before = [this](CommitIndex a, CommitIndex b) { return graph_.before(a, b); };
  std::set<CommitIndex, decltype(before)> open(heads_.begin(), heads_.end(), before);
  std::size_t bare = open.size();  // in `open` and not covered
  peeled_.clear();
  while (bare > 0) {
    const CommitIndex commit = *open.rbegin();
    open.erase(std::prev(open.end()));
    const Commits& parents = graph_.facts(commit).parents;
    bool covers = covered.contains(commit);
    if (!covers) {
      --bare;
      covers = parents.empty() || (!set_aside_.contains(commit) && !is_revoked(commit));
      if (covers) {
        heads.push_back(commit);
      } else {
        peeled_.insert(commit);
      }
    }
    for (const CommitIndex parent : parents) {
      const bool is_new = open.insert(parent).second;
      if (is_new) ++bare;
      if (covers && covered.insert(parent).second) --bare;
    }
  }
  std::reverse(heads.begin(), heads.end());
  return heads;
}

Peel::Writer Peel::writer_of(CommitIndex commit) const {
  const CommitFacts& facts = graph_.peek(commit);
  return {facts.author, facts.stamp.writer};
}

bool Peel::peel_forked(const Commits& heads) {
  std::map<Writer, Commits> by_writer;
  for (const CommitIndex head : heads) by_writer[writer_of(head)].push_back(head);
  std::size_t found = 0;
  for (auto& [writer, theirs] : by_writer) {
    if (theirs.size() <= limits_.forked_heads_max) continue;
    if (!numbers_) {
      numbers_.emplace();
      graph_.walk(heads_, [&](CommitIndex commit) {
        ++(*numbers_)[{writer_of(commit), graph_.peek(commit).sequence}];
        return CommitGraph::Step::kParents;
      });
    }
    // Not by the name `writer`: clang 14 captures no structured binding.
    std::erase_if(theirs, [this](CommitIndex commit) {
      return (*numbers_)[{writer_of(commit), graph_.peek(commit).sequence}] < 2;
    });
    std::sort(theirs.begin(), theirs.end(), [this](CommitIndex a, CommitIndex b) {
      return graph_.peek(a).id < graph_.peek(b).id;
    });
    for (std::size_t i = limits_.forked_heads_max; i < theirs.size(); ++i) {
      found += set_aside(theirs[i]) ? 1 : 0;
    }
  }
  return found > 0;
}

/// Of what is too much the greatest stay, so that a commit on top of what counts, which is greater
/// than all of it, counts too: then there is room for what was set aside.
bool Peel::peel_surplus(const Commits& heads) {
  if (heads.size() <= std::min(limits_.author_heads_max, limits_.heads_max)) return false;
  struct Place {
    CommitIndex head;
    std::size_t number;  // of the author's heads that are greater
    bool is_members = false;
  };
  std::vector<Place> places;
  std::map<PublicKey, std::size_t> numbers;
  std::size_t found = 0;
  for (auto head = heads.rbegin(); head != heads.rend(); ++head) {
    const Place place{*head, numbers[graph_.peek(*head).author]++};
    if (place.number < limits_.author_heads_max) {
      places.push_back(place);
    } else {
      found += set_aside(*head) ? 1 : 0;
    }
  }
  if (places.size() <= limits_.heads_max) return found > 0;
  for (Place& place : places) place.is_members = is_members(place.head);
  std::stable_sort(places.begin(), places.end(), [](const Place& a, const Place& b) {
    if (a.is_members != b.is_members) return a.is_members;
    return a.number < b.number;
  });
  for (std::size_t i = limits_.heads_max; i < places.size(); ++i) {
    found += set_aside(places[i].head) ? 1 : 0;
  }
  return found > 0;
}

/// All but the root.
bool Peel::set_aside(CommitIndex head) {
  return !graph_.facts(head).parents.empty() && set_aside_.insert(head).second;
}

/// Asks the head's own tree, which no other commit can change.
bool Peel::is_members(CommitIndex head) const {
  const PublicKey& author = graph_.peek(head).author;
  if (author == root_author_) return true;
  const TreeId tree = workspace_.history.tree(head);
  return objects::find_entry(workspace_.history.nodes(), tree, member_path(author)).has_value();
}

/// Cheap, and right for the heads that there were first: a revocation that one of them does not
/// know, another knows, and then their trees differ or it was deleted since.
bool Peel::may_be_revoked(CommitIndex commit) const {
  if (!original_.contains(commit)) return true;
  return changed_members_.contains(member_path(graph_.peek(commit).author));
}

bool Peel::is_revoked(CommitIndex commit) {
  if (!may_be_revoked(commit)) return false;
  const auto known = revoked_.find(commit);
  if (known != revoked_.end()) return known->second;
  bool revoked = false;
  for (const CommitIndex revocation : revocations_of(graph_.peek(commit).author)) {
    revoked = revoked || (relatives_of(revocation).is_concurrent(commit) && !is_void(revocation));
  }
  revoked_.emplace(commit, revoked);
  return revoked;
}

Relatives& Peel::relatives_of(CommitIndex revocation) {
  return relatives_.try_emplace(revocation, graph_, revocation, heads_).first->second;
}

WriteSet Peel::all_writes(PathHistory& writes) {
  WriteSet found;
  for (const CommitIndex head : heads_) {
    const WriteSet versions = writes.versions_at(head);
    found.insert(found.end(), versions.begin(), versions.end());
  }
  std::unordered_set<WriteIndex> met;
  std::erase_if(found, [&](WriteIndex write) { return !met.insert(write).second; });
  for (std::size_t i = 0; i < found.size(); ++i) {
    const WriteSet seen = writes.seen(found[i]);
    for (const WriteIndex older : seen) {
      if (met.insert(older).second) found.push_back(older);
    }
  }
  return found;
}

const Commits& Peel::revocations_of(const PublicKey& key) {
  const auto known = revocations_.find(key);
  if (known != revocations_.end()) return known->second;
  const std::string path = member_path(key);
  PathHistory& writes = workspace_.path(path).writes;
  Commits revocations;
  for (const WriteIndex write : all_writes(writes)) {
    const Entry* const entry = writes.entry(write);
    if (entry == nullptr) continue;
    const std::optional<Bytes> content = workspace_.history.content(*entry, kMemberBytesMax);
    const std::optional<Member> member = content ? member_at(path, *content) : std::nullopt;
    if (member && member->revoked) revocations.push_back(writes.commit(write));
  }
  return revocations_.emplace(key, std::move(revocations)).first->second;
}

/// Each step asks about a more senior author, so it ends.
bool Peel::is_void(CommitIndex revocation) {
  const auto known = void_.find(revocation);
  if (known != void_.end()) return known->second;
  const PublicKey author = graph_.peek(revocation).author;
  bool is_void = false;
  const Commits others = revocations_of(author);
  for (const CommitIndex other : others) {
    if (is_void) break;
    is_void = relatives_of(other).is_concurrent(revocation) &&
              is_more_senior(graph_.peek(other).author, author) && !this->is_void(other);
  }
  void_.emplace(revocation, is_void);
  return is_void;
}

Peel::Seniority Peel::seniority_of(const PublicKey& key) {
  const auto known = seniority_.find(key);
  if (known != seniority_.end()) return known->second;
  Seniority seniority{2, 0, member_path(key)};
  if (key == root_author_) seniority.rank = 0;
  PathHistory& writes = workspace_.path(seniority.path).writes;
  for (const WriteIndex write : all_writes(writes)) {
    if (seniority.rank == 0) break;
    if (writes.is_deletion(write)) continue;
    const CommitIndex commit = writes.commit(write);
    if (seniority.rank == 2 || graph_.before(commit, seniority.first)) seniority.first = commit;
    seniority.rank = 1;
  }
  return seniority_.emplace(key, std::move(seniority)).first->second;
}

bool Peel::is_more_senior(const PublicKey& a, const PublicKey& b) {
  const Seniority left = seniority_of(a), right = seniority_of(b);
  if (left.rank != right.rank) return left.rank < right.rank;
  if (left.rank != 1) return false;
  if (left.first != right.first) return graph_.before(left.first, right.first);
  return left.path < right.path;
}

}  // namespace isodb::merge
