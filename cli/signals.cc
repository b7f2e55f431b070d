#include "cli/signals.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "isodb/error.h"

namespace isodb::cli {
namespace {

// What the handler reads; only changed with the signals blocked.
std::array<char, 4096> temporary_path;
volatile sig_atomic_t pager_process = 0;
volatile sig_atomic_t stopped_by = 0;
volatile sig_atomic_t hiding_terminal = -1;
termios terminal_settings;
std::atomic<Stoppable*> to_stop = nullptr;  // lock-free, so that the handler may read it

sigset_t ending_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, signal);
  return set;
}

/// Only what POSIX allows in a handler: tcsetattr, unlink, close, waitpid, signal, raise, write.
void end_program(int signal) {
  if (Stoppable* stoppable = to_stop.exchange(nullptr)) {
    stopped_by = signal;
    stoppable->request_stop();
    return;
  }
  if (hiding_terminal >= 0) ::tcsetattr(hiding_terminal, TCSANOW, &terminal_settings);
  if (temporary_path[0] != '\0') ::unlink(temporary_path.data());
  if (pager_process != 0) {
    ::close(STDOUT_FILENO);
    ::waitpid(pager_process, nullptr, 0);
  }
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

}  // namespace

void install_signal_handlers() {
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction present {};
    ::sigaction(signal, nullptr, &present);
    if (present.sa_handler == SIG_IGN) continue;  // nohup, a background job
    struct sigaction action {};
    action.sa_handler = end_program;
    sigemptyset(&action.sa_mask);
    ::sigaction(signal, &action, nullptr);
  }
}

HeldSignals::HeldSignals() {
  const sigset_t set = ending_signals();
  ::sigprocmask(SIG_BLOCK, &set, &before_);
}

HeldSignals::~HeldSignals() {
  ::sigprocmask(SIG_SETMASK, &before_, nullptr);
}

void remove_on_signal(const std::string& path) {
  const HeldSignals held;
  temporary_path.fill('\0');
  if (path.size() < temporary_path.size()) std::ranges::copy(path, temporary_path.begin());
}

void restore_on_signal(int terminal, const termios* settings) {
  const HeldSignals held;
  if (settings != nullptr) terminal_settings = *settings;
  hiding_terminal = settings != nullptr ? terminal : -1;
}

void stop_on_signal(Stoppable* stoppable) {
  to_stop = stoppable;
}

void end_if_stopped() {
  if (stopped_by != 0) end_program(stopped_by);
}

void wait_on_signal(pid_t process) {
  pager_process = process;
}

void die_of_sigpipe() {
  ::signal(SIGPIPE, SIG_DFL);
  ::raise(SIGPIPE);
  std::_Exit(128 + SIGPIPE);
}

int run_shell(const std::string& command, const std::string& argument) {
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults = ending_signals();
  for (const int signal : {SIGPIPE, SIGXFSZ, SIGQUIT}) sigaddset(&defaults, signal);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  std::string shell = "sh", option = "-c", text = command + " \"$@\"", name = "isodb",
              value = argument;
  std::array<char*, 6> words = {shell.data(), option.data(), text.data(),
                                name.data(),  value.data(),  nullptr};
  struct sigaction ignore {
  }, interrupt{}, quit{};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGINT, &ignore, &interrupt);
  ::sigaction(SIGQUIT, &ignore, &quit);
  pid_t process = 0;
  const int failed = posix_spawn(&process, "/bin/sh", nullptr, &attributes, words.data(), environ);
  posix_spawnattr_destroy(&attributes);
  int status = 0;
  while (failed == 0 && ::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  ::sigaction(SIGINT, &interrupt, nullptr);
  ::sigaction(SIGQUIT, &quit, nullptr);
  if (failed != 0) throw Error(ErrorCode::kIo, "cannot start /bin/sh");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace isodb::cli
