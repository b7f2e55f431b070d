#include "cli/output.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "cli/signals.h"
#include "isodb/error.h"

namespace isodb::cli {
namespace {

constexpr std::size_t kBufferBytes = 64 * 1024;

std::string_view code_of(Style style) {
  switch (style) {
    case Style::kPlain:
      return "";
    case Style::kBold:
      return "1";
    case Style::kDim:
      return "2";
    case Style::kRed:
      return "31";
    case Style::kGreen:
      return "32";
    case Style::kYellow:
      return "33";
    case Style::kBlue:
      return "34";
    case Style::kMagenta:
      return "35";
    case Style::kCyan:
      return "36";
  }
  return "";
}

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view{} : std::string_view{value};
}

/// This environment, with less told to let colours through and to leave short output standing.
std::vector<std::string> pager_environment() {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) result.emplace_back(*entry);
  if (std::getenv("LESS") == nullptr) result.emplace_back("LESS=FRX");
  return result;
}

/// Starts `command` with its standard input on `input`; 0 when it cannot be started.
pid_t spawn_pager(const std::string& command, int input) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  std::vector<std::string> environment = pager_environment();
  std::vector<char*> variables;
  for (std::string& entry : environment) variables.push_back(entry.data());
  variables.push_back(nullptr);
  std::string shell = "sh", option = "-c", text = command;
  std::array<char*, 4> words = {shell.data(), option.data(), text.data(), nullptr};
  pid_t process = 0;
  const int failed =
      posix_spawn(&process, "/bin/sh", &files, &attributes, words.data(), variables.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  return failed != 0 ? 0 : process;
}

}  // namespace

bool wants_color(int fd, ColorWhen when) {
  if (when != ColorWhen::kAuto) return when == ColorWhen::kAlways;
  return ::isatty(fd) == 1 && variable("NO_COLOR").empty() && variable("TERM") != "dumb";
}

bool is_dumb_terminal() {
  return variable("TERM").empty() || variable("TERM") == "dumb";
}

Output::Output(ColorWhen color)
    : terminal_(::isatty(STDOUT_FILENO) == 1), color_(wants_color(STDOUT_FILENO, color)) {
  buffer_.reserve(kBufferBytes);
}

ColorWhen color_when(std::string_view word) {
  if (word == "always") return ColorWhen::kAlways;
  return word == "never" ? ColorWhen::kNever : ColorWhen::kAuto;
}

void Output::set_color(ColorWhen when) {
  color_ = wants_color(STDOUT_FILENO, when);
}

Output::~Output() {
  if (pager_ == 0) return;
  ::close(STDOUT_FILENO);  // the pager reads the end
  while (::waitpid(pager_, nullptr, 0) < 0 && errno == EINTR) {
  }
  wait_on_signal(0);
}

void Output::write(std::string_view bytes) {
  if (buffer_.size() + bytes.size() > kBufferBytes) flush();
  if (bytes.size() >= kBufferBytes) {
    write_all(bytes);
  } else {
    buffer_.append(bytes);
  }
}

void Output::flush() {
  // Emptied first: what cannot be written now is not tried again.
  const std::string bytes = std::exchange(buffer_, {});
  buffer_.reserve(kBufferBytes);
  write_all(bytes);
}

void Output::write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EPIPE) {
      throw OutputClosed{};
    } else if (errno != EINTR) {
      throw Error(ErrorCode::kIo,
                  std::string("cannot write standard output: ") + std::strerror(errno),
                  errno == ENOSPC ? "free some space and run the command again" : "");
    }
  }
}

void Output::finish() {
  flush();
  if (pager_ == 0) {
    // A full disk may show only when the file is closed (NFS).
    if (::close(STDOUT_FILENO) != 0 && errno != EBADF && errno != EINTR) {
      throw Error(ErrorCode::kIo,
                  std::string("cannot write standard output: ") + std::strerror(errno));
    }
  }
}

std::size_t Output::width() const {
  winsize size{};
  if (terminal_ && ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    return size.ws_col;
  }
  return 80;
}

std::string Output::paint(Style style, std::string_view text) const {
  if (!color_ || style == Style::kPlain) return std::string(text);
  return "\x1b[" + std::string(code_of(style)) + "m" + std::string(text) + "\x1b[0m";
}

void Output::start_pager(const std::string& pager) {
  if (!terminal_ || pager_ != 0 || pager.empty() || pager == "cat") return;
  flush();
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return;
  pager_ = spawn_pager(pager, ends[0]);
  if (pager_ != 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    wait_on_signal(pager_);
  }
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace isodb::cli
