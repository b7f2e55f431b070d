#include "cli/exit_code.h"

namespace isodb::cli {

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
    case ErrorCode::kIo:
    case ErrorCode::kDenied:
    case ErrorCode::kUnsupported:
    case ErrorCode::kLimit:
      return ExitCode::kFailed;
  }
  return ExitCode::kFailed;
}

}  // namespace isodb::cli
