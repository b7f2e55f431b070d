#include "sync/error_reason.h"

#include <utility>

#include "wire/frame.h"

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

/// As the peer's people read it behind "the other side says". What exactly is wrong stands in this
/// side's log.
const char* sentence_for(wire::ErrorReason reason) {
  switch (reason) {
    case wire::ErrorReason::kProtocol:
      return "what came is not as the protocol wants it, or what it met is damaged";
    case wire::ErrorReason::kVersion:
      return "there is no version or feature of the protocol in common; version 1 is spoken";
    case wire::ErrorReason::kBusy:
      return "busy, or something has changed since the session began";
    case wire::ErrorReason::kLimit:
      return "that is more than is taken";
    case wire::ErrorReason::kUnverified:
      return "a signature does not hold";
    case wire::ErrorReason::kIncomplete:
      return "something that is needed is missing";
    default:
      return "trouble with its own disk, memory or files, which its log names";
  }
}

wire::ErrorMessage message(wire::ErrorReason reason, std::string text) {
  return {static_cast<std::uint64_t>(reason), std::move(text)};
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
  wire::ErrorReason reason = reason_of(error.code());
  // A file that may not be read, or is not there: no matter of the peer's.
  if (reason == wire::ErrorReason::kDenied || reason == wire::ErrorReason::kRepository) {
    reason = wire::ErrorReason::kInternal;
  }
  return message(reason, sentence_for(reason));
}

wire::ErrorMessage message_in_words(const Error& error) {
  return message(reason_of(error.code()), error.what());
}

wire::ErrorMessage message_of_closing(const Error& why) {
  const bool is_superseded = why.code() == ErrorCode::kStale;
  return is_superseded ? message(wire::ErrorReason::kBusy, "this device has connected anew")
                       : message(wire::ErrorReason::kClosing, "this side is being stopped");
}

Bytes refusal_message() {
  const wire::ErrorMessage refusal =
      message(wire::ErrorReason::kDenied, "this device's key is not let in");
  Bytes frame;
  wire::FrameWriter(frame).add(wire::FrameType::kError, encode(refusal));
  return frame;
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
