#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "net/cancellation.h"
#include "net/descriptor.h"

namespace isodb::net {

/// What one waits for on a descriptor.
enum class Interest : std::uint8_t { kNothing = 0, kRead = 1, kWrite = 2, kBoth = 3 };

/// What a descriptor is ready for. A broken line is ready for both: reading or writing tells why.
struct Readiness {
  bool read = false, write = false;
};

/// One thread's waiting: descriptors (epoll), timers, and work from other threads. Owns no
/// descriptor that it watches.
///
/// Threads: post() and stop() from any, stop() also from a signal handler; all else from the thread
/// that calls run(), or before it does. What is called may add and remove whatever it likes. While
/// run() runs, the thread does not get SIGPIPE: writing to a closed pipe is an error like others.
/// Errors: Error(kIo) where the system gives no descriptors; what a handler throws leaves run().
class EventLoop {
 public:
  using Handler = std::function<void(Readiness)>;
  using Task = std::function<void()>;
  using Clock = std::chrono::steady_clock;
  struct TimerId {
    Clock::time_point due;
    std::uint64_t number = 0;
    friend auto operator<=>(const TimerId&, const TimerId&) = default;
  };

  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// Level-triggered. A descriptor is watched once. Error(kInvalid) for one that cannot be waited
  /// for: a plain file.
  void watch(int fd, Interest interest, Handler handler);
  void change(int fd, Interest interest);
  /// No event of it is delivered after this. Before the descriptor is closed.
  void forget(int fd);

  TimerId at(Clock::time_point due, Task task);
  void cancel(const TimerId& timer);

  /// Runs `task` in the loop's thread, in the order of posting. Tasks posted after run() ended are
  /// dropped with the loop.
  void post(Task task);

  /// Until stop() or, where one is given, until `done` says so after a round.
  void run(const std::function<bool()>& done = {});
  void stop() noexcept { stop_.request(); }
  bool stopped() const noexcept { return stop_.requested(); }

 private:
  struct Watched {
    std::uint64_t generation = 0;
    Interest interest = Interest::kNothing;
    std::shared_ptr<Handler> handler;  // shared: a handler may forget itself while it runs
  };

  int wait_millis() const;
  void run_timers();
  void run_posted();
  void dispatch(std::uint64_t data, std::uint32_t events);
  void control(int operation, int fd, const Watched& watched);

  Descriptor epoll_;
  Cancellation stop_;
  Descriptor wake_;
  // A closed number may come back for another descriptor in the same round: the generation tells.
  std::unordered_map<int, Watched> watched_;
  std::uint64_t generation_ = 0, timers_made_ = 0;
  std::map<TimerId, Task> timers_;
  std::mutex mutex_;
  std::vector<Task> posted_;
};

}  // namespace isodb::net
