// print_ids START COUNT: a line of ids for each of the seeds, to compare builds by. All that a
// history computes goes into them: its commits cover their trees. Fails where the engine, which
// gets the commits in two parts, names another state than the reference.
#include <clocale>
#include <cstdlib>
#include <iostream>

#include "core/hash.h"
#include "tests/property/reference/state_engine.h"
#include "tests/reference/compare.h"

using namespace isodb;
using namespace isodb::reference;

namespace {

/// A half of the history's commits first, then all.
Id engine_state(World& world) {
  std::vector<CommitId> ids;
  for (std::size_t i = 0; i < world.history().size(); ++i) ids.push_back(world.history()[i].id);
  const std::unique_ptr<Engine> engine = state_engine()(world.store());
  engine->deliver({ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>((ids.size() + 1) / 2)});
  engine->compute();
  engine->deliver(ids);
  return engine->compute().id;
}

}  // namespace

int main(int count_of_arguments, char** arguments) {
  if (count_of_arguments != 3) {
    std::cerr << "usage: print_ids START COUNT\n";
    return 2;
  }
  std::setlocale(LC_ALL, "");
  const std::uint64_t start = std::strtoull(arguments[1], nullptr, 10);
  const std::uint64_t count = std::strtoull(arguments[2], nullptr, 10);
  for (std::uint64_t seed = start; seed < start + count; ++seed) {
    const RandomHistory random = random_history(seed);
    World& world = *random.world;
    const State::Computed computed = world.state().compute(world.history().all());
    const Id state = engine_state(world);
    std::string all;
    for (std::size_t i = 0; i < world.history().size(); ++i) all += world.history()[i].id.bytes();
    std::cout << std::to_string(seed) << " " << core::sha256(all).hex() << " " << state.hex()
              << "\n";
    if (state == computed.id) continue;
    std::cerr << "print_ids: the reference says " << computed.id.hex() << "\n";
    return 1;
  }
  return 0;
}
