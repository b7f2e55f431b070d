#include "isodb/error.h"

#include <utility>

namespace isodb {

std::string_view error_code_name(ErrorCode code) {
  switch (code) {
    case ErrorCode::kNotFound:
      return "not_found";
    case ErrorCode::kInvalid:
      return "invalid";
    case ErrorCode::kCorrupt:
      return "corrupt";
    case ErrorCode::kIo:
      return "io";
    case ErrorCode::kBusy:
      return "busy";
    case ErrorCode::kStale:
      return "stale";
    case ErrorCode::kDenied:
      return "denied";
    case ErrorCode::kUnverified:
      return "unverified";
    case ErrorCode::kUnsupported:
      return "unsupported";
    case ErrorCode::kLimit:
      return "limit";
    case ErrorCode::kNotHeld:
      return "not_held";
    case ErrorCode::kErased:
      return "erased";
  }
  return "unknown";
}

Error::Error(ErrorCode code, const std::string& message, std::string hint)
    : std::runtime_error(message), code_(code), hint_(std::move(hint)) {}

Error Error::within(std::string_view context) const {
  return Error(code_, std::string(context) + ": " + what(), hint_);
}

}  // namespace isodb
