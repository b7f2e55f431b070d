#include "tests/support/program_runner.h"

#include <fcntl.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace isodb::testing {
namespace {

int code_of(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int wait_for(pid_t process) {
  int status = 0;
  while (::waitpid(process, &status, 0) < 0) {
    if (errno != EINTR) throw std::runtime_error("waitpid failed");
  }
  return code_of(status);
}

/// In the child: becomes the command. Only calls that are safe after fork().
[[noreturn]] void become(std::vector<char*>& words, std::vector<char*>& variables,
                         const char* working_folder) {
  if (::chdir(working_folder) == 0) ::execve(words[0], words.data(), variables.data());
  ::_exit(127);
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

void redirect(int fd, const std::string& path, int flags) {
  const int opened = ::open(path.c_str(), flags, 0600);
  if (opened < 0 || ::dup2(opened, fd) < 0) ::_exit(126);
  ::close(opened);
}

std::string read_to_end(int terminal) {
  std::string all;
  std::array<char, 4096> part{};
  while (true) {
    const ssize_t count = ::read(terminal, part.data(), part.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;  // EIO: the last process left the terminal
    all.append(part.data(), static_cast<std::size_t>(count));
  }
  std::string plain;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i] == '\r' && i + 1 < all.size() && all[i + 1] == '\n') continue;
    plain += all[i];
  }
  return plain;
}

}  // namespace

ProgramRunner::ProgramRunner(std::string program)
    : work_(base_ / "work"), program_(std::move(program)) {
  for (const char* name : {"work", "home", "tmp", "bin"}) {
    std::filesystem::create_directory(base_ / name);
  }
  std::filesystem::create_symlink(program_, base_ / "bin" / "isodb");
}

std::vector<std::string> ProgramRunner::environment(const Call& call) const {
  std::map<std::string, std::string> all = {
      {"PATH", (base_ / "bin").string() + ":/usr/bin:/bin"},
      {"HOME", (base_ / "home").string()},
      {"TMPDIR", (base_ / "tmp").string()},
      {"TERM", "xterm"},
  };
  // Sanitizers are told about by the machine's environment.
  for (const char* name : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"}) {
    if (const char* value = std::getenv(name)) all[name] = value;
  }
  for (const auto& [name, value] : call.environment) all[name] = value;
  std::vector<std::string> result;
  for (const auto& [name, value] : all) result.push_back(name + "=" + value);
  return result;
}

Ran ProgramRunner::start(const std::vector<std::string>& command, const Call& call) const {
  const std::string in = base_ / "stdin", err = base_ / "stderr";
  const std::string out = call.out_file.empty() ? (base_ / "stdout").string() : call.out_file;
  spill(in, call.input);
  const std::string working_folder = (work_ / call.working_folder).string();
  std::vector<std::string> texts = command, settings = environment(call);
  std::vector<char*> words = pointers(texts), variables = pointers(settings);
  const pid_t process = ::fork();
  if (process < 0) throw std::runtime_error("fork failed");
  if (process == 0) {
    redirect(STDIN_FILENO, in, O_RDONLY);
    redirect(STDOUT_FILENO, out, O_WRONLY | O_CREAT | O_TRUNC);
    redirect(STDERR_FILENO, err, O_WRONLY | O_CREAT | O_TRUNC);
    become(words, variables, working_folder.c_str());
  }
  Ran ran;
  ran.exit_code = wait_for(process);
  if (call.out_file.empty()) ran.out = slurp(out);
  ran.err = slurp(err);
  return ran;
}

Ran ProgramRunner::run(const std::vector<std::string>& words, const Call& call) const {
  std::vector<std::string> command = {program_};
  command.insert(command.end(), words.begin(), words.end());
  return start(command, call);
}

Ran ProgramRunner::shell(const std::string& script, const Call& call) const {
  return start({"/bin/bash", "-c", script}, call);
}

Ran ProgramRunner::start_on_terminal(const std::vector<std::string>& command,
                                     const Call& call) const {
  std::vector<std::string> texts = command, settings = environment(call);
  std::vector<char*> words = pointers(texts), variables = pointers(settings);
  const std::string working_folder = (work_ / call.working_folder).string();
  const winsize size{.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
  int terminal = -1;
  const pid_t process = ::forkpty(&terminal, nullptr, nullptr, &size);
  if (process < 0) throw std::runtime_error("forkpty failed");
  if (process == 0) become(words, variables, working_folder.c_str());
  Ran ran;
  ran.out = read_to_end(terminal);
  ran.exit_code = wait_for(process);
  ::close(terminal);
  return ran;
}

Ran ProgramRunner::on_terminal(const std::vector<std::string>& words, const Call& call) const {
  std::vector<std::string> command = {program_};
  command.insert(command.end(), words.begin(), words.end());
  return start_on_terminal(command, call);
}

Ran ProgramRunner::shell_on_terminal(const std::string& script, const Call& call) const {
  return start_on_terminal({"/bin/bash", "-c", script}, call);
}

std::string ProgramRunner::must(const std::vector<std::string>& words, const Call& call) const {
  const Ran ran = run(words, call);
  INFO("isodb " << (words.empty() ? "" : words.front()) << ": " << ran.err);
  REQUIRE(ran.exit_code == 0);
  return ran.out;
}

}  // namespace isodb::testing
