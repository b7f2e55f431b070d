#pragma once

#include <cstdint>

#include "isodb/bytes.h"
#include "isodb/hybrid_time.h"

namespace isodb::core {

/// Where time and randomness come in, so that tests can drive them. Thread-safe implementations
/// only.
class Environment {
 public:
  virtual ~Environment() = default;
  /// Milliseconds since 1970-01-01 UTC.
  virtual std::uint64_t now_millis() = 0;
  /// Fills `out` with `count` bytes fit for keys.
  virtual void random_bytes(std::uint8_t* out, std::size_t count) = 0;
};

/// The machine's clock and the operating system's random source; lives for the whole process.
Environment& system_environment();

/// The next clock reading of a writer: above `after` and, where the wall clock allows, at the wall
/// clock. Error(kLimit) when the counter and the 48 bits are exhausted.
HybridTime next_time(HybridTime after, std::uint64_t now_millis);
/// The same, with the low 16 bits of a commit's number in its writer's sequence as its counter: the
/// lowest such reading. A stamp has to name one commit of its writer, and processes of one clone
/// that commit to several branches in one millisecond know nothing of each other but the sequence.
HybridTime next_time(HybridTime after, std::uint64_t now_millis, std::uint64_t sequence);

/// A UUIDv7 (RFC 9562, 5.7) in its text form: 48 bits of `now_millis`, the rest random from
/// `environment`.
std::string uuid_v7(Environment& environment, std::uint64_t now_millis);

}  // namespace isodb::core
