#include "net/socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "isodb/error.h"
#include "net/resolve.h"
#include "net/system_error.h"

namespace isodb::net {
namespace {

constexpr int kBacklog = 1024;  // the system's own maximum may be lower
constexpr int kUnsentBytesMax = 16'384;

/// Options that a system does not know make a line slower, not wrong.
void set_option(const Descriptor& socket, int level, int option, int value) {
  static_cast<void>(::setsockopt(socket.get(), level, option, &value, sizeof value));
}

void tune(const Descriptor& socket) {
  set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, kUnsentBytesMax);
  set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, 60);
  set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, 20);
  set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, 3);
}

Descriptor make_socket(int family) {
  return Descriptor(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

Address address_of(const sockaddr_storage& at) {
  Address address;
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (at.ss_family == AF_INET6) {
    const auto& six = reinterpret_cast<const sockaddr_in6&>(at);
    ::inet_ntop(AF_INET6, &six.sin6_addr, text.data(), text.size());
    address.port = ntohs(six.sin6_port);
  } else {
    const auto& four = reinterpret_cast<const sockaddr_in&>(at);
    ::inet_ntop(AF_INET, &four.sin_addr, text.data(), text.size());
    address.port = ntohs(four.sin_port);
  }
  address.host = text.data();
  return address;
}

/// Whom limits count: one machine has one IPv4 address, but a whole network of IPv6 addresses.
std::string source_of(sockaddr_storage from) {
  if (from.ss_family == AF_INET6) {
    auto& six = reinterpret_cast<sockaddr_in6&>(from);
    std::memset(six.sin6_addr.s6_addr + 8, 0, 8);
  }
  return address_of(from).host;
}

Descriptor listen_at(const Candidate& at, const std::string& name) {
  Descriptor socket = make_socket(at.family());
  if (!socket) throw_system_error("make a socket", errno);
  set_option(socket, SOL_SOCKET, SO_REUSEADDR, 1);
  // The IPv4 addresses get a socket of their own.
  if (at.family() == AF_INET6) set_option(socket, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (::bind(socket.get(), at.address(), at.length) != 0 || ::listen(socket.get(), kBacklog) != 0) {
    throw_system_error("listen on " + name, errno);
  }
  return socket;
}

}  // namespace

std::vector<Descriptor> listen_on(const Address& address) {
  std::vector<Descriptor> listeners;
  std::uint16_t port = address.port;
  for (Candidate candidate : resolve_to_listen(address)) {
    candidate.set_port(port);
    try {
      listeners.push_back(listen_at(candidate, address.text()));
    } catch (const Error&) {
      // "Every address" of a machine without IPv6 is IPv4's.
      if (!address.host.empty() || candidate.family() != AF_INET6) throw;
      continue;
    }
    port = local_address(listeners.back()).port;
  }
  if (listeners.empty()) {
    throw Error(ErrorCode::kInvalid, "cannot listen on " + address.text() + ": it has no address");
  }
  return listeners;
}

Address local_address(const Descriptor& socket) {
  sockaddr_storage at{};
  socklen_t length = sizeof at;
  if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&at), &length) != 0) {
    throw_system_error("ask a socket for its address", errno);
  }
  return address_of(at);
}

std::optional<Accepted> accept_from(const Descriptor& listener, int& error_number) {
  error_number = 0;
  while (true) {
    sockaddr_storage from{};
    socklen_t length = sizeof from;
    Descriptor socket(::accept4(listener.get(), reinterpret_cast<sockaddr*>(&from), &length,
                                SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket) {
      tune(socket);
      return Accepted{std::move(socket), source_of(from), address_of(from).text()};
    }
    switch (errno) {
      case EAGAIN:
        return std::nullopt;
      case EINTR:
      case ECONNABORTED:
      case EPERM:
      case EPROTO:
      case ETIMEDOUT:
        continue;  // of this one connection, which is gone
      default:
        error_number = errno;
        return std::nullopt;
    }
  }
}

Descriptor begin_connect(const Candidate& to) {
  Descriptor socket = make_socket(to.family());
  if (!socket) return {};
  tune(socket);
  if (::connect(socket.get(), to.address(), to.length) != 0 && errno != EINPROGRESS) {
    const int kept = errno;
    socket.reset();
    errno = kept;
  }
  return socket;
}

}  // namespace isodb::net
