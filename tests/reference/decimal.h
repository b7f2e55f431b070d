#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace isodb::reference {

/// An exact decimal as a sign and the digits before and behind the point, no more than need be.
/// A plain value.
struct PlainDecimal {
  bool negative = false;
  std::string whole = "0";
  std::string fraction;

  /// nullopt where the plain text would have more than 1,000 digits.
  static std::optional<PlainDecimal> of(std::string_view json_number);
  /// "-0.5", "120".
  std::string text() const;
};

PlainDecimal operator+(const PlainDecimal& a, const PlainDecimal& b);
PlainDecimal operator-(const PlainDecimal& a, const PlainDecimal& b);

}  // namespace isodb::reference
