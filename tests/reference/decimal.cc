#include "tests/reference/decimal.h"

#include <algorithm>

#include "core/json_number.h"

namespace isodb::reference {
namespace {

constexpr std::size_t kDigitsMax = 1000;

PlainDecimal normal(PlainDecimal value) {
  value.whole.erase(0, std::min(value.whole.find_first_not_of('0'), value.whole.size() - 1));
  value.fraction.erase(value.fraction.find_last_not_of('0') + 1);
  if (value.whole == "0" && value.fraction.empty()) value.negative = false;
  return value;
}

/// Both with as many digits before and behind the point as the other, the point left out.
void align_points(const PlainDecimal& a, const PlainDecimal& b, std::string& x, std::string& y) {
  const std::size_t whole = std::max(a.whole.size(), b.whole.size()) + 1;
  const std::size_t fraction = std::max(a.fraction.size(), b.fraction.size());
  const auto digits = [&](const PlainDecimal& value) {
    return std::string(whole - value.whole.size(), '0') + value.whole + value.fraction +
           std::string(fraction - value.fraction.size(), '0');
  };
  x = digits(a);
  y = digits(b);
}

}  // namespace

std::optional<PlainDecimal> PlainDecimal::of(std::string_view json_number) {
  const core::Decimal number = core::Decimal::of(json_number);
  if (number.digits.empty()) return PlainDecimal{};
  if (number.exponent.size() > 6) return std::nullopt;
  const int point = std::stoi(number.exponent);  // 0.<digits> times ten to this power
  const int count = static_cast<int>(number.digits.size());
  PlainDecimal value;
  value.negative = number.negative;
  if (point <= 0) {
    value.fraction = std::string(static_cast<std::size_t>(-point), '0') + number.digits;
  } else if (point >= count) {
    value.whole = number.digits + std::string(static_cast<std::size_t>(point - count), '0');
  } else {
    value.whole = number.digits.substr(0, static_cast<std::size_t>(point));
    value.fraction = number.digits.substr(static_cast<std::size_t>(point));
  }
  if (value.whole.size() + value.fraction.size() > kDigitsMax) return std::nullopt;
  return value;
}

std::string PlainDecimal::text() const {
  return (negative ? "-" : "") + whole + (fraction.empty() ? "" : "." + fraction);
}

PlainDecimal operator+(const PlainDecimal& a, const PlainDecimal& b) {
  std::string x, y;
  align_points(a, b, x, y);
  bool negative = a.negative;
  int sign = 1;
  if (a.negative != b.negative) {
    sign = -1;
    if (x < y) {
      std::swap(x, y);
      negative = b.negative;
    }
  }
  int carry = 0;
  for (std::size_t i = x.size(); i-- > 0;) {
    const int sum = (x[i] - '0') + sign * (y[i] - '0') + carry;
    carry = sum < 0 ? -1 : sum / 10;
    x[i] = static_cast<char>('0' + (sum + 10) % 10);
  }
  const std::size_t fraction = std::max(a.fraction.size(), b.fraction.size());
  return normal({negative, x.substr(0, x.size() - fraction), x.substr(x.size() - fraction)});
}

PlainDecimal operator-(const PlainDecimal& a, const PlainDecimal& b) {
  PlainDecimal negated = b;
  negated.negative = !b.negative;
  return a + negated;
}

}  // namespace isodb::reference
