#include "core/json_number.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace isodb::core;

namespace {

std::string spelled(const std::string& digits, const std::string& exponent) {
  return digits + "e" + exponent;
}

bool less(const std::string& a, const std::string& b) {
  return compare_numbers(a, b) < 0;
}

}  // namespace

TEST_CASE("A JSON number ends where RFC 8259 says") {
  CHECK(json_number_bytes("0") == 1);
  CHECK(json_number_bytes("01") == 1);
  CHECK(json_number_bytes("-0.10e+02x") == 9);
  CHECK(json_number_bytes("12.") == 2);
  CHECK(json_number_bytes("12e") == 2);
  CHECK(json_number_bytes("12e+") == 2);
  CHECK(json_number_bytes("+1") == 0);
  CHECK(json_number_bytes(".5") == 0);
  CHECK(json_number_bytes("-") == 0);
  CHECK(json_number_bytes("") == 0);
}

TEST_CASE("Numbers are equal by exact decimal value") {
  CHECK(equal_numbers("1", "1.0"));
  CHECK(equal_numbers("1", "1e0"));
  CHECK(equal_numbers("100", "1E+2"));
  CHECK(equal_numbers("0.001", "1e-3"));
  CHECK(equal_numbers("-0", "0.000e99"));
  CHECK(equal_numbers("0e99999999999999999999999", "0"));
  CHECK(equal_numbers("120.0e-1", "12"));
  CHECK_FALSE(equal_numbers("1", "-1"));
  CHECK_FALSE(equal_numbers("1", "1.00000000000000000000000001"));
  CHECK_FALSE(equal_numbers("9007199254740992", "9007199254740993"));
  CHECK_FALSE(equal_numbers("1e400", "1e401"));
}

TEST_CASE("Huge exponents are compared without expanding them") {
  const std::string huge(1000, '9');
  const std::string huge_and_one = "1" + std::string(1000, '0');
  CHECK(equal_numbers(spelled("10", huge), spelled("1", huge_and_one)));
  CHECK(equal_numbers(spelled("0.1", "-" + huge), spelled("1", "-" + huge_and_one)));
  CHECK(equal_numbers(spelled("1", "-" + huge), spelled("10", "-" + huge_and_one)));
  CHECK_FALSE(equal_numbers(spelled("1", huge), spelled("1", huge_and_one)));
  CHECK(less(spelled("1", huge), spelled("1", huge_and_one)));
  CHECK(less(spelled("1", "-" + huge_and_one), spelled("1", "-" + huge)));
  CHECK(less(spelled("-1", huge), spelled("1", "-" + huge)));
  CHECK(equal_numbers(spelled("1000000", "99999999999999999999"),
                      spelled("1", "100000000000000000005")));
  CHECK(equal_numbers(spelled("1", "-99999999999999999999"),
                      spelled("100", "-100000000000000000001")));
  CHECK(equal_numbers(spelled("0.0000000001", "100000000000000000000"),
                      spelled("1", "99999999999999999990")));
}

TEST_CASE("Numbers are ordered by value, across signs, lengths and exponents") {
  const std::vector<std::string> rising = {
      "-1e1000", "-123.5", "-123.45", "-1",  "-0.5", "-1e-10", "0",  "1e-1000000000000",
      "1e-10",   "0.49",   "0.5",     "1",   "1.01", "9",      "10", "99.999",
      "100",     "1e20",   "2e20",    "1e21"};
  for (std::size_t i = 0; i < rising.size(); ++i) {
    for (std::size_t j = 0; j < rising.size(); ++j) {
      INFO(rising[i] << " against " << rising[j]);
      CHECK((compare_numbers(rising[i], rising[j]) == (i <=> j)));
    }
  }
}

TEST_CASE("The normal form of a number has no zero at either end of its digits") {
  const Decimal number = Decimal::of("-0012e0");  // not JSON, but harmless
  CHECK(number.digits == "12");
  CHECK(Decimal::of("-0.00120").digits == "12");
  CHECK(Decimal::of("-0.00120").exponent == "-2");
  CHECK(Decimal::of("-0.00120").negative);
  CHECK(Decimal::of("1200").exponent == "4");
  CHECK(Decimal::of("-0.0") == Decimal{});
}
