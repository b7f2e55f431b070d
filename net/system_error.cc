#include "net/system_error.h"

#include <cerrno>
#include <cstring>

namespace isodb::net {

std::string reason_of(int error_number) {
  const char* reason = ::strerrordesc_np(error_number);
  return reason != nullptr ? reason : "error " + std::to_string(error_number);
}

Error system_error(const std::string& doing, int error_number) {
  const std::string message = "cannot " + doing + ": " + reason_of(error_number);
  switch (error_number) {
    case EADDRINUSE:
      return Error(ErrorCode::kBusy, message, "another program listens there: choose another port");
    case EACCES:
    case EPERM:
      return Error(ErrorCode::kDenied, message, "ports below 1024 and firewalls need rights");
    case EADDRNOTAVAIL:
      return Error(ErrorCode::kInvalid, message, "name an address of this machine");
    case EMFILE:
    case ENFILE:
      return Error(ErrorCode::kLimit, message, "raise the limit of open files (ulimit -n)");
    case ECONNREFUSED:
      return Error(ErrorCode::kIo, message, "is `isodb serve` running there, on this port?");
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ETIMEDOUT:
      return Error(ErrorCode::kIo, message, "check the network, and try again");
    default:
      return Error(ErrorCode::kIo, message);
  }
}

void throw_system_error(const std::string& doing, int error_number) {
  throw Error(system_error(doing, error_number));
}

}  // namespace isodb::net
