#pragma once

#include <signal.h>

namespace isodb::net {

/// While it lives, this thread gets no signals, and the threads that it starts never do: they are
/// for the program's own threads, whose waiting a handler may interrupt.
class NoSignals {
 public:
  NoSignals() {
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~NoSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  NoSignals(const NoSignals&) = delete;
  NoSignals& operator=(const NoSignals&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace isodb::net
