#include "bench/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>
#include <system_error>
#include <utility>

namespace isodb::bench {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

[[noreturn]] void become(const std::vector<std::string>& arguments, int input, int output) {
  std::vector<char*> raw;
  for (const std::string& argument : arguments) raw.push_back(const_cast<char*>(argument.c_str()));
  raw.push_back(nullptr);
  ::dup2(input, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::execvp(raw[0], raw.data());
  ::_exit(127);
}

}  // namespace

Process::Process(const std::vector<std::string>& arguments) : name_(arguments.at(0)) {
  int input[2], output[2];
  if (::pipe2(input, O_CLOEXEC) != 0 || ::pipe2(output, O_CLOEXEC) != 0) fail("cannot make a pipe");
  ::signal(SIGPIPE, SIG_IGN);
  // Wider pipes spare both sides switches; not being allowed more is no error.
  ::fcntl(input[1], F_SETPIPE_SZ, 1 << 20);
  ::fcntl(output[0], F_SETPIPE_SZ, 1 << 20);
  id_ = ::fork();
  if (id_ < 0) fail("cannot fork");
  if (id_ == 0) become(arguments, input[0], output[1]);
  ::close(input[0]);
  ::close(output[1]);
  input_ = ::fdopen(input[1], "wb");
  output_ = ::fdopen(output[0], "rb");
}

Process::~Process() {
  if (input_ != nullptr) std::fclose(input_);
  if (output_ != nullptr) std::fclose(output_);
  if (id_ > 0) ::waitpid(id_, nullptr, 0);
}

void Process::write(std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), input_) != bytes.size()) {
    fail("cannot write to " + name_);
  }
}

void Process::flush() {
  if (std::fflush(input_) != 0) fail("cannot write to " + name_);
}

bool Process::read_line(std::string& line) {
  line.clear();
  for (int c = ::getc_unlocked(output_); c != EOF; c = ::getc_unlocked(output_)) {
    if (c == '\n') return true;
    line += static_cast<char>(c);
  }
  return !line.empty();
}

void Process::read_exactly(char* out, std::size_t bytes) {
  if (std::fread(out, 1, bytes, output_) != bytes) {
    throw std::runtime_error(name_ + " ended its output too early");
  }
}

void Process::end_input() {
  std::FILE* input = std::exchange(input_, nullptr);
  if (input != nullptr && std::fclose(input) != 0) fail("cannot write to " + name_);
}

void Process::finish() {
  end_input();
  char rest[4096];
  while (std::fread(rest, 1, sizeof(rest), output_) > 0) {
  }
  int status = 0;
  if (::waitpid(std::exchange(id_, -1), &status, 0) < 0) fail("cannot wait for " + name_);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw std::runtime_error(name_ + " failed with status " + std::to_string(status));
  }
}

std::string run(const std::vector<std::string>& arguments) {
  Process process(arguments);
  std::string all, line;
  while (process.read_line(line)) all += (all.empty() ? "" : "\n") + line;
  process.finish();
  return all;
}

}  // namespace isodb::bench
