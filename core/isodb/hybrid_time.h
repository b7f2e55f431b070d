#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace isodb {

/// A reading of the hybrid logical clock: 48 bits of milliseconds since 1970-01-01 UTC and a 16-bit
/// counter that orders events within one millisecond (Kulkarni et al., "Logical Physical Clocks",
/// 2014). A plain value.
struct HybridTime {
  static constexpr std::uint64_t kMillisMax = (std::uint64_t{1} << 48) - 1;

  std::uint64_t value = 0;  ///< milliseconds << 16 | counter

  static HybridTime of(std::uint64_t millis, std::uint16_t counter) {
    return {millis << 16 | counter};
  }
  std::uint64_t millis() const { return value >> 16; }
  std::uint16_t counter() const { return static_cast<std::uint16_t>(value & 0xffff); }

  /// "<milliseconds>.<counter>", both decimal without leading zeros: the form that commits carry.
  std::string text() const;
  /// The inverse of text(); nullopt for any other spelling.
  static std::optional<HybridTime> parse(std::string_view text);

  friend auto operator<=>(const HybridTime&, const HybridTime&) = default;
};

/// Eight random bytes that tell one clone of a repository from another, whoever's key it uses.
struct WriterId {
  std::uint64_t value = 0;

  std::string hex() const;  ///< 16 lower-case digits, most significant first
  static std::optional<WriterId> from_hex(std::string_view text);

  friend auto operator<=>(const WriterId&, const WriterId&) = default;
};

/// When and by which clone a version of a document was written. Orders as merging does: clock, then
/// writer.
struct Stamp {
  HybridTime clock;
  WriterId writer;

  friend auto operator<=>(const Stamp&, const Stamp&) = default;
};

}  // namespace isodb
