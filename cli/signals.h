#pragma once

#include <signal.h>
#include <sys/types.h>
#include <termios.h>

#include <string>

namespace isodb::cli {

/// SIGPIPE and SIGXFSZ (a file beyond ulimit -f) become errors of write(); SIGINT, SIGTERM and
/// SIGHUP end the program as always, after the temporary file is removed and the pager has been
/// quit.
void install_signal_handlers();
/// While it lives, the signals that end the program wait.
class HeldSignals {
 public:
  HeldSignals();
  ~HeldSignals();
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

 private:
  sigset_t before_;
};
/// The one file to remove when a signal ends the program; "" for none.
void remove_on_signal(const std::string& path);
/// How a terminal is to be set again when a signal ends the program, for it hides what is typed;
/// nullptr: it is as it was.
void restore_on_signal(int terminal, const termios* settings);
/// Something that can be asked to stop from a signal handler.
class Stoppable {
 public:
  virtual ~Stoppable() = default;
  virtual void request_stop() noexcept = 0;
};
/// What the next signal that would end the program asks to stop instead; nullptr for nothing. The
/// one after that ends the program.
void stop_on_signal(Stoppable* stoppable);
/// Ends the process as the signal does that stopped something, if one did.
void end_if_stopped();
/// The pager to wait for when a signal ends the program; 0 for none.
void wait_on_signal(pid_t process);
/// Ends the process as SIGPIPE does to a program that does not care.
[[noreturn]] void die_of_sigpipe();

/// Runs a shell command with the given arguments ($1…), this process's files and default signals,
/// Ctrl-C left to it; returns its exit status (128 + signal when killed).
int run_shell(const std::string& command, const std::string& argument);

}  // namespace isodb::cli
