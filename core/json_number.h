#pragma once

#include <compare>
#include <string>
#include <string_view>

namespace isodb::core {

/// Bytes of the longest JSON number (RFC 8259, section 6) that `text` begins with; 0 when it begins
/// with none. "01" begins with the number "0".
std::size_t json_number_bytes(std::string_view text);

/// The exact decimal value of a JSON number in its one normal form: 0.<digits> times ten to the
/// power `exponent`. Never expands an exponent, so 1e999999999999 costs its 14 bytes. A plain
/// value.
struct Decimal {
  bool negative = false;
  std::string digits;          ///< no zero first or last; empty for zero
  std::string exponent = "0";  ///< decimal, without leading zeros, "-" where negative

  /// `text` must be a JSON number. O(its bytes). Both zeros, 0 and -0, are one value.
  static Decimal of(std::string_view text);
  friend bool operator==(const Decimal&, const Decimal&) = default;
};
std::strong_ordering operator<=>(const Decimal& a, const Decimal& b);

/// Compare two JSON numbers by exact decimal value: no floating point, no rounding. Thread-safe.
bool equal_numbers(std::string_view a, std::string_view b);
std::strong_ordering compare_numbers(std::string_view a, std::string_view b);

}  // namespace isodb::core
