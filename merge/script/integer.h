#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "merge/script/heap.h"
#include "merge/script/value.h"

namespace isodb::script {

// Exact integers. Values have the tag kInt or kBig; a result that fits 64 bits is always a kInt.
// Work and memory are charged before they are spent: a step for every 64 products of limbs, a cell
// for every 4 limbs. Throws Stop.

Value integer_add(Heap& heap, const Value& a, const Value& b);
Value integer_subtract(Heap& heap, const Value& a, const Value& b);
Value integer_multiply(Heap& heap, const Value& a, const Value& b);
/// Rounded down; the modulus has the sign of b.
Value integer_floor_divide(Heap& heap, const Value& a, const Value& b);
Value integer_modulo(Heap& heap, const Value& a, const Value& b);
Value integer_negate(Heap& heap, const Value& a);
/// As in two's complement of endless width.
enum class BitOperation { kAnd, kOr, kXor };
Value integer_bits(Heap& heap, BitOperation operation, const Value& a, const Value& b);
Value integer_invert(Heap& heap, const Value& a);
/// Stop(kValue) for a negative count.
Value integer_shift_left(Heap& heap, const Value& a, const Value& count);
Value integer_shift_right(Heap& heap, const Value& a, const Value& count);

int integer_sign(const Value& a);
std::strong_ordering integer_compare(const Value& a, const Value& b);
/// Exact: infinities are beyond every integer. Not for not-a-number.
std::strong_ordering integer_compare(Heap& heap, const Value& a, double b);
/// The nearest double, ties to even; an infinity beyond their range.
double integer_to_double(const Value& a);
/// The integer part of a finite double.
Value integer_from_double(Heap& heap, double value);

/// Digits in lower case, with a minus sign.
std::string integer_text(Heap& heap, const Value& a, unsigned base);
/// Digits alone, all of them of the base.
Value integer_parse(Heap& heap, std::string_view digits, unsigned base, bool negative);
/// As above, in a program's own memory: at most kLiteralDigitsMax digits.
Value parse_literal(Arena& arena, std::string_view digits, int base);

std::uint64_t integer_hash(const Value& a);

}  // namespace isodb::script
