#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace isodb::script {

/// Why a script gave no result. The names (reason_name()) are stable: they are told to people and
/// programs, and every peer finds the same one.
enum class Reason : std::uint8_t {
  kSyntax,           ///< the text is no script
  kUnresolved,       ///< a name that is bound nowhere
  kTooDeep,          ///< nested too deeply: the text, calls or a value
  kNoFunction,       ///< the script does not define the function that was asked for
  kType,             ///< an operation on values of the wrong type
  kArguments,        ///< a call whose arguments do not fit the parameters
  kValue,            ///< an argument of the right type with a value that cannot be
  kUnbound,          ///< a variable read before it was assigned
  kAttribute,        ///< a value without the attribute asked for
  kIndex,            ///< an index outside its sequence
  kKey,              ///< a key that is not there, or there already where it must not be
  kZeroDivision,     ///< division by zero
  kOverflow,         ///< a number outside the range of its type
  kMutation,         ///< a container changed while it was iterated over
  kFail,             ///< the script called fail()
  kHelper,           ///< a function of the helper module refused
  kOutOfSteps,       ///< the budget of steps is used up
  kOutOfCells,       ///< the budget of memory is used up
  kResultIsNotJson,  ///< the result has no JSON form
};

/// The stable lower-case name: "out_of_steps".
std::string_view reason_name(Reason reason);

/// A reason with its place in the script; line and column count from 1, columns in characters. Both
/// are 0 where no place is to blame. A plain value.
struct Failure {
  Reason reason = Reason::kSyntax;
  std::size_t line = 0, column = 0;
  std::string message;

  /// "line 3, column 5: division by zero".
  std::string text() const;
  friend bool operator==(const Failure&, const Failure&) = default;
};

/// Thrown inside the interpreter, where the place is not known yet; run() makes it a Failure.
struct Stop {
  Reason reason;
  std::string message;
};

[[noreturn]] inline void stop(Reason reason, std::string message) {
  throw Stop{reason, std::move(message)};
}

}  // namespace isodb::script
