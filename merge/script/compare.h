#pragma once

#include <compare>
#include <cstdint>

#include "merge/script/heap.h"
#include "merge/script/value.h"

namespace isodb::script {

/// Values may be nested this deep where they are compared, written out or converted; documents are
/// nested no deeper.
inline constexpr int kValueDepthMax = 512;

/// ==. Numbers by their exact values, whatever their types; containers by what they hold; dicts and
/// sets in any order; functions are equal to themselves alone. Charges a step for every item.
bool equal_values(Heap& heap, const Value& a, const Value& b, int depth = 0);
/// The order of <, for two numbers, strings, bools, or sequences of such; Stop(kType) for others.
/// Not-a-number is above all other floats, and equal to itself.
std::strong_ordering compare_values(Heap& heap, const Value& a, const Value& b, int depth = 0);
/// What `if` and `not` ask.
bool is_true(const Value& value);
/// Throws Stop(kTooDeep) beyond kValueDepthMax.
void check_depth(int depth);

}  // namespace isodb::script
