#pragma once

#include <cstdint>

namespace isodb::bench {

/// A bijection of 64-bit numbers that scatters them (the finaliser of SplitMix64: Steele, Lea and
/// Flood, "Fast splittable pseudorandom number generators", 2014).
constexpr std::uint64_t scatter(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

/// SplitMix64. Ours rather than the standard library's distributions, which differ between
/// platforms: the same seed gives the same corpus everywhere.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() { return scatter(state_ += 0x9e3779b97f4a7c15); }
  /// A number below `bound`, which is not 0. The bias, below bound / 2^32, does not matter here.
  std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>(((next() >> 32) * bound) >> 32);
  }
  /// A number from `low` to `high`, both included.
  int between(int low, int high) {
    return low + static_cast<int>(below(static_cast<std::uint32_t>(high - low + 1)));
  }

 private:
  std::uint64_t state_;
};

}  // namespace isodb::bench
