#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/address.h"
#include "net/cancellation.h"
#include "net/descriptor.h"

namespace isodb::net {

/// How a process ended by itself, as a shell says it (127: no such program; 128 + a signal's
/// number); nullopt: it did not, or not yet.
using ExitStatus = std::shared_ptr<std::optional<int>>;

/// A process that was started here. On destruction it is given a moment to end by itself, then
/// ended. Owned by one thread.
class ChildProcess {
 public:
  /// `status`, unless nullptr, is set by the destructor.
  explicit ChildProcess(int process, ExitStatus status = nullptr)
      : process_(process), status_(std::move(status)) {}
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

 private:
  int process_;
  ExitStatus status_;
};

/// What carries bytes to one peer, both ways: a socket, or two pipes. Closes what it owns.
struct Carrier {
  Descriptor in;
  Descriptor out;    ///< none: `in` is a socket, and both
  std::string name;  ///< of the other end, for people
  std::unique_ptr<ChildProcess> child;
};

/// This process's own standard input and output, as sshd gives them. From here on they are the
/// carrier's: reading standard input finds its end, and what is printed to standard output goes to
/// standard error. Error(kIo).
Carrier standard_streams();

struct SshOptions {
  std::string program = "ssh";  ///< looked for in PATH; gets [-p port] [-l user] -- host command
  ExitStatus status =
      nullptr;  ///< set when the carrier is closed: ssh's own, 255, or the command's
};

/// Starts ssh, which runs `command` (words, quoted here for the other side's shell) there, and
/// carries over its standard input and output; what it says on standard error goes to this
/// process's. No shell runs here. Error(kInvalid) for words that cannot be quoted, kNotFound where
/// there is no ssh, kIo.
Carrier connect_ssh(const SshAddress& address, const std::vector<std::string>& command,
                    const SshOptions& options = {});

/// Connects by TCP: all addresses of the name, IPv6 and IPv4 by turns, each begun a little after
/// the one before, and the first that answers is taken. Error(kNotFound) for a name that is
/// unknown, kIo where nothing answers or time is up, kStale when `cancellation` was requested.
Carrier connect_tcp(const Address& address, std::chrono::milliseconds timeout,
                    const Cancellation* cancellation = nullptr);

}  // namespace isodb::net
