#pragma once

#include <string>
#include <string_view>

#include "merge/script/heap.h"
#include "merge/script/value.h"

namespace isodb::script {

// Floats: IEEE 754 doubles, with operations that it defines to the last bit and no others.

/// The double nearest to a decimal text of digits, point and exponent; an infinity beyond the
/// range, zero below it.
double parse_double(std::string_view text);
/// What str() gives: the shortest digits that read back as the same double, with ".0" where it
/// would read as an integer; "nan", "+inf", "-inf".
std::string float_text(double value);
/// The double of any number. Stop(kOverflow) for an integer beyond the range of doubles.
double number_to_double(const Value& value);
/// floor(a / b), the quotient being rounded to a double first. Stop(kZeroDivision).
double float_floor_divide(double a, double b);
/// a - b * floor(a / b) without rounding in between: the sign is that of b. Stop(kZeroDivision).
double float_modulo(double a, double b);

}  // namespace isodb::script
