#include "sync/turn.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <system_error>
#include <thread>

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
  watcher_ = open_lock(folder / (peer + ".watcher"));
}

void Turn::take_as_command(const GiveUp& give_up) {
  const Clock::time_point until = Clock::now() + kConnectingMax;
  while (!try_lock(command_, LOCK_SH) && Clock::now() < until && !give_up()) {
    std::this_thread::sleep_for(kLookedEvery);
  }
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
