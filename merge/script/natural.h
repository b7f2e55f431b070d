#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

namespace isodb::script::natural {

/// Arithmetic of magnitudes: 32-bit limbs, least first. Lengths are exact: the last limb is not
/// zero, and zero has none. The caller gives the memory; results may not overlap operands unless it
/// says so. Schoolbook throughout: the budget of a run keeps numbers small, and counts this work.
using Limb = std::uint32_t;
inline constexpr std::size_t kLimbBits = 32;

/// The length without leading zeros.
std::size_t trimmed(const Limb* limbs, std::size_t size);
std::strong_ordering compare(const Limb* a, std::size_t a_size, const Limb* b, std::size_t b_size);
/// Needs max(a_size, b_size) + 1 limbs.
std::size_t add(Limb* out, const Limb* a, std::size_t a_size, const Limb* b, std::size_t b_size);
/// a - b for a >= b; needs a_size limbs. `out` may be `a`.
std::size_t subtract(Limb* out, const Limb* a, std::size_t a_size, const Limb* b,
                     std::size_t b_size);
/// Needs a_size + b_size limbs.
std::size_t multiply(Limb* out, const Limb* a, std::size_t a_size, const Limb* b,
                     std::size_t b_size);
/// a = a * factor + addend; needs one limb of room.
std::size_t multiply_add(Limb* a, std::size_t a_size, Limb factor, Limb addend);
/// a = a / divisor; the remainder.
Limb divide_small(Limb* a, std::size_t* a_size, Limb divisor);

struct Division {
  std::size_t quotient_size, remainder_size;
};
/// For a_size >= b_size >= 1. Needs a_size - b_size + 1 limbs for the quotient, a_size + 1 for the
/// remainder and b_size for `scratch`.
Division divide(Limb* quotient, Limb* remainder, Limb* scratch, const Limb* a, std::size_t a_size,
                const Limb* b, std::size_t b_size);
/// Needs a_size + bits / 32 + 1 limbs.
std::size_t shift_left(Limb* out, const Limb* a, std::size_t a_size, std::size_t bits);
/// Rounds towards zero; needs a_size limbs. `*lost` tells whether a one was shifted out.
std::size_t shift_right(Limb* out, const Limb* a, std::size_t a_size, std::size_t bits, bool* lost);
std::size_t bit_length(const Limb* a, std::size_t a_size);

}  // namespace isodb::script::natural
