#include "isodb/hybrid_time.h"

#include <charconv>

#include "core/hex.h"

namespace isodb {
namespace {

/// A decimal number of at most `max`, without sign or leading zeros, or nullopt.
std::optional<std::uint64_t> parse_decimal(std::string_view text, std::uint64_t max) {
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (result.ec != std::errc{} || result.ptr != end || value > max) return std::nullopt;
  return value;
}

}  // namespace

std::string HybridTime::text() const {
  return std::to_string(millis()) + "." + std::to_string(counter());
}

std::optional<HybridTime> HybridTime::parse(std::string_view text) {
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto millis = parse_decimal(text.substr(0, dot), kMillisMax);
  const auto counter = parse_decimal(text.substr(dot + 1), 0xffff);
  if (!millis || !counter) return std::nullopt;
  return of(*millis, static_cast<std::uint16_t>(*counter));
}

std::string WriterId::hex() const {
  std::uint8_t bytes[8];
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<std::uint8_t>(value >> (56 - 8 * i));
  return core::to_hex(bytes, sizeof bytes);
}

std::optional<WriterId> WriterId::from_hex(std::string_view text) {
  std::uint8_t bytes[8];
  if (!core::from_hex(text, bytes, sizeof bytes)) return std::nullopt;
  WriterId id;
  for (const std::uint8_t byte : bytes) id.value = id.value << 8 | byte;
  return id;
}

}  // namespace isodb
