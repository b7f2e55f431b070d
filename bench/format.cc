#include "bench/format.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace isodb::bench {

std::string short_number(double value) {
  const char* suffix = "";
  if (value >= 999'500) {
    value /= 1e6;
    suffix = "M";
  } else if (value >= 9'995) {
    value /= 1e3;
    suffix = "k";
  }
  int digits = 0;
  if (value > 0) digits = std::max(0, 2 - static_cast<int>(std::floor(std::log10(value))));
  char text[32];
  std::snprintf(text, sizeof(text), "%.*f%s", std::min(digits, 6), value, suffix);
  return text;
}

std::string spaced(std::uint64_t value) {
  const std::string digits = std::to_string(value);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::string times(double ratio) {
  char text[32];
  std::snprintf(text, sizeof(text), ratio >= 10 ? "%.0f×" : "%.2f×", ratio);
  return text;
}

}  // namespace isodb::bench
