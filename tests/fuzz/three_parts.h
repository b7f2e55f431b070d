#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace isodb::fuzz {

/// A fuzzer's bytes as three: cut at NULs.
inline std::array<std::string_view, 3> three_parts(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::array<std::string_view, 3> parts;
  for (std::string_view& part : parts) {
    part = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(part.size() < rest.size() ? part.size() + 1 : rest.size());
  }
  return parts;
}

}  // namespace isodb::fuzz
