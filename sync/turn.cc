#include "sync/turn.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <thread>
#include <utility>

namespace isodb::sync {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLookedEvery{50};
// A watcher that takes longer to connect has a bad line, and the command will see that itself.
constexpr std::chrono::seconds kConnectingMax{10};

net::Descriptor open_lock(const fs::path& path) {
  return net::Descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
}

/// False where another one holds it.
bool try_lock(const net::Descriptor& file, int how) {
  if (file.get() < 0) return true;
  return ::flock(file.get(), how | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

void unlock(const net::Descriptor& file) {
  if (file.get() >= 0) ::flock(file.get(), LOCK_UN);
}

}  // namespace

Turn::Turn(const fs::path& repository_folder, const std::string& peer) {
  const bool is_fingerprint = peer.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (peer.empty() || !is_fingerprint) return;  // then it lets nobody in
  const fs::path folder = repository_folder / "talks";
  std::error_code ignored;
  fs::create_directory(folder, ignored);
  command_ = open_lock(folder / (peer + ".command"));
  queue_ = open_lock(folder / (peer + ".queue"));
  watcher_ = open_lock(folder / (peer + ".watcher"));
}

std::optional<Error> Turn::take(const SyncOptions& options) {
  const auto is_stopped = [&] { return options.stop != nullptr && options.stop->requested(); };
  const auto give_up = [&, begun = Clock::now()] {
    return is_stopped() || (options.time_max && Clock::now() - begun >= *options.time_max);
  };
  const bool is_taken =
      options.watch ? take_as_watcher(give_up) : take_as_command(give_up, options.on_waiting);
  if (is_taken) return std::nullopt;
  if (options.watch || is_stopped()) return Error(ErrorCode::kStale, "stopped");
  return Error(ErrorCode::kBusy, "another program of this repository talks with the same device",
               "try again when it is done, or give more time");
}

/// Waits for a watcher only while that is connecting, and not long. Whoever waits for another
/// command keeps watchers away already.
bool Turn::take_as_command(const GiveUp& give_up, const std::function<void()>& on_waiting) {
  const Clock::time_point until = Clock::now() + kConnectingMax;
  while (!try_lock(command_, LOCK_SH) && Clock::now() < until && !give_up()) {
    std::this_thread::sleep_for(kLookedEvery);
  }
  for (bool is_told = false; !try_lock(queue_, LOCK_EX);) {
    if (give_up()) return false;
    if (!std::exchange(is_told, true) && on_waiting) on_waiting();
    std::this_thread::sleep_for(kLookedEvery);
  }
  return true;
}

bool Turn::take_as_watcher(const GiveUp& give_up) {
  // The watchers' lock first: who waits for it keeps no command waiting.
  while (!try_lock(watcher_, LOCK_EX) || !try_lock(command_, LOCK_EX)) {
    if (give_up()) return false;
    std::this_thread::sleep_for(kLookedEvery);
  }
  is_watcher_ = true;
  return true;
}

void Turn::connected() {
  if (is_watcher_) unlock(command_);
}

}  // namespace isodb::sync
