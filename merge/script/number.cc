#include "merge/script/number.h"

#include <cfloat>
#include <charconv>
#include <cmath>

#include "core/json_canonical.h"
#include "core/json_number.h"
#include "merge/script/integer.h"

namespace isodb::script {

// A processor that computes with more digits than a double has would round differently.
static_assert(FLT_EVAL_METHOD == 0 && DBL_MANT_DIG == 53 && DBL_MAX_EXP == 1024);

double parse_double(std::string_view text) {
  double value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc::result_out_of_range) return value;
  const bool small = core::Decimal::of(text).exponent[0] == '-';
  const double magnitude = small ? 0.0 : HUGE_VAL;
  return text[0] == '-' ? -magnitude : magnitude;
}

std::string float_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "+inf";
  if (value == 0) return std::signbit(value) ? "-0.0" : "0.0";
  std::string text = core::ecmascript_number(value);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

double number_to_double(const Value& value) {
  if (value.is_float()) return value.as_double();
  const double number = integer_to_double(value);
  if (std::isinf(number)) stop(Reason::kOverflow, "an integer outside the range of floats");
  return number;
}

double float_floor_divide(double a, double b) {
  if (b == 0) stop(Reason::kZeroDivision, "division by zero");
  return std::floor(a / b);
}

double float_modulo(double a, double b) {
  if (b == 0) stop(Reason::kZeroDivision, "division by zero");
  const double rest = std::fmod(a, b);  // exact by definition
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

}  // namespace isodb::script
