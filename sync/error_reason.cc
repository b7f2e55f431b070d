#include "sync/error_reason.h"

namespace isodb::sync {
namespace {

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
    case ErrorCode::kStale:  // collected or widened meanwhile: another session sees it as it is
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

}  // namespace

wire::ErrorMessage message_of(const Error& error) {
  return {static_cast<std::uint64_t>(reason_of(error.code())), error.what()};
}

wire::ErrorMessage message_of_closing(const Error& why) {
  const bool is_superseded = why.code() == ErrorCode::kStale;
  return {static_cast<std::uint64_t>(is_superseded ? wire::ErrorReason::kBusy
                                                   : wire::ErrorReason::kClosing),
          is_superseded ? "this device has connected anew" : why.what()};
}

Error error_said(const wire::ErrorMessage& message) {
  const ErrorCode code = code_of(message.code);
  return {code, "the other side says: " + printable(message.text),
          code == ErrorCode::kBusy ? "try again; what came is kept" : ""};
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
