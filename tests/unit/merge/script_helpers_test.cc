#include "merge/script_helpers.h"

#include <catch2/catch.hpp>
#include <string>

#include "core/json_writer.h"

using namespace isodb;
using isodb::core::Json;

namespace {

script::Outcome outcome_of(const std::string& expression, const script::Budget& budget = {}) {
  const auto program = script::Program::compile("def f():\n    return " + expression + "\n");
  return script::run(program, "f", std::span<const Json>(), merge::script_helpers(), budget);
}

/// The value of an expression, then the fields that were put in conflict, each behind a "!"; or the
/// reason of its failure.
std::string value_of(const std::string& expression) {
  const script::Outcome outcome = outcome_of(expression);
  if (outcome.failure) return std::string(script::reason_name(outcome.failure->reason));
  std::string text = core::write_json(*outcome.value);
  for (const std::string& field : outcome.notes) text += " !" + field;
  return text;
}

}  // namespace

TEST_CASE("isodb.json merges by members, and names each field in which it had to choose") {
  CHECK(value_of("isodb.json({'a': 1, 'b': 1}, {'a': 2, 'b': 1}, {'a': 1, 'b': 2})") ==
        R"({"a":2,"b":2})");
  CHECK(value_of("isodb.json({'a': 1}, {'a': 2}, {'a': 3})") == R"({"a":3} !/a)");
  CHECK(value_of("isodb.json({'a': {'b/c': 1, 'd': 1}}, {'a': {'b/c': 2, 'd': 2}}, "
                 "{'a': {'b/c': 3, 'd': 3}})") == R"({"a":{"b/c":3,"d":3}} !/a/b~1c !/a/d)");
  CHECK(value_of("isodb.json(None, {'a': 1}, {'b': 2})") == R"({"a":1,"b":2})");
  CHECK(value_of("isodb.json({'a': 1}, None, {'a': 2})") == R"({"a":2} !)");
  CHECK(value_of("isodb.json({'a': 1}, None, {'a': 1})") == "null");
  CHECK(value_of("isodb.json({'a': 1, 'b': 1}, {'b': 1}, {'a': 2, 'b': 1})") ==
        R"({"a":2,"b":1} !/a)");
  CHECK(value_of("isodb.json([1], [1, 2], [1, 3])") == "[1,2,3] !");
  CHECK(value_of("isodb.json({'a': [1]}, {'a': [1, 2]}, {'a': [1, 3]})") == R"({"a":[1,2,3]} !/a)");
}

TEST_CASE("isodb.json leaves conflicts to a script that decides the fields itself") {
  const std::string sides =
      "{'a': 1, 'o': {'x': 1, 'y': 1}}, {'a': 2, 'o': {'x': 2, 'y': 2}}, "
      "{'a': 3, 'o': {'x': 3, 'y': 3}}";
  const std::string merged = R"({"a":3,"o":{"x":3,"y":3}})";
  CHECK(value_of("isodb.json(" + sides + ", ['/a'])") == merged + " !/o/x !/o/y");
  CHECK(value_of("isodb.json(" + sides + ", ['/a', '/o/y'])") == merged + " !/o/x");
  CHECK(value_of("isodb.json(" + sides + ", ['/a', '/o'])") == merged);
  CHECK(value_of("isodb.json(" + sides + ", [''])") == merged);
  CHECK(value_of("isodb.json(" + sides + ", ['/a'], '/part')") ==
        merged + " !/part/o/x !/part/o/y");
  CHECK(value_of("isodb.json(" + sides + ", [], None)") == merged);
  CHECK(value_of("isodb.json(1, 2, 3, 'a')") == "helper");
  CHECK(value_of("isodb.json(1, 2, 3, [1])") == "helper");
  CHECK(value_of("isodb.json(1, 2, 3, ['a'])") == "helper");
  CHECK(value_of("isodb.json(1, 1, 1, [], 'a')") == "helper");
}

