#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace isodb {

/// What went wrong, sorted by what the caller does next.
enum class ErrorCode {
  kNotFound,     ///< what was named does not exist: check the name
  kInvalid,      ///< the input breaks a rule: correct it
  kCorrupt,      ///< stored or received bytes are not what was written: fsck, restore, fetch again
  kIo,           ///< the operating system refused or failed: disk, rights, space
  kBusy,         ///< somebody else holds what is needed: try again
  kStale,        ///< the state moved on since it was read: read again, then decide
  kDenied,       ///< the key in use may not do this
  kUnverified,   ///< a signature or a proof does not hold
  kUnsupported,  ///< a newer version, or something this build cannot do
  kLimit,        ///< a documented limit is exceeded
  kNotHeld,      ///< this copy is partial and does not hold it: fetch it
  kErased,       ///< the content was erased for good: nobody has it any more
};

/// The stable lower-case name of a code ("not_found"), as --json prints it.
std::string_view error_code_name(ErrorCode code);

/// Every failure that a caller cannot expect. what() says what happened and where; hint() says what
/// to do about it and may be empty. Immutable; may cross threads.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message, std::string hint = {});

  ErrorCode code() const { return code_; }
  const std::string& hint() const { return hint_; }

  /// The same error with "context: " put before its message.
  Error within(std::string_view context) const;

 private:
  ErrorCode code_;
  std::string hint_;
};

}  // namespace isodb
