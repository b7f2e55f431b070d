#pragma once

#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <vector>

#include "net/address.h"
#include "net/cancellation.h"
#include "net/descriptor.h"

namespace isodb::net {

/// One address of a name, as the system's calls take it. A plain value.
struct Candidate {
  sockaddr_storage storage{};
  socklen_t length = 0;

  int family() const { return storage.ss_family; }
  const sockaddr* address() const { return reinterpret_cast<const sockaddr*>(&storage); }
  void set_port(std::uint16_t port);
};

using Deadline = std::chrono::steady_clock::time_point;

/// The addresses of a host, IPv6 and IPv4 by turns, the system's favourite first. The system's
/// resolver cannot be stopped, so it runs in a thread of its own, which is left behind at the
/// deadline. Error(kNotFound) for an unknown name, kIo when time is up, kStale when cancelled.
std::vector<Candidate> resolve(const Address& address, Deadline deadline,
                               const Cancellation* cancellation);
/// What to bind for `address`; with host "" the wildcards of IPv6 and IPv4.
std::vector<Candidate> resolve_to_listen(const Address& address);

}  // namespace isodb::net
