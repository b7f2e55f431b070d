#include "core/clock.h"

#include <sodium.h>

#include <algorithm>
#include <chrono>
#include <cstring>

#include "core/hex.h"
#include "isodb/error.h"

namespace isodb::core {
namespace {

class SystemEnvironment final : public Environment {
 public:
  SystemEnvironment() {
    if (sodium_init() < 0) {
      throw Error(ErrorCode::kIo, "cannot initialise libsodium",
                  "the operating system gives no random numbers: check /dev/urandom");
    }
  }

  std::uint64_t now_millis() override {
    const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
    const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count();
    return millis < 0 ? 0 : static_cast<std::uint64_t>(millis);
  }

  void random_bytes(std::uint8_t* out, std::size_t count) override { randombytes_buf(out, count); }
};

[[noreturn]] void throw_exhausted() {
  throw Error(ErrorCode::kLimit, "the clock is past what 48 bits of milliseconds can hold",
              "set the machine's clock");
}

}  // namespace

Environment& system_environment() {
  static SystemEnvironment environment;
  return environment;
}

HybridTime next_time(HybridTime after, std::uint64_t now_millis) {
  if (now_millis > HybridTime::kMillisMax || after.value == UINT64_MAX) throw_exhausted();
  return {std::max(after.value + 1, HybridTime::of(now_millis, 0).value)};
}

HybridTime next_time(HybridTime after, std::uint64_t now_millis, std::uint64_t sequence) {
  const HybridTime lowest = next_time(after, now_millis);
  const auto counter = static_cast<std::uint16_t>(sequence);
  if (lowest.counter() <= counter) return HybridTime::of(lowest.millis(), counter);
  if (lowest.millis() == HybridTime::kMillisMax) throw_exhausted();
  return HybridTime::of(lowest.millis() + 1, counter);
}

std::string uuid_v7(Environment& environment, std::uint64_t now_millis) {
  if (now_millis > HybridTime::kMillisMax) throw_exhausted();
  std::uint8_t bytes[16];
  environment.random_bytes(bytes + 6, 10);
  for (int i = 0; i < 6; ++i) bytes[i] = static_cast<std::uint8_t>(now_millis >> (40 - 8 * i));
  bytes[6] = static_cast<std::uint8_t>(0x70 | (bytes[6] & 0x0f));  // version 7
  bytes[8] = static_cast<std::uint8_t>(0x80 | (bytes[8] & 0x3f));  // variant of RFC 9562
  std::string text = to_hex(bytes, sizeof bytes);
  for (const std::size_t at : {20, 16, 12, 8}) text.insert(at, 1, '-');
  return text;
}

}  // namespace isodb::core
