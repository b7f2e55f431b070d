#pragma once

#include "net/descriptor.h"

namespace isodb::net {

/// A request to stop, for threads that wait. request() may be called from any thread and from a
/// signal handler, any number of times; it cannot be taken back. Error(kIo) where the system gives
/// no descriptor.
class Cancellation {
 public:
  Cancellation();

  void request() noexcept;
  bool requested() const noexcept;
  /// Readable once requested, for poll and epoll; never read from it.
  int descriptor() const { return event_.get(); }

 private:
  Descriptor event_;
};

}  // namespace isodb::net
