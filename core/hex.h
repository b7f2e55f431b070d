#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace isodb::core {

/// Lower-case hexadecimal digits of `count` bytes.
std::string to_hex(const std::uint8_t* bytes, std::size_t count);

/// Reads exactly 2 * `count` lower-case digits into `out`; false, with `out` undefined, for any
/// other text. Upper case is refused so that every value has one spelling.
bool from_hex(std::string_view text, std::uint8_t* out, std::size_t count);

}  // namespace isodb::core
