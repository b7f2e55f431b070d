#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace isodb::testing {

/// What lies between two devices. Times are the modelled line's; `speed` says how much faster the
/// proxy lets them pass, so that a test of a slow line is not slow.
struct LineModel {
  std::chrono::milliseconds delay{0};  ///< each way
  std::uint64_t bits_a_second = 0;     ///< each way; 0: no limit
  std::uint64_t speed = 1;
};

/// A TCP line between 127.0.0.1:port() and a server on this machine: it counts, delays, throttles
/// and cuts. Owns its sockets and one thread. All functions from any thread.
class NetProxy {
 public:
  enum Direction { kUp, kDown };  ///< to the server, to the client

  struct Counts {
    std::uint64_t bytes[2] = {0, 0};  ///< read from a sender, by direction
    std::uint64_t turns = 0;          ///< times that bytes went the other way than those before
    std::uint64_t connections = 0;
    std::uint64_t total() const { return bytes[kUp] + bytes[kDown]; }
    /// Questions with their answers: a turn up and a turn down are one.
    std::uint64_t round_trips() const { return (turns + 1) / 2; }
    /// The time that these bytes and turns take on a line, one after the other; needs no clock, so
    /// it is the same in every run in which the bytes are.
    std::chrono::milliseconds time_on(const LineModel& line) const;
  };

  explicit NetProxy(std::uint16_t server_port, const LineModel& line = {});
  ~NetProxy();
  NetProxy(const NetProxy&) = delete;
  NetProxy& operator=(const NetProxy&) = delete;

  std::uint16_t port() const { return port_; }
  Counts counts() const;
  void reset_counts();
  /// After `bytes` more bytes in this direction were passed on, every connection is closed: exactly
  /// so many arrive. Happens once; new connections are served then.
  void cut_after(Direction direction, std::uint64_t bytes);
  /// Every connection is closed now.
  void cut();
  /// Nothing is read any more, as on a line that died without a word; what comes waits. Until
  /// thaw().
  void freeze();
  void thaw();

 private:
  using Clock = std::chrono::steady_clock;
  struct Part {
    Clock::time_point due;
    std::string bytes;
  };
  /// One direction of one connection.
  struct Pipe {
    int from = -1, to = -1;
    std::vector<Part> parts;
    std::size_t queued = 0;
    Clock::time_point line_free;
    bool ended = false, end_passed = false;
  };
  struct Connection {
    int client = -1, server = -1;
    Pipe pipes[2];
    bool closed = false;
  };

  void run();
  void accept_one();
  void read_from(Connection& connection, Direction direction);
  void write_to(Connection& connection, Direction direction);
  void close(Connection& connection);
  void wake();

  std::uint16_t server_port_, port_ = 0;
  LineModel line_;
  int listener_ = -1, wake_ = -1;
  std::vector<Connection> connections_;
  mutable std::mutex mutex_;
  Counts counts_;                              // under mutex_
  std::optional<std::uint64_t> cut_after_[2];  // under mutex_
  std::optional<Direction> last_direction_;    // under mutex_
  std::atomic<bool> ending_{false}, cut_now_{false}, frozen_{false};
  std::thread thread_;
};

}  // namespace isodb::testing
