#pragma once

#include <array>
#include <string_view>

namespace isodb::bench {

/// SHA-256 as the key-value engines use it: OpenSSL, the algorithm fetched once, one context a
/// thread. Not isodb's own function, so that its faults and merits stay its own.
using Hash = std::array<char, 32>;
Hash sha256(std::string_view data);

inline std::string_view view(const Hash& hash) {
  return {hash.data(), hash.size()};
}

}  // namespace isodb::bench
