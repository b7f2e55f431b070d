#pragma once

#include <cstdint>
#include <string>

namespace isodb::bench {

/// Three significant digits: "0.0123", "4.57", "148k", "2.96M".
std::string short_number(double value);
/// "1,000,000".
std::string spaced(std::uint64_t value);
/// "1.7×", "0.8×", "23×".
std::string times(double ratio);

}  // namespace isodb::bench
