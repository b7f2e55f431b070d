#include "repo/path_order.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>
#include <string>

namespace isodb::repo {
namespace {

std::vector<std::uint32_t> naive(const std::vector<std::string>& paths) {
  std::vector<std::uint32_t> order(paths.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return paths[a] < paths[b]; });
  return order;
}

void check(const std::vector<std::string>& paths) {
  const std::vector<std::string_view> views(paths.begin(), paths.end());
  CHECK(order_of_paths(views) == naive(paths));
}

}  // namespace

TEST_CASE("paths are ordered bytewise, equal ones by their places") {
  check({});
  check({"b"});
  check({"b", "a", "b", "a", ""});
  check({"a/b", "a", "a/b/c", "a/", "a/b"});
  check({"\xc3\xa9", "z", "\xf0\x9f\x98\x80", "e"});
  check({"records/123456781", "records/12345678", "records/123456780", "records/1234567"});
}

TEST_CASE("paths with long common beginnings and short differences are ordered bytewise") {
  std::vector<std::string> paths;
  for (std::uint32_t i = 0; i < 3000; ++i) {
    const std::uint32_t number = i * 2654435761u;
    paths.push_back("farm/animals/" + std::to_string(number % 700) +
                    std::string(number % 13, static_cast<char>('a' + number % 3)));
  }
  check(paths);
}

}  // namespace isodb::repo
