#include "net/event_loop.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "net/worker_pool.h"
#include "tests/support/testing.h"

namespace isodb::net {
namespace {

using std::chrono::milliseconds;
using Clock = EventLoop::Clock;

EventLoop* signalled = nullptr;

void stop_signalled(int /*signal*/) {
  signalled->stop();
}

struct Pipe {
  Descriptor out, in;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0);
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

}  // namespace

TEST_CASE("timers fire in the order of their times, and not when they are cancelled") {
  EventLoop loop;
  std::string fired;
  const auto now = Clock::now();
  loop.at(now + milliseconds(20), [&] { fired += 'c'; });
  loop.at(now + milliseconds(10), [&] { fired += 'a'; });
  const auto cancelled = loop.at(now + milliseconds(12), [&] { fired += 'x'; });
  loop.at(now + milliseconds(10), [&] { fired += 'b'; });
  loop.at(now + milliseconds(30), [&] { loop.stop(); });
  loop.cancel(cancelled);
  loop.run();
  CHECK(fired == "abc");
  CHECK(Clock::now() - now >= milliseconds(30));
}

TEST_CASE("tasks posted by several threads run in the loop's, each thread's in order") {
  EventLoop loop;
  constexpr int kThreads = 4, kTasks = 2'000;
  std::array<int, kThreads> next{};
  int done = 0;
  bool in_order = true, elsewhere = false;
  const auto here = std::this_thread::get_id();
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kTasks; ++i) {
        loop.post([&, t, i] {
          in_order = in_order && next[static_cast<std::size_t>(t)]++ == i;
          elsewhere = elsewhere || std::this_thread::get_id() != here;
          ++done;
        });
      }
    });
  }
  loop.run([&] { return done == kThreads * kTasks; });
  for (std::thread& thread : threads) thread.join();
  CHECK(in_order);
  CHECK_FALSE(elsewhere);
}

TEST_CASE("a signal handler stops the loop") {
  EventLoop loop;
  signalled = &loop;
  struct sigaction action {};
  action.sa_handler = stop_signalled;
  struct sigaction before {};
  REQUIRE(::sigaction(SIGUSR1, &action, &before) == 0);
  loop.at(Clock::now() + milliseconds(10), [] { ::raise(SIGUSR1); });
  loop.run();
  CHECK(loop.stopped());
  ::sigaction(SIGUSR1, &before, nullptr);
}

TEST_CASE("a descriptor that is forgotten, or closed and made anew, gets no stale event") {
  EventLoop loop;
  Pipe one = make_pipe();
  Pipe two = make_pipe();
  int events_of_one = 0, events_of_two = 0, events_of_new = 0;
  Pipe replacement;
  // Both are ready in one round; whichever is first forgets the other and puts a quiet pipe in its
  // place, with the same number.
  const auto replace = [&](Descriptor& other) {
    const int number = other.get();
    loop.forget(number);
    other.reset();
    replacement = make_pipe();
    REQUIRE(replacement.out.get() == number);
    loop.watch(number, Interest::kRead, [&](Readiness) { ++events_of_new; });
    loop.at(Clock::now() + milliseconds(20), [&] { loop.stop(); });
  };
  loop.watch(one.out.get(), Interest::kRead, [&](Readiness) {
    if (++events_of_one == 1) replace(two.out);
    loop.change(one.out.get(), Interest::kNothing);
  });
  loop.watch(two.out.get(), Interest::kRead, [&](Readiness) {
    if (++events_of_two == 1) replace(one.out);
    loop.change(two.out.get(), Interest::kNothing);
  });
  REQUIRE(::write(one.in.get(), "x", 1) == 1);
  REQUIRE(::write(two.in.get(), "x", 1) == 1);
  loop.run();
  CHECK(events_of_one + events_of_two == 1);
  CHECK(events_of_new == 0);
}

TEST_CASE("a broken line does not wake those who wait for nothing") {
  EventLoop loop;
  Pipe pipe = make_pipe();
  int events = 0;
  loop.watch(pipe.out.get(), Interest::kRead, [&](Readiness) { ++events; });
  loop.change(pipe.out.get(), Interest::kNothing);
  pipe.in.reset();
  loop.at(Clock::now() + milliseconds(20), [&] { loop.stop(); });
  loop.run();
  CHECK(events == 0);
}

TEST_CASE("a plain file cannot be waited for, and that is said") {
  testing::TemporaryFolder folder;
  testing::spill(folder / "file", "x");
  const Descriptor file(::open((folder / "file").c_str(), O_RDONLY | O_CLOEXEC));
  EventLoop loop;
  CHECK(testing::error_code_of([&] {
          loop.watch(file.get(), Interest::kRead, [](Readiness) {});
        }) == ErrorCode::kInvalid);
}

TEST_CASE("workers run all tasks that were submitted before their end, and get no signals") {
  std::atomic<int> ran = 0;
  std::atomic<bool> blocked = true;
  {
    WorkerPool workers(3);
    for (int i = 0; i < 500; ++i) {
      workers.submit([&] {
        sigset_t mask;
        ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
        if (sigismember(&mask, SIGINT) != 1) blocked = false;
        ++ran;
      });
    }
  }
  CHECK(ran == 500);
  CHECK(blocked);
}

}  // namespace isodb::net
