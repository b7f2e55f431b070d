#include <catch2/catch.hpp>
#include <ctime>
#include <map>
#include <sstream>

#include "merge/script/integer.h"
#include "merge/script/table.h"
#include "tests/support/places.h"
#include "tests/support/testing.h"
#include "tests/unit/script/hostile_scripts.h"
#include "tests/unit/script/support.h"

using namespace isodb;
using namespace isodb::script;
using isodb::testing::slurp;
using script::testing::ending_of;
using script::testing::hostile_scripts;
using script::testing::HostileScript;
using script::testing::told;

namespace {

/// Of the processor, not of the clock on the wall: other work may run beside the test.
constexpr double kSecondsMax = 2;

std::map<std::string, std::string> known_endings() {
  std::map<std::string, std::string> known;
  std::istringstream lines(
      slurp(std::string(isodb::testing::kScriptCases) + "/hostile_endings.txt"));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t mark = line.find(": ");
    known[line.substr(0, mark)] = line.substr(mark + 2);
  }
  return known;
}

/// Integers whose hashes agree in their low bits, so that they fall into one place of an index.
std::vector<std::int64_t> colliding_integers(std::size_t count, std::uint64_t mask) {
  std::vector<std::int64_t> found;
  const std::uint64_t wanted = integer_hash(Value::small(0)) & mask;
  for (std::int64_t i = 0; found.size() < count; ++i) {
    if ((integer_hash(Value::small(i)) & mask) == wanted) found.push_back(i);
  }
  return found;
}

}  // namespace

TEST_CASE("Hostile scripts end within their budget, as they always did, and soon") {
  const auto known = known_endings();
  const std::vector<HostileScript> scripts = hostile_scripts();
  CHECK(scripts.size() >= 100);
  CHECK(known.size() == scripts.size());
  for (const HostileScript& script : scripts) {
    const std::clock_t start = std::clock();
    const std::string end = ending_of(script.source);
    const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    INFO(script.name << ": " << end);
    const auto found = known.find(script.name);
    if (found == known.end()) {
      FAIL_CHECK("no ending is written down");
    } else {
      CHECK(end == found->second);
    }
    CHECK(seconds < kSecondsMax);
  }
}

TEST_CASE("Keys made to collide cost whoever looks them up, and the same each time") {
  // 3,000 entries are indexed by 8,192 places.
  const std::vector<std::int64_t> bad = colliding_integers(3000, 8191);
  const auto outcome_of = [](const std::vector<std::int64_t>& keys) {
    core::Json array = core::Json::array();
    for (const std::int64_t key : keys) array.append(core::Json::integer(key));
    const Program program = Program::compile("def merge(x): return len({k: 1 for k in x})");
    return run(program, "merge", std::vector<core::Json>{array});
  };
  std::vector<std::int64_t> good;
  for (std::int64_t i = 0; i < 3000; ++i) good.push_back(i);
  const Outcome plain = outcome_of(good), flooded = outcome_of(bad);
  CHECK(told(plain) == "3000");
  CHECK(flooded.steps > plain.steps + 300'000);
  CHECK(outcome_of(bad).steps == flooded.steps);
}
