#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "merge/script/heap.h"
#include "merge/script/value.h"

namespace isodb::script {

/// The machine's instructions, described where they are listed.
enum class Op : std::uint8_t {
#define ISODB_SCRIPT_OP(name, handler) name,
#include "merge/script/instructions.def"
#undef ISODB_SCRIPT_OP
};

/// An operation in the low 8 bits, its operand in the high 24.
using Instruction = std::uint32_t;
inline constexpr std::uint32_t kOperandMax = (1u << 24) - 1;

inline Instruction instruction(Op op, std::uint32_t operand) {
  return static_cast<std::uint32_t>(op) | operand << 8;
}

/// The shape of a call with more than plain arguments: they stand on the stack in this order.
struct CallShape {
  std::uint32_t positional = 0;
  std::vector<const String*> names;
  bool star = false, star_star = false;
};

/// Where an inner function finds a variable that it shares, when it is made.
struct FreeVariable {
  bool is_free_outside = false;  ///< shared by the function around, too; else a slot of it
  std::uint32_t index = 0;
};

/// Slots are the parameters, then *args, then **kwargs, then other variables.
struct FunctionCode {
  std::string name;
  std::uint32_t at = 0;
  std::vector<const String*> parameters;  ///< ordinary ones, then those given by name alone
  std::uint32_t ordinary = 0;
  std::vector<std::int32_t> defaults;  ///< of a parameter: which of the function's; -1: none
  std::uint32_t default_count = 0;
  bool star = false, star_star = false;
  std::uint32_t slots = 0;
  std::vector<std::string> slot_names;
  std::vector<std::uint32_t> shared_parameters;  ///< slots that begin as cells
  std::vector<FreeVariable> free;
  std::vector<std::string> free_names;
  std::vector<Instruction> code;
  std::vector<std::uint32_t> places;  ///< offset in the source of each instruction
};

/// A script ready to run. Immutable once it is compiled.
struct Code {
  std::string source;
  Arena arena;  ///< holds the constants
  std::vector<Value> constants;
  std::vector<CallShape> shapes;
  std::vector<std::unique_ptr<FunctionCode>> functions;  ///< [0] is the top level
  std::vector<std::string> globals;
};

}  // namespace isodb::script
