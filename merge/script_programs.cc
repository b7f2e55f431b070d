#include "merge/script_programs.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include "merge/script/code.h"
#include "merge/script_helpers.h"

namespace isodb::merge {

using core::Json;

namespace {

// A compiled script takes some ten times the bytes of its text.
constexpr std::size_t kProgramsHeldMax = 256;
constexpr std::size_t kSourceBytesHeldMax = 4 * script::kSourceBytesMax;

Json side_context(const ScriptSide& side) {
  std::vector<core::JsonMember> members;
  members.push_back({Json::string("clock"), Json::natural(side.clock.millis())});
  members.push_back({Json::string("author"), Json::string(side.author)});
  members.push_back({Json::string("commit"), Json::string(side.commit.hex())});
  return Json::object(std::move(members));
}

Json context_of(const ScriptStep& step) {
  std::vector<core::JsonMember> members;
  members.push_back({Json::string("path"), Json::string(step.path)});
  members.push_back({Json::string("left"), side_context(step.left_side)});
  members.push_back({Json::string("right"), side_context(step.right_side)});
  return Json::object(std::move(members));
}

class ProgramRunner final : public ScriptRunner {
 public:
  explicit ProgramRunner(script::Program program) : program_(std::move(program)) {}
  ScriptAnswer run(const Rule& rule, const ScriptStep& step) override {
    return answer_of(run_merge_script(program_, rule, step));
  }

 private:
  script::Program program_;
};

/// In the place of a script that is none.
class FailingRunner final : public ScriptRunner {
 public:
  explicit FailingRunner(ScriptFailure failure) : failure_(std::move(failure)) {}
  ScriptAnswer run(const Rule&, const ScriptStep&) override { return {std::nullopt, failure_}; }

 private:
  ScriptFailure failure_;
};

ScriptFailure failure_of(const script::Failure& failure) {
  return {std::string(script::reason_name(failure.reason)), failure.text()};
}

std::shared_ptr<ScriptRunner> make_runner(const Document& document) {
  if (document.is_large()) {  // its bytes are not in memory
    return std::make_shared<FailingRunner>(
        failure_of({script::Reason::kSyntax, 0, 0, "a script of more than 1 MiB"}));
  }
  try {
    return std::make_shared<ProgramRunner>(script::Program::compile(document.content()));
  } catch (const script::ScriptError& error) {
    return std::make_shared<FailingRunner>(failure_of(error.failure()));
  }
}

class ScriptPrograms {
 public:
  std::shared_ptr<ScriptRunner> runner(const Id& content,
                                       const std::function<DocumentPtr()>& load) {
    if (const auto known = held_.find(content); known != held_.end()) return known->second;
    const DocumentPtr document = load();
    std::shared_ptr<ScriptRunner> made = make_runner(*document);
    const std::size_t bytes = document->content().size();
    if (held_.size() >= kProgramsHeldMax || bytes_ + bytes > kSourceBytesHeldMax) {
      held_.clear();
      bytes_ = 0;
    }
    held_.emplace(content, made);
    bytes_ += bytes;
    return made;
  }

 private:
  std::unordered_map<Id, std::shared_ptr<ScriptRunner>> held_;  // only looked up
  std::size_t bytes_ = 0;                                       // of their texts
};

}  // namespace

script::Program compile_merge_script(std::string_view source) {
  script::Program program = script::Program::compile(source);
  const std::vector<std::string>& names = program.code().globals;
  if (std::find(names.begin(), names.end(), kMergeFunction) == names.end()) {
    throw Error(ErrorCode::kInvalid, "the script defines no function merge",
                "write: def merge(base, left, right, context)");
  }
  return program;
}

script::Outcome run_merge_script(const script::Program& program, const Rule& budget,
                                 const ScriptStep& step) {
  const auto value = [](const Json* json) { return json == nullptr ? Json() : *json; };
  const std::array<Json, 4> arguments = {value(step.base), value(step.left), value(step.right),
                                         context_of(step)};
  return script::run(program, kMergeFunction, arguments, script_helpers(),
                     {budget.steps, budget.cells});
}

ScriptAnswer answer_of(script::Outcome outcome) {
  if (outcome.failure) return {std::nullopt, failure_of(*outcome.failure)};
  return {std::move(outcome.value), std::nullopt, std::move(outcome.notes)};
}

ScriptLoader make_script_loader() {
  return [programs = std::make_shared<ScriptPrograms>()](const Id& content,
                                                         const std::function<DocumentPtr()>& load) {
    return programs->runner(content, load);
  };
}

}  // namespace isodb::merge
