#include "sync/ssh_line.h"

#include <string>
#include <string_view>
#include <vector>

namespace isodb::sync {
namespace {

constexpr int kFailedItself = 255;                 // ssh(1), "EXIT STATUS"
constexpr int kMayNotRun = 126, kNoProgram = 127;  // of a shell

/// What runs on the other machine: a path below "/~/" is one in the home folder, where ssh begins.
std::vector<std::string> remote_command(const net::SshAddress& address,
                                        const SyncOptions& options) {
  constexpr std::string_view kHome = "/~/";
  std::string path = address.path;
  if (path.starts_with(kHome)) path = "./" + path.substr(kHome.size());
  return {options.remote_program, "serve", "--stdio", path};
}

/// "ssh -p 2222 me@host", as a person types it.
std::string login(const net::SshAddress& address) {
  std::string text = "ssh ";
  if (address.port != 0) text += "-p " + std::to_string(address.port) + " ";
  return text + (address.user.empty() ? "" : address.user + "@") + address.host;
}

}  // namespace

net::Carrier SshLine::connect() const {
  return net::connect_ssh(address_, remote_command(address_, options_),
                          {.program = options_.ssh_program, .status = status_});
}

Error SshLine::explained(const Error& error) const {
  if (error.code() != ErrorCode::kIo || !*status_) return error;
  const int status = **status_;
  const std::string try_program = "'" + login(address_) + " isodb --version'";
  if (status == 0) {
    return Error(
        error.code(), error.what(),
        "what ssh said stands above; " + try_program + " shows whether isodb is found there");
  }
  if (status == kFailedItself) {
    return Error(error.code(), "ssh could not connect to " + address_.host + ", or not log in",
                 "its own words stand above, and '" + login(address_) +
                     " true' has to work first. Host key verification failed: log in once by "
                     "hand, compare the fingerprint and say yes. Permission denied: put this "
                     "device's ssh key into ~/.ssh/authorized_keys there, or unlock it with "
                     "ssh-add. Else check the name, the port and the network");
  }
  if (status == kNoProgram || status == kMayNotRun) {
    return Error(error.code(), "isodb could not be started at " + address_.host,
                 "install it there where a shell finds it to which nobody logs in (in "
                 "/usr/local/bin, say); " +
                     try_program + " shows whether it is");
  }
  return Error(
      error.code(), "isodb at " + address_.host + " ended with exit code " + std::to_string(status),
      "what it said stands above; the repository there is looked for in '" + address_.path + "'");
}

}  // namespace isodb::sync
