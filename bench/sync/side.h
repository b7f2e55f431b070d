#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>

#include "tests/support/child_process.h"

namespace isodb::bench {

/// What a process took. A plain value.
struct Usage {
  double cpu_seconds = 0;           ///< user's and system's
  std::uint64_t resident_peak = 0;  ///< bytes, with the pages of mapped files
  std::uint64_t private_peak = 0;   ///< bytes, without them; looked at every few milliseconds
};

/// The lines that two processes say to each other.
class Channel {
 public:
  Channel(int in, int out) : in_(in), out_(out) {}
  void say(const std::string& line) const;
  /// Waits for it. An exception when the other side has ended.
  std::string hear() const;

 private:
  int in_, out_;
};

/// One side of a sync, as a process of its own, so that its time and memory are its alone. Forked:
/// begin while this process has no thread. Its failure is an exception here.
class Side {
 public:
  Side(const std::string& name, const std::function<void(const Channel&)>& work);
  ~Side();
  Side(const Side&) = delete;
  Side& operator=(const Side&) = delete;

  const Channel& channel() const { return channel_; }
  /// Waits for the end; looks at the memory of `other`, which runs beside it, too.
  Usage finish(Side* other = nullptr);

 private:
  std::string name_;
  pid_t id_ = -1;
  int in_ = -1, out_ = -1;
  Channel channel_{-1, -1};
  std::uint64_t private_peak_ = 0;
};

/// Processor time of this process so far.
double cpu_seconds();

using testing::free_port;

}  // namespace isodb::bench
