#include "bench/sync/side.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace isodb::bench {
namespace {

constexpr useconds_t kLookedEveryMicros = 20'000;

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

std::uint64_t private_bytes(pid_t id) {
  std::ifstream status("/proc/" + std::to_string(id) + "/status");
  for (std::string word; status >> word;) {
    std::uint64_t kib = 0;
    if (word == "RssAnon:" && status >> kib) return kib * 1024;
  }
  return 0;
}

}  // namespace

void Channel::say(const std::string& line) const {
  const std::string text = line + "\n";
  if (::write(out_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    fail("cannot tell the other process");
  }
}

std::string Channel::hear() const {
  std::string line;
  for (char c = 0; ::read(in_, &c, 1) == 1;) {
    if (c == '\n') return line;
    line += c;
  }
  throw std::runtime_error("the other process has ended");
}

Side::Side(const std::string& name, const std::function<void(const Channel&)>& work) : name_(name) {
  int there[2], back[2];
  if (::pipe(there) != 0 || ::pipe(back) != 0) fail("cannot make a pipe");
  std::fflush(nullptr);
  id_ = ::fork();
  if (id_ < 0) fail("cannot fork");
  if (id_ == 0) {
    ::close(there[1]);
    ::close(back[0]);
    ::prctl(PR_SET_NAME, name.c_str());  // for those who profile
    int code = 0;
    try {
      work(Channel(there[0], back[1]));
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s: %s\n", name.c_str(), error.what());
      code = 1;
    }
    std::fflush(nullptr);
    ::_exit(code);
  }
  ::close(there[0]);
  ::close(back[1]);
  in_ = back[0];
  out_ = there[1];
  channel_ = Channel(in_, out_);
}

Side::~Side() {
  ::close(in_);
  ::close(out_);
  if (id_ < 0) return;
  ::kill(id_, SIGKILL);
  ::waitpid(id_, nullptr, 0);
}

Usage Side::finish(Side* other) {
  Usage usage;
  rusage used{};
  int status = 0;
  while (::wait4(id_, &status, WNOHANG, &used) == 0) {
    private_peak_ = std::max(private_peak_, private_bytes(id_));
    if (other != nullptr) {
      other->private_peak_ = std::max(other->private_peak_, private_bytes(other->id_));
    }
    ::usleep(kLookedEveryMicros);
  }
  id_ = -1;
  usage.private_peak = private_peak_;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) throw std::runtime_error(name_ + " failed");
  usage.cpu_seconds = seconds_of(used.ru_utime) + seconds_of(used.ru_stime);
  usage.resident_peak = static_cast<std::uint64_t>(used.ru_maxrss) * 1024;
  return usage;
}

double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

}  // namespace isodb::bench
