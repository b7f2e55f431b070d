#include "merge/script/failure.h"

namespace isodb::script {

std::string_view reason_name(Reason reason) {
  switch (reason) {
    case Reason::kSyntax:
      return "syntax";
    case Reason::kUnresolved:
      return "unresolved_name";
    case Reason::kTooDeep:
      return "too_deep";
    case Reason::kNoFunction:
      return "no_function";
    case Reason::kType:
      return "type";
    case Reason::kArguments:
      return "arguments";
    case Reason::kValue:
      return "value";
    case Reason::kUnbound:
      return "unbound_variable";
    case Reason::kAttribute:
      return "attribute";
    case Reason::kIndex:
      return "index";
    case Reason::kKey:
      return "key";
    case Reason::kZeroDivision:
      return "zero_division";
    case Reason::kOverflow:
      return "overflow";
    case Reason::kMutation:
      return "mutation";
    case Reason::kFail:
      return "fail";
    case Reason::kHelper:
      return "helper";
    case Reason::kOutOfSteps:
      return "out_of_steps";
    case Reason::kOutOfCells:
      return "out_of_cells";
    case Reason::kResultIsNotJson:
      return "result_is_not_json";
  }
  return "unknown";
}

std::string Failure::text() const {
  if (line == 0) return message;
  return "line " + std::to_string(line) + ", column " + std::to_string(column) + ": " + message;
}

}  // namespace isodb::script
