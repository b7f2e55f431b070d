#include "net/carrier.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <thread>
#include <utility>

#include "isodb/error.h"
#include "net/system_error.h"

namespace isodb::net {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kChildPatience{2'000};

int shell_status(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/// True once the process has ended; `status` is how, where that can be told.
bool wait_for(int process, milliseconds patience, std::optional<int>& status) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (true) {
    int ended = 0;
    const pid_t waited = ::waitpid(process, &ended, WNOHANG);
    if (waited == process) status = shell_status(ended);
    if (waited == process || (waited < 0 && errno != EINTR)) return true;
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(milliseconds(5));
  }
}

/// A pipe: read end, write end.
std::pair<Descriptor, Descriptor> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw_system_error("make a pipe", errno);
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

Descriptor duplicate(int fd, const char* name) {
  Descriptor copy(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!copy) throw_system_error(std::string("use ") + name, errno);
  return copy;
}

/// A word as every shell of the Bourne family reads it back.
std::string quoted(const std::string& word) {
  if (word.find('\0') != std::string::npos) {
    throw Error(ErrorCode::kInvalid, "a word for the other machine's shell has a byte 0");
  }
  std::string result = "'";
  for (const char c : word) {
    if (c == '\'') {
      result += "'\\''";
    } else {
      result += c;
    }
  }
  return result + "'";
}

/// What posix_spawn() needs, freed.
class SpawnSettings {
 public:
  SpawnSettings() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    // The loop keeps SIGPIPE away; the child lives as programs do.
    sigset_t signals;
    sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes, &signals);
    sigaddset(&signals, SIGPIPE);
    ::posix_spawnattr_setsigdefault(&attributes, &signals);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnSettings() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

Carrier spawn(std::vector<std::string> words, std::string name, ExitStatus status) {
  auto [child_in, our_out] = make_pipe();
  auto [our_in, child_out] = make_pipe();
  SpawnSettings settings;
  ::posix_spawn_file_actions_adddup2(&settings.actions, child_in.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&settings.actions, child_out.get(), STDOUT_FILENO);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t process = -1;
  const int code = ::posix_spawnp(&process, arguments[0], &settings.actions, &settings.attributes,
                                  arguments.data(), environ);
  if (code == ENOENT) {
    throw Error(ErrorCode::kNotFound, "there is no program " + words.front(),
                "install it (Debian: openssh-client)");
  }
  if (code != 0) throw_system_error("start " + words.front(), code);
  Carrier carrier;
  carrier.child = std::make_unique<ChildProcess>(process, std::move(status));
  carrier.in = std::move(our_in);
  carrier.out = std::move(our_out);
  carrier.name = std::move(name);
  return carrier;
}

}  // namespace

ChildProcess::~ChildProcess() {
  std::optional<int> status;
  if (wait_for(process_, kChildPatience, status)) {
    if (status_) *status_ = status;
    return;
  }
  ::kill(process_, SIGTERM);
  if (wait_for(process_, kChildPatience, status)) return;
  ::kill(process_, SIGKILL);
  while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Carrier standard_streams() {
  Carrier carrier;
  carrier.in = duplicate(STDIN_FILENO, "standard input");
  carrier.out = duplicate(STDOUT_FILENO, "standard output");
  carrier.name = "standard input";
  // The numbers stay taken: a file that is opened later must not become somebody's output.
  const Descriptor nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!nothing || ::dup2(nothing.get(), STDIN_FILENO) < 0 ||
      ::dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
    throw_system_error("take over standard input and output", errno);
  }
  return carrier;
}

Carrier connect_ssh(const SshAddress& address, const std::vector<std::string>& command,
                    const SshOptions& options) {
  // SshAddress::parse() refuses these; one that was filled in otherwise might have them.
  if (address.host.empty() || address.host.front() == '-' || address.user.starts_with('-')) {
    throw Error(ErrorCode::kInvalid, "ssh would take '" + address.host + "' for an option",
                "name a host that does not begin with '-'");
  }
  std::vector<std::string> words = {options.program};
  if (address.port != 0) words.insert(words.end(), {"-p", std::to_string(address.port)});
  if (!address.user.empty()) words.insert(words.end(), {"-l", address.user});
  words.insert(words.end(), {"--", address.host});
  std::string line;
  for (const std::string& word : command) line += (line.empty() ? "" : " ") + quoted(word);
  words.push_back(std::move(line));
  return spawn(std::move(words), "ssh: " + address.host, options.status);
}

}  // namespace isodb::net
