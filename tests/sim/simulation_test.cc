// Many devices from one seed. Seeds of CI: 500, in parts that run side by side. Any number:
//   build/release/tests/test_sim "[.seeds]"   with SIM_SEEDS=FIRST-LAST
// A seed that fails prints how to run it again; with SIM_TRACE=1 it tells each step.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>

#include "tests/sim/simulation.h"

using namespace isodb;

namespace {

constexpr std::uint64_t kSeeds = 500;
constexpr std::uint64_t kParts = 10;

void run_seed(std::uint64_t seed) {
  sim::Plan plan;
  plan.seed = seed;
  if (std::getenv("SIM_TRACE") != nullptr) plan.trace = &std::cerr;
  try {
    sim::Simulation simulation(plan);
    simulation.run();
  } catch (const std::exception& error) {
    FAIL("seed " << seed << ": " << error.what() << "\nagain, step by step: SIM_TRACE=1 SIM_SEEDS="
                 << seed << "-" << seed << " test_sim \"[.seeds]\"");
  }
}

}  // namespace

TEMPLATE_TEST_CASE_SIG("Devices that meet at random end with the same, whatever happens to them",
                       "", ((std::uint64_t part), part), 0, 1, 2, 3, 4, 5, 6, 7, 8, 9) {
  for (std::uint64_t seed = 1 + part; seed <= kSeeds; seed += kParts) run_seed(seed);
}

TEST_CASE("Seeds of your choice", "[.seeds]") {
  const char* seeds = std::getenv("SIM_SEEDS");
  REQUIRE(seeds != nullptr);
  char* end = nullptr;
  const std::uint64_t first = std::strtoull(seeds, &end, 10);
  const std::uint64_t last = *end == '-' ? std::strtoull(end + 1, nullptr, 10) : first;
  for (std::uint64_t seed = first; seed <= last; ++seed) run_seed(seed);
}
