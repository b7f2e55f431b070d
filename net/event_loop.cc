#include "net/event_loop.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>

#include "isodb/error.h"
#include "net/system_error.h"

namespace isodb::net {
namespace {

constexpr int kEventsMax = 256;

std::uint32_t epoll_events(Interest interest) {
  const auto bits = static_cast<std::uint8_t>(interest);
  return ((bits & 1) != 0 ? EPOLLIN : 0U) | ((bits & 2) != 0 ? EPOLLOUT : 0U);
}

/// Keeps SIGPIPE from this thread, and takes away what came meanwhile.
class NoBrokenPipes {
 public:
  NoBrokenPipes() {
    sigemptyset(&broken_pipe_);
    sigaddset(&broken_pipe_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &broken_pipe_, &before_);
  }
  ~NoBrokenPipes() {
    if (sigismember(&before_, SIGPIPE) == 1) return;
    const timespec at_once{};
    while (::sigtimedwait(&broken_pipe_, nullptr, &at_once) > 0) {
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoBrokenPipes(const NoBrokenPipes&) = delete;
  NoBrokenPipes& operator=(const NoBrokenPipes&) = delete;

 private:
  sigset_t broken_pipe_{}, before_{};
};

}  // namespace

EventLoop::EventLoop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_) throw_system_error("wait for events", errno);
  wake_ = Descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake_) throw_system_error("make an event descriptor", errno);
  watch(stop_.descriptor(), Interest::kRead, [](Readiness) {});
  watch(wake_.get(), Interest::kRead, [this](Readiness) { run_posted(); });
}

EventLoop::~EventLoop() {
  // What tasks hold may use the loop when it goes: it goes while the loop is whole.
  const auto posted = std::exchange(posted_, {});
  const auto timers = std::exchange(timers_, {});
}

void EventLoop::control(int operation, int fd, const Watched& watched) {
  epoll_event event{};
  event.events = epoll_events(watched.interest);
  event.data.u64 = watched.generation << 32 | static_cast<std::uint32_t>(fd);
  if (::epoll_ctl(epoll_.get(), operation, fd, &event) == 0) return;
  if (errno == EPERM) {
    throw Error(ErrorCode::kInvalid, "cannot wait for a plain file",
                "give a pipe or a socket as standard input and output");
  }
  throw_system_error("wait for a descriptor", errno);
}

void EventLoop::watch(int fd, Interest interest, Handler handler) {
  Watched watched{.generation = ++generation_ & 0xffff'ffff,
                  .handler = std::make_shared<Handler>(std::move(handler))};
  if (interest != Interest::kNothing) {
    watched.interest = interest;
    control(EPOLL_CTL_ADD, fd, watched);
  }
  watched_[fd] = std::move(watched);
}

void EventLoop::change(int fd, Interest interest) {
  Watched& watched = watched_.at(fd);
  if (watched.interest == interest) return;
  const Interest before = std::exchange(watched.interest, interest);
  // epoll reports a broken line even to those who wait for nothing, again and again.
  control(before == Interest::kNothing     ? EPOLL_CTL_ADD
          : interest == Interest::kNothing ? EPOLL_CTL_DEL
                                           : EPOLL_CTL_MOD,
          fd, watched);
}

void EventLoop::forget(int fd) {
  const auto found = watched_.find(fd);
  if (found == watched_.end()) return;
  if (found->second.interest != Interest::kNothing) {
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  }
  watched_.erase(found);
}

EventLoop::TimerId EventLoop::at(Clock::time_point due, Task task) {
  const TimerId timer{.due = due, .number = ++timers_made_};
  timers_.emplace(timer, std::move(task));
  return timer;
}

void EventLoop::cancel(const TimerId& timer) {
  timers_.erase(timer);
}

void EventLoop::post(Task task) {
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(task));
    if (posted_.size() > 1) return;  // the loop was woken for the first
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
}

void EventLoop::run_posted() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t read = ::read(wake_.get(), &count, sizeof count);
  std::vector<Task> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(posted_);
  }
  for (Task& task : tasks) task();
}

void EventLoop::run_timers() {
  const auto now = Clock::now();
  while (!timers_.empty() && timers_.begin()->first.due <= now) {
    const Task task = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    task();
  }
}

int EventLoop::wait_millis() const {
  if (timers_.empty()) return -1;
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(timers_.begin()->first.due - Clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
}

void EventLoop::dispatch(std::uint64_t data, std::uint32_t events) {
  const auto found = watched_.find(static_cast<int>(data & 0xffff'ffff));
  if (found == watched_.end() || found->second.generation != data >> 32) return;
  const bool broken = (events & (EPOLLERR | EPOLLHUP)) != 0;
  const std::shared_ptr<Handler> handler = found->second.handler;
  (*handler)(
      {.read = broken || (events & EPOLLIN) != 0, .write = broken || (events & EPOLLOUT) != 0});
}

void EventLoop::run(const std::function<bool()>& done) {
  const NoBrokenPipes no_broken_pipes;
  std::array<epoll_event, kEventsMax> events;
  while (!stopped() && !(done && done())) {
    const int count = ::epoll_wait(epoll_.get(), events.data(), kEventsMax, wait_millis());
    if (count < 0 && errno != EINTR) throw_system_error("wait for events", errno);
    for (int i = 0; i < count; ++i) {
      dispatch(events[static_cast<std::size_t>(i)].data.u64,
               events[static_cast<std::size_t>(i)].events);
    }
    run_timers();
  }
}

}  // namespace isodb::net
