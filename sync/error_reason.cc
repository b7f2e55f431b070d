#include "sync/error_reason.h"

namespace isodb::sync {

wire::ErrorReason reason_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kCorrupt:
      return wire::ErrorReason::kProtocol;
    case ErrorCode::kUnsupported:
      return wire::ErrorReason::kVersion;
    case ErrorCode::kNotFound:
      return wire::ErrorReason::kRepository;
    case ErrorCode::kDenied:
      return wire::ErrorReason::kDenied;
    case ErrorCode::kBusy:
      return wire::ErrorReason::kBusy;
    case ErrorCode::kLimit:
      return wire::ErrorReason::kLimit;
    case ErrorCode::kUnverified:
      return wire::ErrorReason::kUnverified;
    case ErrorCode::kNotHeld:
      return wire::ErrorReason::kIncomplete;
    default:
      return wire::ErrorReason::kInternal;
  }
}

ErrorCode code_of(std::uint64_t reason) {
  switch (static_cast<wire::ErrorReason>(reason)) {
    case wire::ErrorReason::kProtocol:
      return ErrorCode::kCorrupt;
    case wire::ErrorReason::kVersion:
      return ErrorCode::kUnsupported;
    case wire::ErrorReason::kRepository:
      return ErrorCode::kNotFound;
    case wire::ErrorReason::kDenied:
      return ErrorCode::kDenied;
    case wire::ErrorReason::kBusy:
    case wire::ErrorReason::kClosing:
      return ErrorCode::kBusy;
    case wire::ErrorReason::kLimit:
      return ErrorCode::kLimit;
    case wire::ErrorReason::kUnverified:
      return ErrorCode::kUnverified;
    case wire::ErrorReason::kIncomplete:
      return ErrorCode::kNotHeld;
    default:
      return ErrorCode::kIo;
  }
}

std::string printable(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    result += byte < 0x20 || byte == 0x7f ? '?' : c;
  }
  return result;
}

}  // namespace isodb::sync
