#include "merge/script/natural.h"

#include <algorithm>
#include <bit>

namespace isodb::script::natural {

namespace {

using Wide = std::uint64_t;

Limb low(Wide value) {
  return static_cast<Limb>(value);
}

}  // namespace

std::size_t trimmed(const Limb* limbs, std::size_t size) {
  while (size > 0 && limbs[size - 1] == 0) --size;
  return size;
}

std::strong_ordering compare(const Limb* a, std::size_t a_size, const Limb* b, std::size_t b_size) {
  if (a_size != b_size) return a_size <=> b_size;
  for (std::size_t i = a_size; i-- > 0;) {
    if (a[i] != b[i]) return a[i] <=> b[i];
  }
  return std::strong_ordering::equal;
}

std::size_t add(Limb* out, const Limb* a, std::size_t a_size, const Limb* b, std::size_t b_size) {
  if (a_size < b_size) {
    std::swap(a, b);
    std::swap(a_size, b_size);
  }
  Wide carry = 0;
  for (std::size_t i = 0; i < a_size; ++i) {
    carry += Wide{a[i]} + (i < b_size ? b[i] : 0);
    out[i] = low(carry);
    carry >>= kLimbBits;
  }
  out[a_size] = low(carry);
  return trimmed(out, a_size + 1);
}

std::size_t subtract(Limb* out, const Limb* a, std::size_t a_size, const Limb* b,
                     std::size_t b_size) {
  Wide borrow = 0;
  for (std::size_t i = 0; i < a_size; ++i) {
    const Wide difference = Wide{a[i]} - (i < b_size ? b[i] : 0) - borrow;
    out[i] = low(difference);
    borrow = difference >> 63;
  }
  return trimmed(out, a_size);
}

std::size_t multiply(Limb* out, const Limb* a, std::size_t a_size, const Limb* b,
                     std::size_t b_size) {
  std::fill(out, out + a_size + b_size, 0);
  for (std::size_t i = 0; i < a_size; ++i) {
    Wide carry = 0;
    for (std::size_t j = 0; j < b_size; ++j) {
      carry += Wide{a[i]} * b[j] + out[i + j];
      out[i + j] = low(carry);
      carry >>= kLimbBits;
    }
    out[i + b_size] = low(carry);
  }
  return trimmed(out, a_size + b_size);
}

std::size_t multiply_add(Limb* a, std::size_t a_size, Limb factor, Limb addend) {
  Wide carry = addend;
  for (std::size_t i = 0; i < a_size; ++i) {
    carry += Wide{a[i]} * factor;
    a[i] = low(carry);
    carry >>= kLimbBits;
  }
  a[a_size] = low(carry);
  return trimmed(a, a_size + 1);
}

Limb divide_small(Limb* a, std::size_t* a_size, Limb divisor) {
  Wide rest = 0;
  for (std::size_t i = *a_size; i-- > 0;) {
    rest = rest << kLimbBits | a[i];
    a[i] = low(rest / divisor);
    rest %= divisor;
  }
  *a_size = trimmed(a, *a_size);
  return low(rest);
}

std::size_t shift_left(Limb* out, const Limb* a, std::size_t a_size, std::size_t bits) {
  const std::size_t whole = bits / kLimbBits, part = bits % kLimbBits;
  Limb carry = 0;
  for (std::size_t i = 0; i < a_size; ++i) {
    const Wide shifted = Wide{a[i]} << part | carry;
    out[whole + i] = low(shifted);
    carry = low(shifted >> kLimbBits);
  }
  out[whole + a_size] = carry;
  std::fill(out, out + whole, 0);
  return trimmed(out, whole + a_size + 1);
}

std::size_t shift_right(Limb* out, const Limb* a, std::size_t a_size, std::size_t bits,
                        bool* lost) {
  const std::size_t whole = bits / kLimbBits, part = bits % kLimbBits;
  *lost = std::any_of(a, a + std::min(whole, a_size), [](Limb limb) { return limb != 0; });
  if (whole >= a_size) return 0;
  *lost |= (a[whole] & ((Limb{1} << part) - 1)) != 0;
  for (std::size_t i = whole; i < a_size; ++i) {
    const Wide pair = a[i] | (i + 1 < a_size ? Wide{a[i + 1]} << kLimbBits : 0);
    out[i - whole] = low(pair >> part);
  }
  return trimmed(out, a_size - whole);
}

std::size_t bit_length(const Limb* a, std::size_t a_size) {
  return a_size == 0
             ? 0
             : a_size * kLimbBits - static_cast<std::size_t>(std::countl_zero(a[a_size - 1]));
}

/// D. Knuth, The Art of Computer Programming, volume 2, section 4.3.1, algorithm D.
Division divide(Limb* quotient, Limb* remainder, Limb* scratch, const Limb* a, std::size_t a_size,
                const Limb* b, std::size_t b_size) {
  if (b_size == 1) {
    std::copy(a, a + a_size, quotient);
    std::size_t size = a_size;
    remainder[0] = divide_small(quotient, &size, b[0]);
    return {size, trimmed(remainder, 1)};
  }
  // D1: shifted so that the divisor's first bit is one.
  const auto shift = static_cast<std::size_t>(std::countl_zero(b[b_size - 1]));
  const std::size_t part = shift;
  for (std::size_t i = b_size; i-- > 0;) {
    const Wide pair = Wide{b[i]} << kLimbBits | (i > 0 ? b[i - 1] : 0);
    scratch[i] = low(pair << part >> kLimbBits);
  }
  Limb carry = 0;
  for (std::size_t i = 0; i < a_size; ++i) {
    const Wide shifted = Wide{a[i]} << part | carry;
    remainder[i] = low(shifted);
    carry = low(shifted >> kLimbBits);
  }
  remainder[a_size] = carry;
  const Wide first = scratch[b_size - 1], second = scratch[b_size - 2];
  for (std::size_t j = a_size - b_size + 1; j-- > 0;) {
    // D3: the guess is at most two too large, at most one after the test.
    const Wide top = Wide{remainder[j + b_size]} << kLimbBits | remainder[j + b_size - 1];
    Wide guess = top / first, rest = top % first;
    while (guess >> kLimbBits != 0 ||
           guess * second > (rest << kLimbBits | remainder[j + b_size - 2])) {
      --guess;
      rest += first;
      if (rest >> kLimbBits != 0) break;
    }
    // D4: subtract the guess times the divisor.
    Wide borrow = 0, product = 0;
    for (std::size_t i = 0; i < b_size; ++i) {
      product += guess * scratch[i];
      const Wide difference = Wide{remainder[i + j]} - low(product) - borrow;
      remainder[i + j] = low(difference);
      borrow = difference >> 63;
      product >>= kLimbBits;
    }
    const Wide difference = Wide{remainder[j + b_size]} - product - borrow;
    remainder[j + b_size] = low(difference);
    if (difference >> 63 != 0) {  // D6: one too much
      --guess;
      Wide sum = 0;
      for (std::size_t i = 0; i < b_size; ++i) {
        sum += Wide{remainder[i + j]} + scratch[i];
        remainder[i + j] = low(sum);
        sum >>= kLimbBits;
      }
      remainder[j + b_size] += low(sum);
    }
    quotient[j] = low(guess);
  }
  // D8: shift the remainder back.
  bool lost = false;
  const std::size_t rest = trimmed(remainder, b_size);
  return {trimmed(quotient, a_size - b_size + 1),
          shift_right(remainder, remainder, rest, shift, &lost)};
}

}  // namespace isodb::script::natural
