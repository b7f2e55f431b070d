#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "isodb/error.h"
#include "net/carrier.h"
#include "net/resolve.h"
#include "net/socket.h"
#include "net/system_error.h"

namespace isodb::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kBetweenAttempts{250};  // RFC 8305, section 8

/// Attempts to reach one host, several at a time.
class Attempts {
 public:
  Attempts(const Address& address, std::vector<Candidate> candidates,
           const Cancellation* cancellation)
      : address_(address), candidates_(std::move(candidates)), cancellation_(cancellation) {}

  Descriptor first(Deadline deadline);

 private:
  void begin_next();
  /// Looks at all that are under way; a connected one.
  Descriptor settle(milliseconds wait);

  const Address& address_;
  std::vector<Candidate> candidates_;
  const Cancellation* cancellation_;
  std::size_t next_ = 0;
  std::vector<Descriptor> under_way_;
  int last_error_ = ETIMEDOUT;
};

void Attempts::begin_next() {
  Descriptor begun = begin_connect(candidates_[next_++]);
  if (begun) {
    under_way_.push_back(std::move(begun));
  } else {
    last_error_ = errno;
  }
}

Descriptor Attempts::settle(milliseconds wait) {
  std::vector<pollfd> waiting;
  for (const Descriptor& socket : under_way_) waiting.push_back({socket.get(), POLLOUT, 0});
  waiting.push_back({cancellation_ != nullptr ? cancellation_->descriptor() : -1, POLLIN, 0});
  ::poll(waiting.data(), waiting.size(), static_cast<int>(wait.count()));
  std::vector<Descriptor> still;
  Descriptor connected;
  for (std::size_t i = 0; i < under_way_.size(); ++i) {
    if (waiting[i].revents == 0) {
      still.push_back(std::move(under_way_[i]));
      continue;
    }
    int error_number = 0;
    socklen_t length = sizeof error_number;
    ::getsockopt(under_way_[i].get(), SOL_SOCKET, SO_ERROR, &error_number, &length);
    if (error_number != 0) {
      last_error_ = error_number;
    } else if (!connected) {
      connected = std::move(under_way_[i]);
    }
  }
  under_way_ = std::move(still);
  return connected;
}

Descriptor Attempts::first(Deadline deadline) {
  Deadline next_begins = steady_clock::now();
  while (true) {
    if (cancellation_ != nullptr && cancellation_->requested()) {
      throw Error(ErrorCode::kStale, "stopped while connecting to " + address_.text());
    }
    const auto now = steady_clock::now();
    if (now >= deadline) throw_system_error("connect to " + address_.text(), ETIMEDOUT);
    if (next_ < candidates_.size() && (under_way_.empty() || now >= next_begins)) {
      begin_next();
      next_begins = now + kBetweenAttempts;
      continue;
    }
    if (under_way_.empty()) throw_system_error("connect to " + address_.text(), last_error_);
    const Deadline until = next_ < candidates_.size() ? std::min(next_begins, deadline) : deadline;
    const auto wait = std::chrono::ceil<milliseconds>(until - now);
    Descriptor connected = settle(std::min(wait, milliseconds(60'000)));
    if (connected) return connected;
  }
}

}  // namespace

Carrier connect_tcp(const Address& address, milliseconds timeout,
                    const Cancellation* cancellation) {
  const Deadline deadline = steady_clock::now() + timeout;
  Attempts attempts(address, resolve(address, deadline, cancellation), cancellation);
  Carrier carrier;
  carrier.in = attempts.first(deadline);
  carrier.name = address.text();
  return carrier;
}

}  // namespace isodb::net
