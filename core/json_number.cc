#include "core/json_number.h"

#include <charconv>
#include <cstdint>

namespace isodb::core {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::size_t skip_digits(std::string_view text, std::size_t at) {
  while (at < text.size() && is_digit(text[at])) ++at;
  return at;
}

/// Decimal digits without leading zeros.
std::string_view trim_leading_zeros(std::string_view digits) {
  const std::size_t first = digits.find_first_not_of('0');
  return first == std::string_view::npos ? std::string_view{} : digits.substr(first);
}

/// `magnitude` + `delta`, where the result is known to be positive.
std::string add_to_magnitude(std::string_view magnitude, std::int64_t delta) {
  std::string sum(magnitude);
  std::int64_t carry = delta;
  for (std::size_t i = sum.size(); i-- > 0 && carry != 0;) {
    const std::int64_t total = (sum[i] - '0') + carry % 10;
    carry /= 10;
    // One digit of the total is kept; what is above or below it is carried on.
    const std::int64_t digit = (total + 10) % 10;
    carry += (total - digit) / 10;
    sum[i] = static_cast<char>('0' + digit);
  }
  if (carry > 0) sum.insert(0, std::to_string(carry));
  return std::string(trim_leading_zeros(sum));
}

/// The sum of an exponent as written ("+07", "-2") and a small number.
std::string add_exponent(std::string_view written, std::int64_t delta) {
  const bool negative = !written.empty() && written[0] == '-';
  if (!written.empty() && !is_digit(written[0])) written.remove_prefix(1);
  const std::string_view magnitude = trim_leading_zeros(written);
  if (magnitude.size() <= 17) {
    std::int64_t value = 0;
    std::from_chars(magnitude.data(), magnitude.data() + magnitude.size(), value);
    return std::to_string((negative ? -value : value) + delta);
  }
  // Beyond 10^17, so that `delta`, a difference of lengths in memory, never turns its sign.
  const std::string sum = add_to_magnitude(magnitude, negative ? -delta : delta);
  return negative ? "-" + sum : sum;
}

std::strong_ordering compare_exponents(const std::string& a, const std::string& b) {
  const bool a_negative = a[0] == '-', b_negative = b[0] == '-';
  if (a_negative != b_negative) {
    return a_negative ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  std::strong_ordering order = a.size() <=> b.size();
  if (order == 0) order = a.compare(b) <=> 0;
  return a_negative ? 0 <=> order : order;
}

}  // namespace

std::size_t json_number_bytes(std::string_view text) {
  std::size_t at = !text.empty() && text[0] == '-' ? 1 : 0;
  if (at == text.size() || !is_digit(text[at])) return 0;
  at = text[at] == '0' ? at + 1 : skip_digits(text, at);
  if (at < text.size() && text[at] == '.') {
    const std::size_t end = skip_digits(text, at + 1);
    if (end == at + 1) return at;
    at = end;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    std::size_t digits = at + 1;
    if (digits < text.size() && (text[digits] == '+' || text[digits] == '-')) ++digits;
    const std::size_t end = skip_digits(text, digits);
    if (end > digits) at = end;
  }
  return at;
}

Decimal Decimal::of(std::string_view text) {
  Decimal decimal;
  const bool negative = !text.empty() && text[0] == '-';
  if (negative) text.remove_prefix(1);
  const std::size_t mark = text.find_first_of("eE");
  const std::string_view mantissa = text.substr(0, mark);
  const std::string_view exponent =
      mark == std::string_view::npos ? std::string_view{} : text.substr(mark + 1);

  const std::size_t point = mantissa.find('.');
  const std::string_view whole = mantissa.substr(0, point);
  decimal.digits = whole;
  if (point != std::string_view::npos) decimal.digits += mantissa.substr(point + 1);

  const std::size_t leading_zeros = decimal.digits.find_first_not_of('0');
  if (leading_zeros == std::string::npos) return Decimal{};
  decimal.digits.erase(decimal.digits.find_last_not_of('0') + 1);
  decimal.digits.erase(0, leading_zeros);
  decimal.negative = negative;
  decimal.exponent = add_exponent(
      exponent, static_cast<std::int64_t>(whole.size()) - static_cast<std::int64_t>(leading_zeros));
  return decimal;
}

std::strong_ordering operator<=>(const Decimal& a, const Decimal& b) {
  const auto sign = [](const Decimal& d) { return d.digits.empty() ? 0 : d.negative ? -1 : 1; };
  if (sign(a) != sign(b)) return sign(a) <=> sign(b);
  if (sign(a) == 0) return std::strong_ordering::equal;
  std::strong_ordering order = compare_exponents(a.exponent, b.exponent);
  if (order == 0) order = a.digits.compare(b.digits) <=> 0;
  return a.negative ? 0 <=> order : order;
}

bool equal_numbers(std::string_view a, std::string_view b) {
  return a == b || Decimal::of(a) == Decimal::of(b);
}

std::strong_ordering compare_numbers(std::string_view a, std::string_view b) {
  if (a == b) return std::strong_ordering::equal;
  return Decimal::of(a) <=> Decimal::of(b);
}

}  // namespace isodb::core
