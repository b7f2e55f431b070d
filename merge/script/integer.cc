#include "merge/script/integer.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "merge/script/natural.h"

namespace isodb::script {

namespace {

using natural::Limb;

constexpr std::int64_t kLowest = std::numeric_limits<std::int64_t>::min();

/// An integer of either tag as sign and magnitude; stays where it is.
class Magnitude {
 public:
  explicit Magnitude(const Value& value) {
    if (value.is(Tag::kBig)) {
      limbs_ = value.big->limbs;
      size_ = value.big->size;
      negative_ = value.big->negative;
      return;
    }
    negative_ = value.integer < 0;
    const auto bits = static_cast<std::uint64_t>(value.integer);
    const std::uint64_t magnitude = negative_ ? ~bits + 1 : bits;
    small_[0] = static_cast<Limb>(magnitude);
    small_[1] = static_cast<Limb>(magnitude >> 32);
    limbs_ = small_;
    size_ = natural::trimmed(small_, 2);
  }
  Magnitude(const Magnitude&) = delete;
  Magnitude& operator=(const Magnitude&) = delete;

  const Limb* limbs() const { return limbs_; }
  std::size_t size() const { return size_; }
  bool negative() const { return negative_; }

 private:
  Limb small_[2];
  const Limb* limbs_;
  std::size_t size_;
  bool negative_;
};

Limb* make_limbs(Heap& heap, std::size_t count) {
  heap.meter().cells(1 + (count + 3) / 4);
  heap.meter().work(count);
  return heap.arena().array<Limb>(count);
}

/// The value of limbs that stay where they are.
Value from_limbs(Arena& arena, const Limb* limbs, std::size_t size, bool negative) {
  if (size <= 2) {
    std::uint64_t magnitude = size > 0 ? limbs[0] : 0;
    if (size > 1) magnitude |= std::uint64_t{limbs[1]} << 32;
    if (!negative && magnitude < std::uint64_t{1} << 63) {
      return Value::small(static_cast<std::int64_t>(magnitude));
    }
    if (negative && magnitude <= std::uint64_t{1} << 63) {
      return Value::small(static_cast<std::int64_t>(~magnitude + 1));
    }
  }
  if (size > std::numeric_limits<std::uint32_t>::max()) {
    stop(Reason::kOutOfCells, "an integer of too many digits");
  }
  auto* big = arena.make<Big>();
  big->limbs = limbs;
  big->size = static_cast<std::uint32_t>(size);
  big->negative = negative;
  Value value;
  value.tag = Tag::kBig;
  value.big = big;
  return value;
}

Value add_magnitudes(Heap& heap, const Magnitude& a, const Magnitude& b, bool subtract) {
  const bool b_negative = b.negative() != subtract;
  Limb* const out = make_limbs(heap, std::max(a.size(), b.size()) + 1);
  if (a.negative() == b_negative) {
    const std::size_t size = natural::add(out, a.limbs(), a.size(), b.limbs(), b.size());
    return from_limbs(heap.arena(), out, size, a.negative());
  }
  if (natural::compare(a.limbs(), a.size(), b.limbs(), b.size()) >= 0) {
    const std::size_t size = natural::subtract(out, a.limbs(), a.size(), b.limbs(), b.size());
    return from_limbs(heap.arena(), out, size, a.negative());
  }
  const std::size_t size = natural::subtract(out, b.limbs(), b.size(), a.limbs(), a.size());
  return from_limbs(heap.arena(), out, size, b_negative);
}

/// Quotient and modulus, both rounded down.
struct FloorDivision {
  Value quotient, modulus;
};

FloorDivision divide_big(Heap& heap, const Value& a_value, const Value& b_value) {
  const Magnitude a(a_value), b(b_value);
  if (natural::compare(a.limbs(), a.size(), b.limbs(), b.size()) < 0) {
    if (a.size() == 0 || a.negative() == b.negative()) return {Value::small(0), a_value};
    return {Value::small(-1), integer_add(heap, a_value, b_value)};
  }
  heap.meter().work((a.size() - b.size() + 1) * b.size());
  Limb* const quotient = make_limbs(heap, a.size() + 1);
  Limb* const remainder = make_limbs(heap, a.size() + 1);
  Limb* const scratch = make_limbs(heap, b.size());
  const natural::Division sizes =
      natural::divide(quotient, remainder, scratch, a.limbs(), a.size(), b.limbs(), b.size());
  const bool opposite = a.negative() != b.negative();
  Value down = from_limbs(heap.arena(), quotient, sizes.quotient_size, opposite);
  Value rest = from_limbs(heap.arena(), remainder, sizes.remainder_size, a.negative());
  if (sizes.remainder_size > 0 && opposite) {
    down = integer_subtract(heap, down, Value::small(1));
    rest = integer_add(heap, rest, b_value);
  }
  return {down, rest};
}

void check_divisor(const Value& b) {
  if (integer_sign(b) == 0) stop(Reason::kZeroDivision, "division by zero");
}

std::uint64_t to_count(const Value& count) {
  if (integer_sign(count) < 0) stop(Reason::kValue, "a shift by a negative count");
  return count.is(Tag::kInt) ? static_cast<std::uint64_t>(count.integer)
                             : std::numeric_limits<std::uint64_t>::max();
}

/// Two's complement of `size` limbs.
void to_complement(Limb* out, std::size_t size, const Magnitude& a) {
  std::copy(a.limbs(), a.limbs() + a.size(), out);
  std::fill(out + a.size(), out + size, 0);
  if (!a.negative()) return;
  std::uint64_t carry = 1;
  for (std::size_t i = 0; i < size; ++i) {
    carry += static_cast<Limb>(~out[i]);
    out[i] = static_cast<Limb>(carry);
    carry >>= 32;
  }
}

/// How many digits of a base one limb holds, and the base to that power.
struct Chunk {
  std::size_t digits;
  Limb power;
};

Chunk chunk_of(unsigned base) {
  Chunk chunk{0, 1};
  while (std::uint64_t{chunk.power} * base <= std::numeric_limits<Limb>::max()) {
    chunk.power *= base;
    ++chunk.digits;
  }
  return chunk;
}

Limb digit_of(char c) {
  if (c >= '0' && c <= '9') return static_cast<Limb>(c - '0');
  return static_cast<Limb>((c | 0x20) - 'a' + 10);
}

std::size_t limbs_for(std::size_t digits, unsigned base) {
  const auto bits = static_cast<std::size_t>(std::bit_width(base - 1));
  return digits * bits / natural::kLimbBits + 2;
}

std::size_t parse_limbs(Limb* out, std::string_view digits, unsigned base) {
  const Chunk chunk = chunk_of(base);
  std::size_t size = 0;
  while (!digits.empty()) {
    const std::size_t take =
        digits.size() % chunk.digits == 0 ? chunk.digits : digits.size() % chunk.digits;
    Limb value = 0, power = 1;
    for (const char c : digits.substr(0, take)) {
      value = value * base + digit_of(c);
      power *= base;
    }
    size = natural::multiply_add(out, size, power, value);
    digits.remove_prefix(take);
  }
  return size;
}

}  // namespace

Value integer_add(Heap& heap, const Value& a, const Value& b) {
  std::int64_t sum = 0;
  if (a.is(Tag::kInt) && b.is(Tag::kInt) && !__builtin_add_overflow(a.integer, b.integer, &sum)) {
    return Value::small(sum);
  }
  return add_magnitudes(heap, Magnitude(a), Magnitude(b), false);
}

Value integer_subtract(Heap& heap, const Value& a, const Value& b) {
  std::int64_t difference = 0;
  if (a.is(Tag::kInt) && b.is(Tag::kInt) &&
      !__builtin_sub_overflow(a.integer, b.integer, &difference)) {
    return Value::small(difference);
  }
  return add_magnitudes(heap, Magnitude(a), Magnitude(b), true);
}

Value integer_multiply(Heap& heap, const Value& a, const Value& b) {
  std::int64_t product = 0;
  if (a.is(Tag::kInt) && b.is(Tag::kInt) &&
      !__builtin_mul_overflow(a.integer, b.integer, &product)) {
    return Value::small(product);
  }
  const Magnitude x(a), y(b);
  heap.meter().work(x.size() * y.size());
  Limb* const out = make_limbs(heap, x.size() + y.size());
  const std::size_t size = natural::multiply(out, x.limbs(), x.size(), y.limbs(), y.size());
  return from_limbs(heap.arena(), out, size, x.negative() != y.negative());
}

Value integer_floor_divide(Heap& heap, const Value& a, const Value& b) {
  check_divisor(b);
  if (a.is(Tag::kInt) && b.is(Tag::kInt) && !(a.integer == kLowest && b.integer == -1)) {
    const std::int64_t quotient = a.integer / b.integer;
    const bool inexact = quotient * b.integer != a.integer;
    return Value::small(quotient - (inexact && (a.integer < 0) != (b.integer < 0) ? 1 : 0));
  }
  return divide_big(heap, a, b).quotient;
}

Value integer_modulo(Heap& heap, const Value& a, const Value& b) {
  check_divisor(b);
  if (a.is(Tag::kInt) && b.is(Tag::kInt) && b.integer != -1) {
    const std::int64_t rest = a.integer % b.integer;
    return Value::small(rest != 0 && (rest < 0) != (b.integer < 0) ? rest + b.integer : rest);
  }
  return divide_big(heap, a, b).modulus;
}

Value integer_negate(Heap& heap, const Value& a) {
  return integer_subtract(heap, Value::small(0), a);
}

Value integer_invert(Heap& heap, const Value& a) {
  if (a.is(Tag::kInt)) return Value::small(~a.integer);
  return integer_subtract(heap, Value::small(-1), a);
}

Value integer_bits(Heap& heap, BitOperation operation, const Value& a, const Value& b) {
  const auto apply = [operation](auto x, auto y) {
    return operation == BitOperation::kAnd ? x & y : operation == BitOperation::kOr ? x | y : x ^ y;
  };
  if (a.is(Tag::kInt) && b.is(Tag::kInt)) return Value::small(apply(a.integer, b.integer));
  const Magnitude x(a), y(b);
  const std::size_t size = std::max(x.size(), y.size()) + 1;
  Limb* const out = make_limbs(heap, size);
  Limb* const other = make_limbs(heap, size);
  to_complement(out, size, x);
  to_complement(other, size, y);
  for (std::size_t i = 0; i < size; ++i) out[i] = apply(out[i], other[i]);
  const bool negative = out[size - 1] >> 31 != 0;
  if (negative) {
    std::uint64_t carry = 1;
    for (std::size_t i = 0; i < size; ++i) {
      carry += static_cast<Limb>(~out[i]);
      out[i] = static_cast<Limb>(carry);
      carry >>= 32;
    }
  }
  return from_limbs(heap.arena(), out, natural::trimmed(out, size), negative);
}

Value integer_shift_left(Heap& heap, const Value& a, const Value& count) {
  const std::uint64_t bits = to_count(count);
  const Magnitude x(a);
  if (x.size() == 0) return Value::small(0);
  if (bits > std::uint64_t{1} << 40) heap.meter().cells(bits);  // more than any budget
  Limb* const out = make_limbs(heap, x.size() + bits / natural::kLimbBits + 1);
  const std::size_t size = natural::shift_left(out, x.limbs(), x.size(), bits);
  return from_limbs(heap.arena(), out, size, x.negative());
}

Value integer_shift_right(Heap& heap, const Value& a, const Value& count) {
  const std::uint64_t bits = to_count(count);
  if (a.is(Tag::kInt)) return Value::small(a.integer >> std::min<std::uint64_t>(bits, 63));
  const Magnitude x(a);
  Limb* const out = make_limbs(heap, x.size());
  bool lost = false;
  const std::size_t size = natural::shift_right(out, x.limbs(), x.size(), bits, &lost);
  const Value towards_zero = from_limbs(heap.arena(), out, size, x.negative());
  if (!lost || !x.negative()) return towards_zero;
  return integer_subtract(heap, towards_zero, Value::small(1));
}

int integer_sign(const Value& a) {
  if (a.is(Tag::kBig)) return a.big->negative ? -1 : 1;
  return a.integer < 0 ? -1 : a.integer > 0 ? 1 : 0;
}

std::strong_ordering integer_compare(const Value& a, const Value& b) {
  if (a.is(Tag::kInt) && b.is(Tag::kInt)) return a.integer <=> b.integer;
  const Magnitude x(a), y(b);
  if (x.negative() != y.negative()) {
    return x.negative() ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  const auto order = natural::compare(x.limbs(), x.size(), y.limbs(), y.size());
  return x.negative() ? 0 <=> order : order;
}

std::strong_ordering integer_compare(Heap& heap, const Value& a, double b) {
  if (std::isinf(b)) return b > 0 ? std::strong_ordering::less : std::strong_ordering::greater;
  const double whole = std::trunc(b);
  const std::strong_ordering order = integer_compare(a, integer_from_double(heap, whole));
  if (order != 0 || whole == b) return order;
  return whole < b ? std::strong_ordering::less : std::strong_ordering::greater;
}

double integer_to_double(const Value& a) {
  if (a.is(Tag::kInt)) return static_cast<double>(a.integer);  // rounds to nearest, ties to even
  const Magnitude x(a);
  const std::size_t bits = natural::bit_length(x.limbs(), x.size());
  if (bits > 1024) return x.negative() ? -HUGE_VAL : HUGE_VAL;
  // The first 64 bits, the last of them standing for all that follow: the conversion rounds it.
  Limb top[34];
  bool lost = false;
  const std::size_t shift = bits > 64 ? bits - 64 : 0;
  natural::shift_right(top, x.limbs(), x.size(), shift, &lost);
  const std::uint64_t head = (top[0] | std::uint64_t{top[1]} << 32) | (lost ? 1 : 0);
  const double magnitude = std::ldexp(static_cast<double>(head), static_cast<int>(shift));
  return x.negative() ? -magnitude : magnitude;
}

Value integer_from_double(Heap& heap, double value) {
  if (value > -9.2e18 && value < 9.2e18) return Value::small(static_cast<std::int64_t>(value));
  int exponent = 0;
  const double fraction = std::frexp(std::fabs(value), &exponent);
  const auto bits = static_cast<std::int64_t>(std::ldexp(fraction, 53));
  const Value magnitude = integer_shift_left(heap, Value::small(bits), Value::small(exponent - 53));
  return value < 0 ? integer_negate(heap, magnitude) : magnitude;
}

std::string integer_text(Heap& heap, const Value& a, unsigned base) {
  static constexpr char kDigits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
  const Magnitude x(a);
  const Chunk chunk = chunk_of(base);
  heap.meter().work(x.size() * x.size());
  heap.meter().cells(x.size());
  std::vector<Limb> rest(x.limbs(), x.limbs() + x.size());
  std::size_t size = x.size();
  std::string reversed;
  while (size > 0) {
    Limb part = natural::divide_small(rest.data(), &size, chunk.power);
    for (std::size_t i = 0; i < chunk.digits && (size > 0 || part > 0); ++i) {
      reversed += kDigits[part % base];
      part /= base;
    }
  }
  if (reversed.empty()) reversed = "0";
  if (x.negative()) reversed += '-';
  return {reversed.rbegin(), reversed.rend()};
}

Value integer_parse(Heap& heap, std::string_view digits, unsigned base, bool negative) {
  const std::size_t limbs = limbs_for(digits.size(), base);
  heap.meter().work(digits.size() + limbs * limbs);
  Limb* const out = make_limbs(heap, limbs);
  return from_limbs(heap.arena(), out, parse_limbs(out, digits, base), negative);
}

Value parse_literal(Arena& arena, std::string_view digits, int base) {
  const auto unsigned_base = static_cast<unsigned>(base);
  Limb* const out = arena.array<Limb>(limbs_for(digits.size(), unsigned_base));
  return from_limbs(arena, out, parse_limbs(out, digits, unsigned_base), false);
}

std::uint64_t integer_hash(const Value& a) {
  const Magnitude x(a);
  std::uint64_t hash = x.negative() ? 0x9e3779b97f4a7c15u : 0x2545f4914f6cdd1du;
  for (std::size_t i = 0; i < x.size(); ++i) {
    hash = (hash ^ x.limbs()[i]) * 0x9fb21c651e98df25u;
    hash ^= hash >> 29;
  }
  return hash;
}

}  // namespace isodb::script
