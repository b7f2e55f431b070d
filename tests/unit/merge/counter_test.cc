#include "merge/counter.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>

using namespace isodb::merge;

TEST_CASE("A counter adds both differences exactly, written as the shortest plain decimal") {
  struct Case {
    std::string base, left, right, sum;
  };
  const Case cases[] = {
      {"0", "1", "2", "3"},
      {"5", "6", "7", "8"},
      {"5", "4", "4", "3"},
      {"5", "0", "0", "-5"},
      {"0", "0.1", "0.2", "0.3"},
      {"1.0", "1.5", "1", "1.5"},
      {"0", "-0.25", "-0.25", "-0.5"},
      {"0", "1e2", "2E+1", "120"},
      {"1e-3", "2e-3", "0.002", "0.003"},
      {"0", "0", "-0", "0"},
      {"10", "9.5", "10.5", "10"},
      {"9007199254740993", "9007199254740994", "9007199254740995", "9007199254740996"},
      {"0", "99999999999999999999999999999999", "1", "100000000000000000000000000000000"},
      {"100", "99.99", "0.01", "0"},
      {"3", "1", "1", "-1"},
  };
  for (const Case& c : cases) {
    INFO(c.base << " " << c.left << " " << c.right);
    CHECK(count_step(c.base, c.left, c.right) == c.sum);
    CHECK(count_step(c.base, c.right, c.left) == c.sum);
  }
  const std::string nines(1000, '9');
  CHECK(count_step("0", nines, "1") == "1" + std::string(1000, '0'));
}

TEST_CASE("A counter agrees with whole numbers of the machine") {
  std::mt19937_64 random(1);
  for (int i = 0; i < 2000; ++i) {
    const auto number = [&] { return static_cast<std::int64_t>(random() % 2'000'001) - 1'000'000; };
    const std::int64_t base = number(), left = number(), right = number();
    REQUIRE(count_step(std::to_string(base), std::to_string(left), std::to_string(right)) ==
            std::to_string(left + right - base));
  }
}

TEST_CASE("Numbers of up to 1,000 plain digits can be counted with") {
  CHECK(is_countable("0"));
  CHECK(is_countable("1e999"));
  CHECK_FALSE(is_countable("1e1000"));
  CHECK(is_countable("1e-999"));
  CHECK_FALSE(is_countable("1e-1000"));
  CHECK(is_countable(std::string(1000, '7')));
  CHECK_FALSE(is_countable(std::string(1000, '7') + ".5"));
  CHECK_FALSE(is_countable("1e99999999999999999999"));
  CHECK_FALSE(is_countable("1e-99999999999999999999"));
  CHECK(is_countable("0e99999999999999999999"));
}
