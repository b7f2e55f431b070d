#include "merge/counter.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "core/json_number.h"

namespace isodb::merge {

namespace {

/// digits · 10^-scale.
struct Fixed {
  bool negative = false;
  std::string digits;  ///< without leading zeros; "" for zero
  std::size_t scale = 0;
};

/// The power of ten of a decimal's normal form; beyond what is countable, any number that is too.
std::int64_t exponent_of(const core::Decimal& decimal) {
  const std::string& text = decimal.exponent;
  if (text.size() > 9) return text[0] == '-' ? -1'000'000'000 : 1'000'000'000;
  std::int64_t exponent = 0;
  std::from_chars(text.data(), text.data() + text.size(), exponent);
  return exponent;
}

Fixed fixed_of(std::string_view number) {
  const core::Decimal decimal = core::Decimal::of(number);
  const auto digits = static_cast<std::int64_t>(decimal.digits.size());
  const std::int64_t exponent = exponent_of(decimal);
  Fixed fixed{decimal.negative, decimal.digits, 0};
  if (exponent >= digits) {
    if (digits > 0) fixed.digits.append(static_cast<std::size_t>(exponent - digits), '0');
  } else {
    fixed.scale = static_cast<std::size_t>(digits - exponent);
  }
  return fixed;
}

void trim_leading_zeros(std::string& digits) {
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
}

/// a ≥ b as whole numbers without leading zeros.
bool at_least(const std::string& a, const std::string& b) {
  return a.size() != b.size() ? a.size() > b.size() : a >= b;
}

/// a ± b by hand; for a difference, a ≥ b.
std::string combine(std::string a, const std::string& b, int sign) {
  if (sign > 0) a.insert(0, b.size() < a.size() ? 1 : b.size() - a.size() + 1, '0');
  int carry = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const std::size_t place = a.size() - 1 - i;
    const int other = i < b.size() ? b[b.size() - 1 - i] - '0' : 0;
    const int sum = (a[place] - '0') + sign * other + carry;
    const int digit = (sum + 10) % 10;
    carry = (sum - digit) / 10;
    a[place] = static_cast<char>('0' + digit);
  }
  trim_leading_zeros(a);
  return a;
}

Fixed sum(Fixed a, Fixed b) {
  const std::size_t scale = std::max(a.scale, b.scale);
  for (Fixed* number : {&a, &b}) {
    if (!number->digits.empty()) number->digits.append(scale - number->scale, '0');
  }
  if (a.negative == b.negative) return {a.negative, combine(a.digits, b.digits, 1), scale};
  if (!at_least(a.digits, b.digits)) std::swap(a, b);
  return {a.negative, combine(a.digits, b.digits, -1), scale};
}

std::string plain_text(Fixed number) {
  std::string& digits = number.digits;
  if (digits.empty()) return "0";
  while (number.scale > 0 && digits.back() == '0') digits.pop_back(), --number.scale;
  if (digits.size() <= number.scale) digits.insert(0, number.scale + 1 - digits.size(), '0');
  if (number.scale > 0) digits.insert(digits.size() - number.scale, 1, '.');
  return (number.negative ? "-" : "") + digits;
}

}  // namespace

bool is_countable(std::string_view number) {
  const core::Decimal decimal = core::Decimal::of(number);
  const auto digits = static_cast<std::int64_t>(decimal.digits.size());
  const std::int64_t exponent = exponent_of(decimal);
  const std::int64_t whole = std::max<std::int64_t>(exponent, 1);
  const std::int64_t fraction = std::max<std::int64_t>(digits - exponent, 0);
  return whole + fraction <= static_cast<std::int64_t>(kCounterDigitsMax);
}

std::string count_step(std::string_view base, std::string_view left, std::string_view right) {
  Fixed minus_base = fixed_of(base);
  minus_base.negative = !minus_base.negative;
  return plain_text(sum(sum(fixed_of(left), fixed_of(right)), std::move(minus_base)));
}

}  // namespace isodb::merge
