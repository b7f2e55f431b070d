#pragma once

#include <cstdint>

#include "isodb/sync_report.h"
#include "net/protocol.h"

namespace isodb::sync {

/// This side of a conversation, and what it tells about it.
class Side : public net::Protocol {
 public:
  /// Nothing is under way: all that was to be sent is acknowledged, all that came is durable.
  virtual bool is_settled() const = 0;
  /// Of the conversation so far.
  virtual Report report() const = 0;
  /// Bytes of the streams under way that are still to come and to go, as far as can be told; 0:
  /// nobody knows. For people who wait. Any thread.
  virtual std::uint64_t bytes_ahead() const = 0;
};

}  // namespace isodb::sync
