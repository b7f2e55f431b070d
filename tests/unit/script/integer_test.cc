#include "merge/script/integer.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <sstream>

#include "tests/support/places.h"
#include "tests/support/testing.h"
#include "tests/unit/script/support.h"

using namespace isodb;
using namespace isodb::script;
using isodb::testing::slurp;
using script::testing::told_merge;

namespace {

/// Memory and a budget for values made in a test.
struct Workshop {
  Arena arena;
  Meter meter{1'000'000'000, 100'000'000};
  Heap heap{arena, meter};

  Value number(std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    return integer_parse(heap, text, 10, negative);
  }
  std::string text(const Value& value) { return integer_text(heap, value, 10); }

  /// Of up to `bits` bits, with runs of ones and zeros, which carries and guesses like.
  Value random(std::mt19937_64& random, int bits) {
    Value value = Value::small(0);
    for (int left = bits > 0 ? static_cast<int>(random() % static_cast<unsigned>(bits)) : 0;
         left > 0;) {
      const int take = std::min<int>(left, 1 + static_cast<int>(random() % 40));
      const std::uint64_t ones = (std::uint64_t{1} << take) - 1;
      const std::uint64_t part = random() % 3 == 0 ? 0 : random() % 2 == 0 ? ones : random() & ones;
      value = integer_shift_left(heap, value, Value::small(take));
      value = integer_add(heap, value, Value::small(static_cast<std::int64_t>(part)));
      left -= take;
    }
    return random() % 2 == 0 ? value : integer_negate(heap, value);
  }
};

bool same(const Value& a, const Value& b) {
  return integer_compare(a, b) == 0 && a.tag == b.tag;
}

}  // namespace

TEST_CASE("Integer arithmetic agrees with vectors computed elsewhere") {
  std::istringstream lines(slurp(std::string(isodb::testing::kScriptCases) + "/integers.txt"));
  std::string a, op, b, expected;
  int count = 0;
  while (lines >> a >> op >> b >> expected) {
    ++count;
    const std::string expression = "(" + a + ") " + op + " (" + b + ")";
    INFO(expression);
    CHECK(told_merge("def merge(): return " + expression) == expected);
  }
  CHECK(count == 540);
}

TEST_CASE("Integers keep the laws of arithmetic at every size") {
  std::mt19937_64 random(7);
  for (int i = 0; i < 3000; ++i) {
    Workshop w;
    Heap& heap = w.heap;
    const Value a = w.random(random, 700), b = w.random(random, 400), c = w.random(random, 300);
    INFO(w.text(a) << ", " << w.text(b) << ", " << w.text(c));
    // (a + b) * c = a * c + b * c; a + b - b = a
    CHECK(same(integer_multiply(heap, integer_add(heap, a, b), c),
               integer_add(heap, integer_multiply(heap, a, c), integer_multiply(heap, b, c))));
    CHECK(same(integer_subtract(heap, integer_add(heap, a, b), b), a));
    // (a + b)² - (a - b)² = 4ab
    const Value sum = integer_add(heap, a, b), difference = integer_subtract(heap, a, b);
    CHECK(same(integer_subtract(heap, integer_multiply(heap, sum, sum),
                                integer_multiply(heap, difference, difference)),
               integer_shift_left(heap, integer_multiply(heap, a, b), Value::small(2))));
    if (integer_sign(b) != 0) {
      // a = (a // b) * b + a % b, with 0 <= a % b < b or b < a % b <= 0
      const Value quotient = integer_floor_divide(heap, a, b), rest = integer_modulo(heap, a, b);
      CHECK(same(integer_add(heap, integer_multiply(heap, quotient, b), rest), a));
      CHECK((integer_sign(rest) == 0 || integer_sign(rest) == integer_sign(b)));
      CHECK((integer_compare(integer_sign(b) > 0 ? rest : integer_negate(heap, rest),
                             integer_sign(b) > 0 ? b : integer_negate(heap, b)) < 0));
    }
    // a & b + a | b = a + b; a ^ b = (a | b) - (a & b); ~a = -a - 1
    const Value both = integer_bits(heap, BitOperation::kAnd, a, b);
    const Value either = integer_bits(heap, BitOperation::kOr, a, b);
    CHECK(same(integer_add(heap, both, either), sum));
    CHECK(same(integer_bits(heap, BitOperation::kXor, a, b), integer_subtract(heap, either, both)));
    CHECK(same(integer_invert(heap, a),
               integer_subtract(heap, integer_negate(heap, a), Value::small(1))));
    // Shifts multiply and divide by powers of two.
    const Value count = Value::small(static_cast<std::int64_t>(random() % 200));
    const Value power = integer_shift_left(heap, Value::small(1), count);
    CHECK(same(integer_shift_left(heap, a, count), integer_multiply(heap, a, power)));
    CHECK(same(integer_shift_right(heap, a, count), integer_floor_divide(heap, a, power)));
    // Text reads back, in any base.
    for (const unsigned base : {2u, 7u, 10u, 16u, 36u}) {
      std::string text = integer_text(heap, a, base);
      const bool negative = text[0] == '-';
      CHECK(same(
          integer_parse(heap, std::string_view(text).substr(negative ? 1 : 0), base, negative), a));
    }
  }
}

TEST_CASE("Integers become the nearest double, ties to even, and doubles their exact integer") {
  std::mt19937_64 random(8);
  for (int i = 0; i < 5000; ++i) {
    Workshop w;
    const Value a = w.random(random, 500);
    const double near = integer_to_double(a);
    const Value back = integer_from_double(w.heap, near);
    INFO(w.text(a));
    CHECK(integer_to_double(back) == near);
    // No neighbour is nearer.
    const auto distance = [&](double other) {
      Value d = integer_subtract(w.heap, a, integer_from_double(w.heap, other));
      return integer_sign(d) < 0 ? integer_negate(w.heap, d) : d;
    };
    if (std::abs(near) > 9007199254740992.0) {
      CHECK((integer_compare(distance(near), distance(std::nextafter(near, 1e300))) <= 0));
      CHECK((integer_compare(distance(near), distance(std::nextafter(near, -1e300))) <= 0));
    } else {
      CHECK(same(back, a));
    }
    CHECK((integer_compare(w.heap, a, near) == integer_compare(a, back)));
  }
  Workshop w;
  CHECK(integer_to_double(w.number("9007199254740993")) == 9007199254740992.0);
  CHECK(integer_to_double(w.number("9007199254740995")) == 9007199254740996.0);
  CHECK(integer_to_double(w.number("18446744073709553664")) == 18446744073709551616.0);
  CHECK(integer_to_double(w.number("18446744073709553665")) == 18446744073709555712.0);
  CHECK((integer_compare(w.heap, w.number("9007199254740993"), 9007199254740992.0) > 0));
  CHECK((integer_compare(w.heap, Value::small(0), -0.5) > 0));
  CHECK((integer_compare(w.heap, Value::small(-1), -0.5) < 0));
}