TEST_CASE("the strategies that fold, as functions") {
  CHECK(value_of("isodb.counter(10, 12, 9)") == "11");
  CHECK(value_of("isodb.counter(None, 2, 3)") == "5");
  CHECK(value_of("isodb.counter(0.1, 0.3, 0.2)") == "0.4");
  CHECK(value_of("isodb.counter(1, 'x', 3)") == "3 !");
  CHECK(value_of("isodb.counter(1, 'x', 3, '/n')") == "3 !/n");
  CHECK(value_of("isodb.counter(1, 'x', 3, None)") == "3");
  CHECK(value_of("isodb.counter(1, None, None)") == "null");
  CHECK(value_of("isodb.set([1, 2], [1, 2, 3], [2, 4])") == "[2,3,4]");
  CHECK(value_of("isodb.set(None, ['b'], ['a', 'b'])") == R"(["b","a"])");
  CHECK(value_of("isodb.list([1], [1, 2], [1, 3])") == "[1,2,3]");
  CHECK(value_of("isodb.text('a\\nb\\nc\\n', 'A\\nb\\nc\\n', 'a\\nb\\nC\\n')") == R"("A\nb\nC\n")");
  CHECK(value_of("isodb.text('a\\n', 'b\\n', 'c\\n', '/note')") == R"("c\n" !/note)");
  CHECK(value_of("isodb.keyed([{'id': 1, 'v': 1}], [{'id': 1, 'v': 2}], "
                 "[{'id': 1, 'v': 1}, {'id': 2}], '/id')") == R"([{"id":1,"v":2},{"id":2}])");
  CHECK(value_of("isodb.keyed([{'id': 1, 'v': 1}], [{'id': 1, 'v': 2}], [{'id': 1, 'v': 3}], "
                 "'/id', '/log')") == R"([{"id":1,"v":3}] !/log)");
  CHECK(value_of("isodb.keyed([], [], [], 1)") == "helper");
  CHECK(value_of("isodb.set([], [])") == "arguments");
}

TEST_CASE("latest, max and min heed those alone who changed the value") {
  CHECK(value_of("isodb.latest(1, 2, 1)") == "2");
  CHECK(value_of("isodb.latest(1, 2, 3)") == "3");
  CHECK(value_of("isodb.latest(1, 2, None)") == "null");
  CHECK(value_of("isodb.max(5, 3, 5)") == "3");
  CHECK(value_of("isodb.max(5, 3, 4)") == "4");
  CHECK(value_of("isodb.max(1, 9, 4)") == "9");
  CHECK(value_of("isodb.min(5, 3, 4)") == "3");
  CHECK(value_of("isodb.min(5, 5, 7)") == "7");
  CHECK(value_of("isodb.max(1, 2.0, 2)") == "2");
  CHECK(value_of("isodb.max(0, 0.30000000000000001, 0.3)") == "0.3");
  CHECK(value_of("isodb.max(1, 'x', 2)") == "2 !");
  CHECK(value_of("isodb.max(1, 'x', 2, '/n')") == "2 !/n");
  CHECK(value_of("isodb.max(1, 'x', 'x')") == R"("x")");
  CHECK(value_of("isodb.min(1, 2, 2, 7)") == "helper");
}

TEST_CASE("decimals are exact, and compared by value") {
  CHECK(value_of("isodb.add(0.1, 0.2)") == "0.3");
  CHECK(value_of("isodb.subtract(1, 0.90)") == "0.1");
  CHECK(value_of("isodb.subtract(0.90, 1)") == "-0.1");
  CHECK(value_of("isodb.add(1e30, 1)") == "1000000000000000000000000000001");
  CHECK(value_of("isodb.add('1', 2)") == "helper");
  CHECK(value_of("isodb.add(1, 1 << 4000)") == "helper");
  CHECK(value_of("[isodb.compare(1.0, 1), isodb.compare(1, 2), isodb.compare(2, 1)]") ==
        "[0,-1,1]");
  CHECK(value_of("isodb.compare(1, None)") == "helper");
  CHECK(value_of("isodb.equal({'a': 1.0, 'b': [2]}, {'b': [2], 'a': 1})") == "true");
  CHECK(value_of("isodb.equal(1, '1')") == "false");
}

TEST_CASE("a script puts fields in conflict itself") {
  CHECK(value_of("isodb.conflict()") == "null !");
  CHECK(value_of("isodb.conflict('/a/0')") == "null !/a/0");
  CHECK(value_of("isodb.conflict(None)") == "null");
  CHECK(value_of("isodb.conflict('a')") == "helper");
}

TEST_CASE("helpers charge for what they are given before they look at it") {
  const auto steps = [](const std::string& expression) { return outcome_of(expression).steps; };
  const std::uint64_t empty = steps("isodb.list([], [], [])");
  const std::uint64_t some = steps("isodb.list([], list(range(1000)), [])");
  const std::uint64_t more = steps("isodb.list([], list(range(1000)), list(range(1000)))");
  CHECK(empty < 60);
  CHECK(some > empty + 1'000 * 1'000 / 64);
  CHECK(more > 3 * some);
  CHECK(steps("isodb.text('', 'x\\n' * 1000, '')") > 1'000 * 1'000 / 64);
  const script::Outcome out = outcome_of("isodb.list([], list(range(9000)), list(range(9000)))",
                                         {.steps = 100'000, .cells = 10'000'000});
  REQUIRE(out.failure);
  CHECK(out.failure->reason == script::Reason::kOutOfSteps);
  // A flood of conflicts is bounded by the budget.
  const script::Outcome flood = outcome_of("[isodb.conflict() for i in range(100000)]");
  REQUIRE(flood.failure);
  CHECK(flood.failure->reason == script::Reason::kOutOfSteps);
  CHECK(flood.notes.size() < 10'000);
}
