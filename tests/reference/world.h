#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "isodb/key.h"
#include "objects/memory_store.h"
#include "tests/reference/history.h"
#include "tests/reference/state.h"

namespace isodb::reference {

struct PlannedDocument {
  Bytes bytes;
  std::string media_type;
  std::optional<Bytes> metadata;
};

struct PlannedWrite {
  std::string path;
  std::optional<PlannedDocument> document;  ///< nullopt: a deletion
};

/// A commit as it is to be made. A plain value; part of a Plan, where taking commits or writes out
/// leaves a plan.
struct PlannedCommit {
  std::size_t key = 0, writer = 0;
  std::vector<std::size_t> after;         ///< places in the plan
  std::uint64_t millis = 0;               ///< raised above the parents' where needed
  std::optional<std::uint64_t> sequence;  ///< of a fork; the next one otherwise
  /// As an engine that is wrong would state tree and base: of the first parent's past alone.
  bool misled = false;
  /// As if it came from elsewhere: its base is the first parent's tree, and it writes whatever its
  /// parents differ in, where its author may.
  bool imported = false;
  std::vector<PlannedWrite> writes;
};
using Plan = std::vector<PlannedCommit>;

/// Keys that are the same in every run.
const SecretKey& test_key(std::size_t number);

/// A history with its objects and the reference's state, made commit by commit. The first is the
/// root. One thread at a time.
class World {
 public:
  explicit World(const Limits& limits = {}) : state_(history_, store_, limits) {}
  explicit World(const Plan& plan, const Limits& limits = {});
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// Makes the next commit of a plan; what its author may not write is left out. False where the
  /// author may write nothing: the plan goes on as if it were not there.
  bool add(const PlannedCommit& planned);

  objects::MemoryStore& store() { return store_; }
  const History& history() const { return history_; }
  State& state() { return state_; }
  /// What stood in the plan up to a place, as commits: the closed set that it brings.
  const CommitSet& past(std::size_t place) const { return pasts_[place]; }
  CommitSet past_of(const std::vector<std::size_t>& places) const;

 private:
  std::map<std::string, std::optional<Entry>> make_writes(const PlannedCommit& planned,
                                                          const CommitSet& before, Stamp stamp);
  Commit header(const PlannedCommit& planned, const CommitSet& before) const;
  /// What the first parent has where the parents' trees differ; nullopt where that may not be
  /// written.
  std::optional<std::map<std::string, std::optional<Entry>>> differing(const PublicKey& author,
                                                                       const CommitSet& before,
                                                                       const Commit& commit);
  TreeId misled_tree(const History::Known& known, const CommitSet& seen);

  objects::MemoryStore store_;
  History history_;
  State state_;
  std::vector<CommitSet> pasts_;
  Id repository_;
};

/// The plan in words, for people.
std::string describe(const Plan& plan);

}  // namespace isodb::reference
