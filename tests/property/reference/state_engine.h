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
  explicit StateEngineUnderTest(objects::MemoryStore& store) : store_(store) {}

  void deliver(const std::vector<CommitId>& commits) override;
  ComputedState compute() override;

 private:
  merge::StateEngine& engine(const CommitId& root);

  objects::MemoryStore& store_;
  objects::NodeCache nodes_{4 << 20};
  std::unique_ptr<merge::StateEngine> engine_;
  std::vector<CommitId> delivered_;
};

MakeEngine state_engine();

}  // namespace isodb::reference
