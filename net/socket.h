#pragma once

#include <optional>
#include <string>
#include <vector>

#include "net/address.h"
#include "net/descriptor.h"
#include "net/resolve.h"

namespace isodb::net {

/// TCP sockets as isodb uses them: non-blocking, not inherited by programs that are started, small
/// writes sent at once (TCP_NODELAY), little kept unsent in the system (TCP_NOTSENT_LOWAT: what to
/// send next is decided late, and little is lost when the line breaks), dead lines found.

/// A listening socket for each address that `address` names; with port 0 all share one. Error as
/// Server's.
std::vector<Descriptor> listen_on(const Address& address);
/// Where a listening or connected socket stands at this side.
Address local_address(const Descriptor& socket);

struct Accepted {
  Descriptor socket;
  std::string source;  ///< whom limits count: the IPv4 address, or the IPv6 network of 64 bits
  std::string name;    ///< "192.0.2.7:51234"
};

/// The next connection; nullopt: none waits. `error_number` is set to 0, or to why accepting fails
/// for more than one connection (EMFILE, ENFILE, ENOBUFS, ...).
std::optional<Accepted> accept_from(const Descriptor& listener, int& error_number);

/// A socket that is connecting; none, with errno, where that failed at once.
Descriptor begin_connect(const Candidate& to);

}  // namespace isodb::net
