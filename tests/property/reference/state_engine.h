#pragma once

#include <memory>
#include <vector>

#include "merge/state_engine.h"
#include "tests/reference/compare.h"

namespace isodb::reference {

/// The engine as the harness drives it: what is delivered is checked
/// as when it enters a history, and its author's tree and base must be the engine's.
class StateEngineUnderTest : public Engine {
 public:
  StateEngineUnderTest(objects::MemoryStore& store, const HeadLimits& heads)
      : store_(store), heads_{heads.forked_max, heads.author_max, heads.all_max} {}

  void deliver(const std::vector<CommitId>& commits) override;
  ComputedState compute() override;

 private:
  merge::StateEngine& engine(const CommitId& root);

  objects::MemoryStore& store_;
  merge::PeelLimits heads_;
  objects::NodeCache nodes_{4 << 20};
  std::unique_ptr<merge::StateEngine> engine_;
  std::vector<CommitId> delivered_;
};

MakeEngine state_engine(const HeadLimits& heads = {});

}  // namespace isodb::reference
