#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/json_pointer.h"
#include "merge/document_merge.h"
#include "tests/reference/scripts.h"
#include "tests/reference/state.h"

namespace isodb::reference {

/// The scripts that the reference knows, for an engine that asks for a runner.
class CannedRunner : public merge::ScriptRunner {
 public:
  explicit CannedRunner(ScriptFunction function) : function_(std::move(function)) {}

  merge::ScriptAnswer run(const merge::Rule&, const merge::ScriptStep& step) override {
    const auto side = [](const merge::ScriptSide& given) {
      return ScriptSide{given.clock.millis(), given.author, given.commit.hex()};
    };
    const MaybeJson base = step.base == nullptr ? MaybeJson() : MaybeJson(*step.base);
    std::set<Field> in_conflict;
    MaybeJson value = function_(
        base, *step.left, *step.right,
        {std::string(step.path), side(step.left_side), side(step.right_side), &in_conflict});
    if (!value) return {std::nullopt, merge::ScriptFailure{"error", "it fails"}};
    merge::ScriptAnswer answer{std::move(value), std::nullopt};
    for (const Field& field : in_conflict) answer.conflicts.push_back(field_text(field));
    return answer;
  }

 private:
  ScriptFunction function_;
};

/// The reference's sets of commits, with documents merged by the engine: what differs between this
/// and the reference lies in merging documents.
class DocumentState : public State {
 public:
  DocumentState(const History& history, objects::ObjectStore& store) : State(history, store) {}

 protected:
  void merge_live(const CommitSet& commits, const std::string& path,
                  const std::vector<std::size_t>& live, bool bounded, Entry& entry,
                  Conflicts& conflicts) override;

 private:
  merge::DocumentPtr given(const Entry& entry);
  std::vector<merge::Conflict> given(const Conflicts& conflicts) const;
};

}  // namespace isodb::reference
