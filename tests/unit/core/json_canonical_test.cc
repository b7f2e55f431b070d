#include "core/json_canonical.h"

#include <bit>
#include <catch2/catch.hpp>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>

#include "core/json_number.h"
#include "tests/support/testing.h"

using namespace isodb;
using namespace isodb::core;
using isodb::testing::error_of;
using isodb::testing::shared_data;
using isodb::testing::slurp;

namespace {

std::string canonical(ByteView text) {
  return canonical_json(examine_json(text).value);
}

std::string refusal(ByteView text) {
  const auto error = error_of([&] { canonical(text); });
  return error ? error->what() : "accepted";
}

}  // namespace

TEST_CASE("RFC 8785's published cases have their published canonical bytes") {
  const auto folder = shared_data("jcs");
  if (!folder) return;
  int files = 0;
  for (const auto& file : std::filesystem::directory_iterator(*folder / "input")) {
    const std::string name = file.path().filename().string();
    INFO(name);
    const std::string text = canonical(slurp(file.path()));
    CHECK(text == slurp(*folder / "output" / name));
    std::istringstream digits(slurp(*folder / "outhex" / (file.path().stem().string() + ".txt")));
    std::string expected;
    for (unsigned byte; digits >> std::hex >> byte;) expected += static_cast<char>(byte);
    CHECK(text == expected);
    ++files;
  }
  CHECK(files >= 3);
}

TEST_CASE("Ten thousand doubles are written as ECMAScript writes them") {
  const auto path = shared_data("jcs/es6-numbers-10k.txt");
  if (!path) return;
  std::ifstream lines(*path);
  int count = 0, wrong = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const std::size_t comma = line.find(',');
    std::uint64_t bits = 0;
    std::from_chars(line.data(), line.data() + comma, bits, 16);
    const std::string expected = line.substr(comma + 1);
    const bool right = ecmascript_number(std::bit_cast<double>(bits)) == expected &&
                       canonical(expected) == expected;
    if (!right && ++wrong < 5) FAIL_CHECK(line);
  }
  CHECK(count == 10'000);
  CHECK(wrong == 0);
}

TEST_CASE("The parse-number test data's decimals are the doubles it says, or outside their range") {
  const auto folder = shared_data("numbers");
  if (!folder) return;
  int inside = 0, outside = 0;
  for (const char* name : {"freetype-2-7.txt", "more-test-cases.txt"}) {
    std::ifstream lines(*folder / name);
    std::string half, single, bits_text, text;
    while (lines >> half >> single >> bits_text >> text) {
      if (json_number_bytes(text) != text.size()) continue;  // ".0", "+1", "inf": no JSON
      std::uint64_t bits = 0;
      std::from_chars(bits_text.data(), bits_text.data() + bits_text.size(), bits, 16);
      const double value = std::bit_cast<double>(bits);
      INFO(text);
      if (std::isinf(value) || (value == 0 && !equal_numbers(text, "0"))) {
        CHECK(refusal(text).starts_with("no canonical form: the number "));
        ++outside;
      } else {
        CHECK(canonical(text) == ecmascript_number(value));
        ++inside;
      }
    }
  }
  CHECK(inside > 2'000);
  CHECK(outside > 3);
}

TEST_CASE("ECMAScript's layouts change at their documented magnitudes") {
  CHECK(ecmascript_number(-0.0) == "0");
  CHECK(ecmascript_number(1e21) == "1e+21");
  CHECK(ecmascript_number(999999999999999900000.0) == "999999999999999900000");
  CHECK(ecmascript_number(123456.75) == "123456.75");
  CHECK(ecmascript_number(0.000001) == "0.000001");
  CHECK(ecmascript_number(-0.00000012) == "-1.2e-7");
  CHECK(ecmascript_number(5e-324) == "5e-324");
  CHECK(ecmascript_number(1.7976931348623157e308) == "1.7976931348623157e+308");
  CHECK(ecmascript_number(std::numeric_limits<double>::infinity()) == "null");
}

TEST_CASE("Canonical JSON orders members by UTF-16 code units, not by bytes") {
  CHECK(canonical(R"({"\ud83d\ude00":1,"\ufb33":2,"\u20ac":3,"a":4,"":5,"aa":6,"\ue000":7})") ==
        "{\"\":5,\"a\":4,\"aa\":6,\"\u20ac\":3,\"\U0001f600\":1,\"\ue000\":7,\"\ufb33\":2}");
}

TEST_CASE("Canonical JSON is the same for every spelling of the same data") {
  CHECK(canonical("{ \"b\" : 1.50 , \"a\":[ 1E2, \"\\u0041\\/\" ] }") ==
        R"({"a":[100,"A/"],"b":1.5})");
  CHECK(canonical("1.000000000000000005") == "1");
  CHECK(canonical("0e99999") == "0");
  CHECK(canonical("4.9e-324") == "5e-324");
}

TEST_CASE("What has no canonical form is refused with its place") {
  CHECK(refusal(R"({"a":[0,1e400]})") ==
        "no canonical form: the number 1e400 is outside the range of doubles at '/a/1'");
  CHECK(refusal("-1e400").starts_with("no canonical form: the number -1e400"));
  CHECK(refusal("1e-999").starts_with("no canonical form: the number 1e-999"));
  CHECK(refusal(R"({"a/b":"\ud800"})") == "no canonical form: a lone surrogate at '/a~1b'");
  CHECK(refusal(R"({"\udc00":1})").starts_with("no canonical form: a lone surrogate"));
  CHECK(refusal(R"({"x":{"a":1,"a":2}})") ==
        "no canonical form: two members of one name at '/x/a'");
}
