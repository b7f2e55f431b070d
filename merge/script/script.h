#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "isodb/error.h"
#include "merge/script/failure.h"

namespace isodb::script {

struct Code;
class Meter;

/// Bytes of a script's text.
inline constexpr std::size_t kSourceBytesMax = 1024 * 1024;
/// Calls of the script's functions within each other.
inline constexpr std::size_t kCallDepthMax = 200;
/// Of them, those that come from a builtin function, such as the key of sorted().
inline constexpr std::size_t kCallbackDepthMax = 20;
inline constexpr std::uint64_t kCellsMax = 100'000'000;
inline constexpr std::size_t kPrintedBytesMax = 64 * 1024;
inline constexpr std::size_t kMessageBytesMax = 1024;

/// What one run may use. Both are part of the rule that names a script: peers that run it with
/// another budget would find other results.
struct Budget {
  std::uint64_t steps = 1'000'000;
  /// Of memory, counted when it is taken, never given back; 16 bytes of text, or one item of a
  /// list, are a cell. At most kCellsMax.
  std::uint64_t cells = 1'000'000;
};

/// A text that is no script. Code kInvalid.
class ScriptError : public Error {
 public:
  explicit ScriptError(Failure failure);
  const Failure& failure() const { return failure_; }

 private:
  Failure failure_;
};

/// A compiled script. Immutable: any number of threads may copy and run one; copies are cheap.
class Program {
 public:
  /// Throws ScriptError, the reason being kSyntax, kUnresolved or kTooDeep. O(bytes of the source).
  static Program compile(std::string_view source);

  const Code& code() const { return *code_; }

 private:
  explicit Program(std::shared_ptr<const Code> code) : code_(std::move(code)) {}
  std::shared_ptr<const Code> code_;
};

/// What a helper charges for its own work, beside `steps` of its declaration. It charges before it
/// spends, and by what it was given alone.
class HelperMeter {
 public:
  HelperMeter(Meter& meter, std::vector<std::string>& notes) : meter_(meter), notes_(notes) {}
  void steps(std::uint64_t count);
  void cells(std::uint64_t count);
  /// Adds to Outcome::notes. Charges kNoteSteps, and a step for each byte.
  void note(std::string text);

 private:
  Meter& meter_;
  std::vector<std::string>& notes_;
};
inline constexpr std::uint64_t kNoteSteps = 100;

/// A native function that scripts call as isodb.NAME(…), by position alone.
struct Helper {
  std::string name;
  std::size_t arguments_min = 0, arguments_max = 0;
  std::uint64_t steps = 10;  ///< charged for each call
  /// Called by any thread that runs a script. It must be a pure function of its arguments. An
  /// isodb::Error that it throws ends the run with the reason kHelper.
  std::function<core::Json(std::span<const core::Json>, HelperMeter&)> call;
};

/// The helper module, `isodb` in a script. Immutable once it is given to run().
class Helpers {
 public:
  Helpers() = default;
  /// Names are unique.
  explicit Helpers(std::vector<Helper> all);

  const std::vector<Helper>& all() const { return all_; }
  std::optional<std::size_t> find(std::string_view name) const;

 private:
  std::vector<Helper> all_;  // sorted by name
};

/// How a run ended: with a value or with a failure, never both.
struct Outcome {
  std::optional<core::Json> value;
  std::optional<Failure> failure;
  std::uint64_t steps = 0, cells = 0;  ///< used
  std::vector<std::string> printed;    ///< what print() said
  bool printed_is_cut = false;         ///< there was more than kPrintedBytesMax
  std::vector<std::string> notes;      ///< what helpers left, in the order of the calls
};

/// Runs the top level of the program, then calls `function` with the arguments. The outcome,
/// counts included, is the same on every machine. Error(kInvalid) for a budget of too many cells or
/// an argument with a string that is not UTF-8. Thread-safe.
Outcome run(const Program& program, std::string_view function,
            std::span<const core::Json> arguments, const Helpers& helpers = {},
            const Budget& budget = {});

}  // namespace isodb::script
