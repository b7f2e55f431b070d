#include "merge/value_merge.h"

#include <catch2/catch.hpp>
#include <string>

#include "core/json_writer.h"
#include "tests/support/testing.h"

using namespace isodb;
using namespace isodb::core;
using namespace isodb::merge;
using isodb::testing::error_code_of;

namespace {

/// The merged value, with " !" where it is in conflict.
std::string merged(const FieldStrategy& strategy, const char* base, const char* left,
                   const char* right) {
  std::optional<Json> values[3];
  const char* const texts[] = {base, left, right};
  for (int i = 0; i < 3; ++i) {
    if (texts[i] != nullptr) values[i] = parse_json(texts[i]);
  }
  const auto value = [&](int i) { return values[i] ? &*values[i] : nullptr; };
  const MergedJson merged = merge_values(strategy, value(0), value(1), value(2));
  return (merged.value ? write_json(*merged.value) : "none") + (merged.conflict ? " !" : "");
}

}  // namespace

TEST_CASE("A script merges values as rules would") {
  CHECK(merged({}, R"({"a":1,"b":1})", R"({"a":2,"b":1})", R"({"a":1,"b":2})") ==
        R"({"a":2,"b":2})");
  CHECK(merged({}, "[1]", "[1,2]", "[1,3]") == "[1,2,3] !");
  CHECK(merged({}, "1", "2", "3") == "3 !");
  CHECK(merged({}, "1", nullptr, "1") == "none");
  CHECK(merged({Strategy::kCounter, {}}, "1", "2", "3") == "4");
  CHECK(merged({Strategy::kCounter, {}}, "1", "\"x\"", "3") == "3 !");
  CHECK(merged({Strategy::kSet, {}}, "[1]", "[1,2]", "[3]") == "[2,3]");
  CHECK(merged({Strategy::kList, {}}, "[1]", "[1,2]", "[1,3]") == "[1,2,3]");
  CHECK(merged({Strategy::kKeyedList, {"id"}}, R"([{"id":1}])", R"([{"id":1,"v":1}])",
               R"([{"id":1,"w":1}])") == R"([{"id":1,"v":1,"w":1}])");
  CHECK(merged({Strategy::kText, {}}, R"("a\nb\nc")", R"("A\nb\nc")", R"("a\nb\nC")") ==
        R"("A\nb\nC")");
  CHECK(error_code_of([] {
          merge_values({Strategy::kMax, {}}, nullptr, nullptr, nullptr);
        }) == ErrorCode::kInvalid);
}
