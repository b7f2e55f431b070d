#include "tests/support/net_proxy.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <utility>

namespace isodb::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// What one direction of a line holds; then its sender has to wait.
constexpr std::size_t kQueuedMax = 262'144;
// A modem sends on while it reads: small parts, each with its own time.
constexpr std::size_t kPartMax = 1'024;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return at;
}

int make_socket() {
  const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (made < 0) throw std::runtime_error("the proxy gets no socket");
  return made;
}

void send_at_once(int socket) {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

nanoseconds time_of(std::uint64_t bytes, const LineModel& line) {
  if (line.bits_a_second == 0) return nanoseconds(0);
  return nanoseconds(bytes * 8 * 1'000'000'000 / line.bits_a_second);
}

}  // namespace

milliseconds NetProxy::Counts::time_on(const LineModel& line) const {
  return std::chrono::ceil<milliseconds>(time_of(total(), line)) +
         line.delay * static_cast<std::int64_t>(turns);
}

NetProxy::NetProxy(std::uint16_t server_port, const LineModel& line)
    : server_port_(server_port), line_(line) {
  listener_ = make_socket();
  wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  sockaddr_in at = loopback(0);
  socklen_t length = sizeof at;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&at), length) != 0 ||
      ::listen(listener_, 1024) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &length) != 0) {
    throw std::runtime_error("the proxy cannot listen");
  }
  port_ = ntohs(at.sin_port);
  thread_ = std::thread([this] { run(); });
}

NetProxy::~NetProxy() {
  ending_ = true;
  wake();
  thread_.join();
  for (Connection& connection : connections_) close(connection);
  ::close(listener_);
  ::close(wake_);
}

void NetProxy::wake() {
  const std::uint64_t one = 1;
  if (::write(wake_, &one, sizeof one) < 0 && errno != EAGAIN) {
    throw std::runtime_error("the proxy cannot be woken");
  }
}

NetProxy::Counts NetProxy::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

void NetProxy::reset_counts() {
  const std::lock_guard lock(mutex_);
  counts_ = {};
  last_direction_.reset();
}

void NetProxy::cut_after(Direction direction, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  cut_after_[direction] = bytes;
}

void NetProxy::cut() {
  cut_now_ = true;
  wake();
}

void NetProxy::freeze() {
  frozen_ = true;
  wake();
}

void NetProxy::thaw() {
  frozen_ = false;
  wake();
}

void NetProxy::close(Connection& connection) {
  if (std::exchange(connection.closed, true)) return;
  ::close(connection.client);
  ::close(connection.server);
}

void NetProxy::accept_one() {
  const int client = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (client < 0) return;
  Connection connection;
  connection.client = client;
  connection.server = make_socket();
  const sockaddr_in to = loopback(server_port_);
  ::connect(connection.server, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  send_at_once(client);
  send_at_once(connection.server);
  connection.pipes[kUp].from = connection.pipes[kDown].to = client;
  connection.pipes[kUp].to = connection.pipes[kDown].from = connection.server;
  connections_.push_back(std::move(connection));
  const std::lock_guard lock(mutex_);
  ++counts_.connections;
}

void NetProxy::read_from(Connection& connection, Direction direction) {
  Pipe& pipe = connection.pipes[direction];
  char buffer[kPartMax];
  const ssize_t count = ::recv(pipe.from, buffer, sizeof buffer, 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count < 0) return close(connection);
  if (count == 0) {
    pipe.ended = true;
    return;
  }
  const auto bytes = static_cast<std::uint64_t>(count);
  const auto now = Clock::now();
  pipe.line_free = std::max(now, pipe.line_free) +
                   time_of(bytes, line_) / static_cast<std::int64_t>(line_.speed);
  const auto delay = nanoseconds(line_.delay) / static_cast<std::int64_t>(line_.speed);
  pipe.parts.push_back({pipe.line_free + delay, std::string(buffer, bytes)});
  pipe.queued += bytes;
  const std::lock_guard lock(mutex_);
  counts_.bytes[direction] += bytes;
  if (last_direction_ != direction) ++counts_.turns;
  last_direction_ = direction;
}

void NetProxy::write_to(Connection& connection, Direction direction) {
  Pipe& pipe = connection.pipes[direction];
  while (!pipe.parts.empty() && pipe.parts.front().due <= Clock::now()) {
    std::string& bytes = pipe.parts.front().bytes;
    std::size_t allowed = bytes.size();
    const std::lock_guard lock(mutex_);
    std::optional<std::uint64_t>& cut = cut_after_[direction];
    if (cut) allowed = std::min<std::uint64_t>(allowed, *cut);
    const ssize_t count = ::send(pipe.to, bytes.data(), allowed, MSG_NOSIGNAL);
    if (count < 0) {
      if (errno != EAGAIN && errno != EINTR && errno != ENOTCONN) close(connection);
      return;
    }
    pipe.queued -= static_cast<std::size_t>(count);
    bytes.erase(0, static_cast<std::size_t>(count));
    if (cut && (*cut -= static_cast<std::uint64_t>(count)) == 0) {
      cut.reset();
      cut_now_ = true;
      return;
    }
    if (!bytes.empty()) return;
    pipe.parts.erase(pipe.parts.begin());
  }
  if (pipe.ended && pipe.parts.empty() && !std::exchange(pipe.end_passed, true)) {
    ::shutdown(pipe.to, SHUT_WR);
  }
}

void NetProxy::run() {
  while (!ending_) {
    std::vector<pollfd> waiting = {{wake_, POLLIN, 0}, {listener_, POLLIN, 0}};
    auto next = Clock::now() + std::chrono::seconds(1);
    for (const Connection& connection : connections_) {
      for (const Pipe& pipe : connection.pipes) {
        const bool reads = !frozen_ && !pipe.ended && pipe.queued < kQueuedMax;
        waiting.push_back({reads ? pipe.from : -1, POLLIN, 0});
        const bool due = !pipe.parts.empty() && pipe.parts.front().due <= Clock::now();
        waiting.push_back({due ? pipe.to : -1, POLLOUT, 0});
        if (!pipe.parts.empty() && !due) next = std::min(next, pipe.parts.front().due);
      }
    }
    const auto wait = std::chrono::ceil<milliseconds>(next - Clock::now()).count();
    ::poll(waiting.data(), waiting.size(), static_cast<int>(std::max<std::int64_t>(wait, 0)));
    std::uint64_t woken = 0;
    while (::read(wake_, &woken, sizeof woken) > 0) {
    }
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      for (const Direction direction : {kUp, kDown}) {
        const std::size_t at = 2 + 4 * i + (direction == kUp ? 0 : 2);
        Connection& connection = connections_[i];
        if (!connection.closed && waiting[at].revents != 0) read_from(connection, direction);
        if (!connection.closed && !cut_now_) write_to(connection, direction);
      }
    }
    if (cut_now_.exchange(false)) {
      for (Connection& connection : connections_) close(connection);
    }
    std::erase_if(connections_, [this](Connection& one) {
      if (one.pipes[kUp].end_passed && one.pipes[kDown].end_passed) close(one);
      return one.closed;
    });
    if (waiting[1].revents != 0) accept_one();
  }
}

}  // namespace isodb::testing
