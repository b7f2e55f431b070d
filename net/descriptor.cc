#include "net/descriptor.h"

#include <unistd.h>

namespace isodb::net {

void Descriptor::reset() noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

}  // namespace isodb::net
