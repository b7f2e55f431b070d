#include "objects/boundary.h"

#include <algorithm>

#include "core/hash.h"

namespace isodb::objects {
namespace {

// A key cuts when its hash is below key weight * (w - 512) * 2^65 / 4096^2: the chance grows with
// the weight w of the node, which gathers the sizes around the target (a Rayleigh distribution).
constexpr unsigned kHashShift = 41;
constexpr std::uint64_t kCertain = std::uint64_t{1} << (64 - kHashShift);
static_assert(std::uint64_t{1} << (65 - kHashShift) == kNodeWeightTarget * kNodeWeightTarget);

constexpr std::uint64_t kSecondHalf = kNodeWeightMax / 2;

bool hash_cuts(std::uint64_t hash, std::uint64_t key_weight, std::uint64_t weight) {
  if (weight <= kNodeWeightMin) return false;
  const std::uint64_t chance = key_weight * (weight - kNodeWeightMin);
  return chance >= kCertain || hash < chance << kHashShift;
}

}  // namespace

bool ends_naturally(std::uint8_t level, std::string_view last_key, std::uint64_t weight,
                    std::size_t keys) {
  return keys >= 2 && hash_cuts(core::xxh3(last_key, level), key_weight(last_key), weight);
}

bool surely_ends_naturally(std::uint8_t level, std::string_view last_key) {
  // A forced cut falls past the first half on a key that was no natural end there.
  return hash_cuts(core::xxh3(last_key, level), key_weight(last_key), kSecondHalf + 1);
}

void BoundaryFinder::restart() {
  weight_ = 0;
  keys_ = 0;
  second_half_.clear();
}

std::optional<std::size_t> BoundaryFinder::add(std::string_view key) {
  const std::uint64_t hash = core::xxh3(key, level_);
  weight_ += key_weight(key);
  ++keys_;
  std::size_t cut = 0;
  if (keys_ >= 2 && hash_cuts(hash, key_weight(key), weight_)) {
    cut = keys_;
  } else if (weight_ > kNodeWeightMax) {
    cut = forced_cut();
  } else {
    if (weight_ > kSecondHalf) second_half_.push_back({hash, keys_});
    return std::nullopt;
  }
  restart();
  return cut;
}

std::size_t BoundaryFinder::forced_cut() const {
  // Never empty: the key before the one that crossed the maximum stands past the first half.
  const auto least = std::min_element(second_half_.begin(), second_half_.end(),
                                      [](const Seen& a, const Seen& b) { return a.hash < b.hash; });
  return least->keys_through;
}

}  // namespace isodb::objects
