#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "isodb/entry.h"
#include "objects/content.h"
#include "objects/source.h"
#include "tests/reference/document_merge.h"
#include "tests/reference/history.h"
#include "tests/reference/members.h"
#include "tests/reference/rules.h"
#include "tests/reference/value.h"

namespace isodb::reference {

/// Where merging stops to look at all there is. Others than the defaults are for tests of what is
/// done then: histories that come to the real ones take minutes.
struct Limits {
  std::size_t base_sets_max = 4096;  ///< above, one base stands for all
  std::size_t writes_max = 512;      ///< outside the ground; above, the versions alone count
  HeadLimits heads;
};

/// What S(C) has for a path, and what was in conflict in it.
struct Outcome {
  std::optional<Entry> entry;
  Conflicts conflicts;
};

struct Environment {
  std::uint64_t epoch = 1;
  std::vector<Rule> rules;
  std::map<std::string, std::optional<Id>> scripts;  ///< contents, by path
  std::string identity;                              ///< the same for the same environment
};

/// The state of a set of commits by the letter of docs/merge.md: sets and recursion, no trees, no
/// shortcuts. What it computed is remembered by what it was computed of. Borrows the history, which
/// may grow, and the store, which takes what is merged. One thread at a time.
class State {
 public:
  State(const History& history, objects::ObjectStore& store, const Limits& limits = {})
      : history_(history), store_(store), limits_(limits) {}
  virtual ~State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  /// S(C)[p]. `commits` must be closed.
  const Outcome& at(const CommitSet& commits, const std::string& path);
  /// S(C) without absent paths.
  std::map<std::string, Entry> entries(const CommitSet& commits);
  TreeId tree(const CommitSet& commits);
  const Environment& environment(const CommitSet& commits);
  /// Who a key is by the members of S(C), the root's author where no admin is left.
  std::optional<Member> member(const CommitSet& commits, const PublicKey& key);

  /// Whether the author of a commit might write what it wrote.
  bool allowed(std::size_t commit);
  bool may_write(const CommitSet& commits, const PublicKey& key, const std::string& path);
  /// Nobody deletes what says that a content is erased.
  static bool may_delete(const std::string& path) { return !path.starts_with(".isodb/erased/"); }
  CommitSet peel(const CommitSet& commits);
  /// The contents that commits of the set erased.
  const std::set<Id>& erased(const CommitSet& commits);
  /// V(C, p) without the versions whose content is erased in C.
  CommitSet standing(const CommitSet& commits, const std::string& path);

  /// State(D): the one head's commit, or the merge object of several.
  struct Computed {
    Id id;
    ObjectType type;
    std::map<std::string, Entry> entries;
    CommitSet peeled;  ///< what is left of D
  };
  Computed compute(const CommitSet& commits);

  const History& history() const { return history_; }
  const Document& document(const Entry& entry);

 protected:
  /// A write that may be live, and what its author saw; the foundation too.
  struct SeenWrite {
    std::size_t commit;
    Entry entry;
    Outcome saw;
  };

  /// Merges two or more live versions that no fixed rule is for: sets content, media type and
  /// metadata of `entry`. Whoever holds an engine for documents against the reference overrides it.
  virtual void merge_live(const CommitSet& commits, const std::string& path,
                          const std::vector<std::size_t>& live, bool bounded, Entry& entry,
                          Conflicts& conflicts);
  std::optional<Entry> base_entry(const CommitSet& commits, const std::string& path,
                                  const std::vector<std::size_t>& live, std::size_t i,
                                  bool bounded);
  std::vector<SeenWrite> live_history(const std::vector<std::size_t>& live,
                                      const std::string& path);
  const Rule* rule_for(const Environment& environment, const std::string& path) const;
  objects::ObjectStore& store() { return store_; }

 private:
  Outcome merge(const CommitSet& commits, const std::string& path, const CommitSet& versions);
  void merge_governed_live(const std::string& path, const std::vector<std::size_t>& live,
                           Entry& entry, Conflicts& conflicts);
  void set_content(Entry& entry, const Bytes& bytes);
  MergedDocument merge_content(const Environment& environment, const std::string& path,
                               const std::vector<std::size_t>& live, const MergeTask& task);
  std::optional<Id> merge_metadata(const std::vector<Entry>& live,
                                   const std::vector<SeenWrite>& writes, MergeTask task,
                                   Conflicts& conflicts);
  std::string merge_media_type(const std::vector<Entry>& live, const std::vector<SeenWrite>& writes,
                               Conflicts& conflicts);
  void stamp(const CommitSet& commits, const std::string& path, const CommitSet& versions,
             Entry& entry);
  bool deletion_is_a_choice(const std::vector<std::size_t>& versions, const std::string& path);
  bool over_bound(const std::vector<std::size_t>& live, const std::string& path);
  bool reads_erased(const CommitSet& versions, const std::string& path, const std::set<Id>& erased);
  void take_greatest(const std::vector<std::size_t>& live, const std::string& path,
                     Conflicts& conflicts) const;
  const Outcome& seen(std::size_t commit, const std::string& path);
  CommitSet ground(const std::vector<std::size_t>& live, const CommitSet& writes) const;
  const std::vector<Member>& members(const CommitSet& commits);
  const Document& document_of(const Id& content, std::uint64_t size, ContentKind kind);
  Document metadata(const Entry& entry);

  const History& history_;
  objects::ObjectStore& store_;
  const Limits limits_;
  std::unordered_map<CommitSet, std::map<std::string, Outcome>> outcomes_;
  std::map<std::string, Outcome> merged_;  // by path, versions and environment
  std::unordered_map<CommitSet, Environment> environments_;
  std::unordered_map<CommitSet, std::vector<Member>> members_;
  std::unordered_map<CommitSet, std::set<Id>> erased_;
  std::map<Id, Document> documents_;
};

/// The live versions' intersections: the base of the step that brings in live[i].
CommitSet base_set(const History& history, const std::vector<std::size_t>& live, std::size_t i);

}  // namespace isodb::reference
