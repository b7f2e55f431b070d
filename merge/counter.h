#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace isodb::merge {

/// Digits that a number may have, written without an exponent, to be counted with.
inline constexpr std::size_t kCounterDigitsMax = 1'000;

/// True when `number`, a JSON number, has at most kCounterDigitsMax digits, written plainly.
bool is_countable(std::string_view number);

/// left + (right − base), exactly, as the shortest plain decimal: "-0.5", "120". JSON numbers of a
/// few thousand digits, written plainly, at most. Thread-safe.
std::string count_step(std::string_view base, std::string_view left, std::string_view right);

}  // namespace isodb::merge
