// Many devices from one seed. Seeds of CI: 500, and 60 with partial devices, in parts that run
// side by side. Any number:
//   build/release/tests/test_sim "[.seeds]"   with SIM_SEEDS=FIRST-LAST, or "[.mixed]"
// A seed that fails prints what happened, step by step, and how to run it again; with SIM_TRACE=1
// steps are told as they are made.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "tests/sim/mixed_simulation.h"
#include "tests/sim/simulation.h"

using namespace isodb;

namespace {

constexpr std::uint64_t kSeeds = 500;
constexpr std::uint64_t kMixedSeeds = 60;
constexpr std::uint64_t kParts = 10;

template <typename Kind>
sim::Simulation::Counts run_seed(const char* tag, sim::Plan plan) {
  std::ostringstream trace;
  plan.trace =
      std::getenv("SIM_TRACE") != nullptr ? static_cast<std::ostream*>(&std::cerr) : &trace;
  try {
    Kind simulation(plan);
    simulation.run();
    return simulation.counts();
  } catch (const std::exception& error) {
    FAIL(trace.str() << "seed " << plan.seed << ": " << error.what() << "\nagain: SIM_SEEDS="
                     << plan.seed << "-" << plan.seed << " test_sim \"" << tag << "\"");
  }
  return {};
}

void run_seed(std::uint64_t seed) {
  sim::Plan plan;
  plan.seed = seed;
  run_seed<sim::Simulation>("[.seeds]", plan);
}

/// What partial devices came to, in some seeds.
struct Mixed {
  std::uint64_t clones = 0, widened = 0, bundles = 0, not_held = 0, cuts = 0;

  std::string text() const {
    return std::to_string(clones) + " partial clones, " + std::to_string(widened) + " widened, " +
           std::to_string(bundles) + " bundles, " + std::to_string(not_held) + " not held, " +
           std::to_string(cuts) + " cuts";
  }
};

void run_mixed_seed(std::uint64_t seed, Mixed& mixed) {
  sim::Plan plan;
  plan.seed = seed;
  plan.peers = 10;
  plan.steps = 200;
  const sim::Simulation::Counts counts = run_seed<sim::MixedSimulation>("[.mixed]", plan);
  mixed.clones += counts.clones;
  mixed.widened += counts.widened;
  mixed.bundles += counts.bundles;
  mixed.not_held += counts.not_held;
  mixed.cuts += counts.cuts;
}

template <typename Run>
void run_seeds_of_choice(const Run& run) {
  const char* seeds = std::getenv("SIM_SEEDS");
  REQUIRE(seeds != nullptr);
  char* end = nullptr;
  const std::uint64_t first = std::strtoull(seeds, &end, 10);
  const std::uint64_t last = *end == '-' ? std::strtoull(end + 1, nullptr, 10) : first;
  for (std::uint64_t seed = first; seed <= last; ++seed) run(seed);
}

}  // namespace

TEMPLATE_TEST_CASE_SIG("Devices that meet at random end with the same, whatever happens to them",
                       "", ((std::uint64_t part), part), 0, 1, 2, 3, 4, 5, 6, 7, 8, 9) {
  for (std::uint64_t seed = 1 + part; seed <= kSeeds; seed += kParts) run_seed(seed);
}

TEMPLATE_TEST_CASE_SIG("Devices that hold a part and whole ones end with the same commits", "",
                       ((std::uint64_t part), part), 0, 1, 2, 3, 4, 5, 6, 7, 8, 9) {
  Mixed mixed;
  for (std::uint64_t seed = 1 + part; seed <= kMixedSeeds; seed += kParts) {
    run_mixed_seed(seed, mixed);
  }
  INFO(mixed.text());
  CHECK(mixed.clones > 10);
  CHECK(mixed.widened > 2);
  CHECK(mixed.bundles > 30);
  CHECK(mixed.not_held > 0);
  CHECK(mixed.cuts > 50);
}

TEST_CASE("Seeds of your choice", "[.seeds]") {
  run_seeds_of_choice([](std::uint64_t seed) { run_seed(seed); });
}

TEST_CASE("Seeds of your choice with partial devices", "[.mixed]") {
  Mixed mixed;
  run_seeds_of_choice([&](std::uint64_t seed) { run_mixed_seed(seed, mixed); });
  WARN(mixed.text());
}
