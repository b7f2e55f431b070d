#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace isodb::net {

/// Where isodb listens when nothing else is said. Beside git's 9418; no service of Debian's
/// /etc/services has it, and it lies below the ports that systems lend to outgoing connections.
constexpr std::uint16_t kDefaultPort = 9436;

/// A place in the network. A plain value.
struct Address {
  std::string host;  ///< name or address, an IPv6 address without brackets; "" only for listening
  std::uint16_t port = kDefaultPort;
  std::string path;  ///< from "/" on, as written; "" where none is

  /// isodb://host[:port][/path]. An IPv6 address stands in brackets. Error(kInvalid) otherwise.
  static Address parse(std::string_view text);
  /// What is listened on: host, host:port, [v6]:port, :port, or "" for every address and the
  /// default port. Error(kInvalid) otherwise.
  static Address parse_listen(std::string_view text);
  /// host:port, with brackets where they are needed.
  std::string text() const;

  friend bool operator==(const Address&, const Address&) = default;
};

/// What stands in a URL's path: %XX is a byte. Error(kInvalid) for a '%' without two hexadecimal
/// digits, and for the byte 0.
std::string percent_decoded(std::string_view text);

/// A place behind ssh. A plain value.
struct SshAddress {
  std::string user;        ///< "": as ssh decides
  std::string host;        ///< never begins with "-"
  std::uint16_t port = 0;  ///< 0: as ssh decides
  std::string path;        ///< on the other machine, from "/" on; "/~/x" is "x" in the home folder

  /// ssh://[user@]host[:port]/path, the path with %XX. Error(kInvalid) otherwise: also for a user
  /// or host that ssh could take for an option, and for a password.
  static SshAddress parse(std::string_view text);
};

}  // namespace isodb::net
