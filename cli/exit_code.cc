#include "cli/exit_code.h"

namespace isodb::cli {
namespace {

/// How early a script has to know about it; a code that is missing here is a warning.
constexpr int weight_of(ExitCode code) {
  switch (code) {
    case ExitCode::kDone:
      return 0;
    case ExitCode::kConflicts:
      return 1;
    case ExitCode::kUnverified:
      return 2;
    case ExitCode::kNotHeld:
      return 3;
    case ExitCode::kErased:
      return 4;
    case ExitCode::kStale:
      return 5;
    case ExitCode::kBusy:
      return 6;
    case ExitCode::kUnreachable:
      return 7;
    case ExitCode::kNotFound:
      return 8;
    case ExitCode::kUsage:
      return 9;
    case ExitCode::kFailed:
      return 10;
  }
  return -1;
}

constexpr bool each_has_its_own_weight(int codes) {
  for (int a = 0; a < codes; ++a) {
    if (weight_of(ExitCode{a}) < 0) return false;
    for (int b = 0; b < a; ++b) {
      if (weight_of(ExitCode{a}) == weight_of(ExitCode{b})) return false;
    }
  }
  return weight_of(ExitCode{codes}) < 0;
}
static_assert(each_has_its_own_weight(11), "worse_of() would hide an exit code");

}  // namespace

ExitCode exit_code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kNotFound:
      return ExitCode::kNotFound;
    case ErrorCode::kInvalid:
      return ExitCode::kUsage;
    case ErrorCode::kStale:
      return ExitCode::kStale;
    case ErrorCode::kCorrupt:
    case ErrorCode::kUnverified:
      return ExitCode::kUnverified;
    case ErrorCode::kBusy:
      return ExitCode::kBusy;
    case ErrorCode::kNotHeld:
      return ExitCode::kNotHeld;
    case ErrorCode::kErased:
      return ExitCode::kErased;
    case ErrorCode::kIo:
    case ErrorCode::kDenied:
    case ErrorCode::kUnsupported:
    case ErrorCode::kLimit:
      return ExitCode::kFailed;
  }
  return ExitCode::kFailed;
}

ExitCode worse_of(ExitCode a, ExitCode b) {
  return weight_of(a) >= weight_of(b) ? a : b;
}

}  // namespace isodb::cli
