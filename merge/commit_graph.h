#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "isodb/commit.h"
#include "objects/source.h"

namespace isodb::merge {

/// A commit's place in a CommitGraph; not the same from one run to the next.
using CommitIndex = std::uint32_t;
using Commits = std::vector<CommitIndex>;

/// What merging needs of a commit.
struct CommitFacts {
  CommitId id;
  TreeId tree;
  std::optional<TreeId> base;
  std::optional<Id> deleted;
  Commits parents;
  PublicKey author;
  Stamp stamp;
  std::uint64_t sequence = 0;
  bool imported = false;  ///< has origin headers: its `base` is no state
};

/// The graph of commits, held in memory and read from an object source as far as it is asked about.
/// A commit's clock is above its parents', so a walk that takes the greatest clock first meets
/// every commit after all of its descendants, once: the clock serves as generation number. Borrows
/// the source. One thread at a time. Error(kCorrupt) for a commit that is missing or damaged, or
/// whose clock is not above its parents'. About 300 bytes a commit.
class CommitGraph {
 public:
  explicit CommitGraph(const objects::ObjectSource& source);

  /// Reads the commit (not its parents) unless it is known.
  CommitIndex add(const CommitId& id);
  Commits add(std::span<const CommitId> ids);
  /// Adds what was decoded already, as when it is about to be stored. Its parents are read.
  CommitIndex add(const CommitId& id, const Commit& commit);
  /// With its parents' indexes: reads the parents. The reference stays valid.
  const CommitFacts& facts(CommitIndex commit);
  /// The same without reading the parents: `parents` may be empty.
  const CommitFacts& peek(CommitIndex commit) const { return *nodes_[commit].facts; }
  std::vector<CommitId> ids(const Commits& commits) const;

  /// Fold order: clock, writer, id.
  bool before(CommitIndex a, CommitIndex b) const;

  /// Is `ancestor` in past(descendant)? A commit is in its own.
  bool in_past(CommitIndex ancestor, CommitIndex descendant);
  bool in_past(CommitIndex ancestor, const Commits& heads);
  /// Those of `commits` that are in past(heads), in one walk; each once, in no order.
  Commits those_in_past(const Commits& commits, const Commits& heads);
  /// Of these commits, those that no other one of them sees; ascending in fold order, each once.
  Commits heads_of(Commits commits);
  /// Of a writer's commits in past(heads), those that no other one of them sees. A writer is a key
  /// with an id: anybody can write another's id into a commit, and nobody sign with another's key.
  /// Looks at what they do not see: at everything for a writer that is new.
  Commits latest_of(const PublicKey& author, const WriterId& writer, const Commits& heads);
  /// The heads of past(a) ∩ past(b), ascending in fold order.
  Commits common_heads(const Commits& a, const Commits& b);
  /// The same; nullopt when it would take more steps() than `steps_max`.
  std::optional<Commits> common_heads(const Commits& a, const Commits& b, std::uint64_t steps_max);

  /// The commits that are in the past of some head and not in that of all, each with the set of
  /// the heads whose past it is in.
  struct Region {
    std::size_t words = 0;                                ///< 64-bit words of a set
    Commits commits;                                      ///< greatest clock first
    std::vector<std::uint64_t> sets;                      ///< `words` for each of `commits`
    std::unordered_map<CommitIndex, std::size_t> places;  ///< in `commits`

    bool holds(CommitIndex commit) const { return places.contains(commit); }
    /// Is this one of `commits`, and in the past of head number `head`?
    bool in_past(CommitIndex commit, std::size_t head) const;
  };
  Region region(const Commits& heads);

  /// The commits known with this stamp. Two only where a writer's identity was copied ("twins").
  std::span<const CommitIndex> with_stamp(const Stamp& stamp) const;
  /// Several commits are known to have this stamp, or declare_twins() said so.
  bool is_twin(const Stamp& stamp) const { return twins_.contains(stamp); }
  /// How many stamps is_twin() holds for.
  std::size_t twins() const { return twins_.size(); }
  void declare_twins(std::span<const Stamp> stamps);
  /// A commit of this stamp in past(from) for which `accepts` says yes. Reads history down to the
  /// stamp's clock where it is not known. nullopt for none.
  std::optional<CommitIndex> find_stamp(const Stamp& stamp, CommitIndex from,
                                        const std::function<bool(CommitIndex)>& accepts);

  /// Walks past(heads), greatest fold order first, until `visit` returns false or all was visited.
  /// visit() says whether to go on to the commit's parents.
  enum class Step { kParents, kSkipParents, kStop };
  void walk(const Commits& heads, const std::function<Step(CommitIndex)>& visit);

  std::size_t size() const { return nodes_.size(); }
  /// Commits that walks have taken from their queues so far: what a question cost.
  std::uint64_t steps() const { return steps_; }

 private:
  class Queue;
  struct Node {
    std::unique_ptr<CommitFacts> facts;
    std::vector<CommitId> parent_ids;  // until they are read
    std::uint64_t mark = 0;            // the walk that met it last
    std::uint64_t flags = 0;           // of that walk
  };
  struct StampHash {
    std::size_t operator()(const Stamp& stamp) const;
  };

  CommitIndex insert(const CommitId& id, const Commit& commit);
  const Commits& parents(CommitIndex commit);
  /// The flags of this walk, 0 when it is new to it.
  std::uint64_t& flags(CommitIndex commit);
  bool is_met(CommitIndex commit) const { return nodes_[commit].mark == walk_; }

  const objects::ObjectSource& source_;
  std::vector<Node> nodes_;
  std::unordered_map<Id, CommitIndex> indexes_;
  std::unordered_map<Stamp, Commits, StampHash> stamps_;
  std::unordered_set<Stamp, StampHash> twins_;
  std::uint64_t walk_ = 0, steps_ = 0;
};

}  // namespace isodb::merge
