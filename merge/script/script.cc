#include "merge/script/script.h"

#include <algorithm>
#include <utility>

#include "core/utf8.h"
#include "merge/script/compiler.h"
#include "merge/script/convert.h"
#include "merge/script/lexer.h"
#include "merge/script/machine.h"

namespace isodb::script {

namespace {

Failure failure_at(Reason reason, std::string_view source, std::optional<std::uint32_t> at,
                   std::string message) {
  if (message.size() > kMessageBytesMax) {
    message.resize(kMessageBytesMax);
    // The cut may have split a character.
    while (!message.empty() && !core::is_utf8(message)) message.pop_back();
  }
  if (!at) return {reason, 0, 0, std::move(message)};
  const core::JsonPosition position = core::json_position(source, *at);
  return {reason, position.line, position.column, std::move(message)};
}

/// One arena a thread, so that most runs allocate nothing. A run within a run has its own.
class BorrowedArena {
 public:
  BorrowedArena() : arena_(taken_ ? &own_ : &shared_), borrowed_(!taken_) {
    if (borrowed_) taken_ = true;
  }
  ~BorrowedArena() {
    if (!borrowed_) return;
    shared_.reset();
    taken_ = false;
  }
  BorrowedArena(const BorrowedArena&) = delete;
  BorrowedArena& operator=(const BorrowedArena&) = delete;
  Arena& arena() { return *arena_; }

 private:
  static thread_local Arena shared_;
  static thread_local bool taken_;

  Arena own_;
  Arena* arena_;
  bool borrowed_;
};

thread_local Arena BorrowedArena::shared_;
thread_local bool BorrowedArena::taken_ = false;

core::Json call_function(Machine& machine, std::string_view function,
                         std::span<const core::Json> arguments) {
  machine.run_top_level();
  const Value callee = machine.global(function);
  if (!callee.is(Tag::kFunction)) {
    stop(Reason::kNoFunction, "the script does not define " + std::string(function) + "()");
  }
  std::vector<Value> values;
  for (const core::Json& argument : arguments) {
    values.push_back(from_json(machine.heap(), argument, TextOwner::kCaller));
  }
  const Value result = machine.call(callee, values.data(), values.size());
  return to_json(machine.heap(), result, Reason::kResultIsNotJson);
}

}  // namespace

ScriptError::ScriptError(Failure failure)
    : Error(failure.reason == Reason::kTooDeep ? ErrorCode::kLimit : ErrorCode::kInvalid,
            failure.text(), "docs/merge-scripts.md has the grammar"),
      failure_(std::move(failure)) {}

Program Program::compile(std::string_view source) {
  if (source.size() > kSourceBytesMax) {
    throw ScriptError({Reason::kSyntax, 0, 0,
                       "a script of " + std::to_string(source.size()) + " bytes, at most " +
                           std::to_string(kSourceBytesMax)});
  }
  try {
    return Program(compile_code(source));
  } catch (const SyntaxStop& fault) {
    throw ScriptError(failure_at(fault.reason, source, fault.at, fault.message));
  }
}

void HelperMeter::steps(std::uint64_t count) {
  meter_.steps(count);
}

void HelperMeter::cells(std::uint64_t count) {
  meter_.cells(count);
}

void HelperMeter::note(std::string text) {
  meter_.steps(kNoteSteps + text.size());
  notes_.push_back(std::move(text));
}

Helpers::Helpers(std::vector<Helper> all) : all_(std::move(all)) {
  std::sort(all_.begin(), all_.end(),
            [](const Helper& a, const Helper& b) { return a.name < b.name; });
}

std::optional<std::size_t> Helpers::find(std::string_view name) const {
  const auto found = std::lower_bound(
      all_.begin(), all_.end(), name,
      [](const Helper& helper, std::string_view key) { return helper.name < key; });
  if (found == all_.end() || found->name != name) return std::nullopt;
  return static_cast<std::size_t>(found - all_.begin());
}

Outcome run(const Program& program, std::string_view function,
            std::span<const core::Json> arguments, const Helpers& helpers, const Budget& budget) {
  if (budget.cells > kCellsMax) {
    throw Error(ErrorCode::kInvalid, "a budget of " + std::to_string(budget.cells) +
                                         " cells, at most " + std::to_string(kCellsMax));
  }
  BorrowedArena memory;
  Meter meter(budget.steps, budget.cells);
  Machine machine(program.code(), helpers, memory.arena(), meter);
  Outcome outcome;
  try {
    outcome.value = call_function(machine, function, arguments);
  } catch (Stop& stopped) {
    outcome.failure = failure_at(stopped.reason, program.code().source, machine.place(),
                                 std::move(stopped.message));
  }
  outcome.steps = meter.steps_used();
  outcome.cells = meter.cells_used();
  outcome.printed = std::move(machine.printed());
  outcome.printed_is_cut = machine.printed_is_cut();
  outcome.notes = std::move(machine.notes());
  return outcome;
}

}  // namespace isodb::script
