#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "isodb/entry.h"
#include "objects/memory_store.h"
#include "tests/reference/generator.h"
#include "tests/reference/world.h"

namespace isodb::reference {

/// A path of a computed state, with its document.
struct ComputedEntry {
  Entry entry;
  Bytes content;
  std::optional<Bytes> metadata;
  std::optional<Conflicts> conflicts = {};  ///< where it is told which
};

/// State(D) as somebody computed it.
struct ComputedState {
  Id id;  ///< of the commit or merge object
  std::map<std::string, ComputedEntry> entries;
};

/// What is held against the reference. It gets the commits of one history, whose objects are in a
/// store, in several deliveries; parents come first, and a commit may come again.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual void deliver(const std::vector<CommitId>& commits) = 0;
  /// State(D) of the commits delivered.
  virtual ComputedState compute() = 0;
};
using MakeEngine = std::function<std::unique_ptr<Engine>(objects::MemoryStore& store)>;

/// The reference itself as an engine, numbering the commits as they come.
MakeEngine reference_engine();
/// The same with a state of another make: something derived from State.
using MakeState =
    std::function<std::unique_ptr<State>(const History& history, objects::MemoryStore& store)>;
MakeEngine engine_of(const MakeState& make);

struct CompareOptions {
  std::size_t orders = 3;  ///< in which each history is delivered: the first all at once
};

/// Delivers a history's commits to fresh engines in several orders, splits and repetitions, each
/// with computations on the way. Where one differs from the reference: which path, and both values.
std::optional<std::string> difference(World& world, const MakeEngine& make, std::uint64_t seed,
                                      const CompareOptions& options = {});

/// A plan that still differs, from which no commit, write or member of a document can be taken
/// without the difference going. Does not do more than `attempts_max` attempts.
Plan shrink(Plan plan, const std::function<bool(const Plan&)>& differs,
            std::size_t attempts_max = 2000);

/// Random histories of these seeds. The first that differs is told with its seed, the difference
/// and a small history that has one too.
std::optional<std::string> compare_histories(std::uint64_t seed, std::size_t count,
                                             const MakeEngine& make,
                                             const HistoryOptions& history = {},
                                             const CompareOptions& options = {});

}  // namespace isodb::reference
