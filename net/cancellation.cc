#include "net/cancellation.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "net/system_error.h"

namespace isodb::net {

Cancellation::Cancellation() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!event_) throw_system_error("make an event descriptor", errno);
}

void Cancellation::request() noexcept {
  const int kept = errno;  // a signal handler leaves it as it was
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(event_.get(), &one, sizeof one);
  errno = kept;
}

bool Cancellation::requested() const noexcept {
  pollfd asked{.fd = event_.get(), .events = POLLIN, .revents = 0};
  return ::poll(&asked, 1, 0) > 0;
}

}  // namespace isodb::net
