// The engine against the reference, in random and in all small histories. ISODB_SEED and
// ISODB_HISTORIES choose other seeds, and how many each test takes; ISODB_PART and ISODB_PARTS the
// part of the histories that are too many for every change.
#include <catch2/catch.hpp>
#include <cstdlib>

#include "tests/property/reference/document_state.h"
#include "tests/property/reference/state_engine.h"
#include "tests/reference/enumeration.h"

using namespace isodb;
using namespace isodb::reference;

namespace {

std::uint64_t setting(const char* name, std::uint64_t standard) {
  const char* text = std::getenv(name);
  return text == nullptr ? standard : std::strtoull(text, nullptr, 10);
}

MakeEngine document_engine() {
  return engine_of([](const History& history, objects::MemoryStore& store) {
    return std::make_unique<DocumentState>(history, store);
  });
}

/// Part `part` of the seeds.
void compare_part(std::uint64_t part, const MakeEngine& make, const CompareOptions& options = {}) {
  const std::uint64_t count = setting("ISODB_HISTORIES", 2500);
  const auto found =
      compare_histories(setting("ISODB_SEED", 1) + part * count, count, make, {}, options);
  INFO(found.value_or(""));
  CHECK_FALSE(found);
}

/// Part `part` of the histories of `commits` commits on a root.
std::size_t compare_enumerated(std::size_t commits, std::size_t part, std::size_t parts) {
  return enumerate_histories(commits, part, parts, [](const Plan& plan) {
    World world(plan);
    const auto found = difference(world, state_engine(), 1, {.orders = 1});
    INFO(found.value_or("") << "\n" << describe(plan));
    REQUIRE_FALSE(found);
  });
}

}  // namespace

TEST_CASE("engine: documents of random histories merge as in the reference") {
  compare_part(0, document_engine(), {.orders = 1});
}

TEST_CASE("engine: states of random histories are the reference's (1 of 8)") {
  compare_part(0, state_engine());
}
TEST_CASE("engine: states of random histories are the reference's (2 of 8)") {
  compare_part(1, state_engine());
}
TEST_CASE("engine: states of random histories are the reference's (3 of 8)") {
  compare_part(2, state_engine());
}
TEST_CASE("engine: states of random histories are the reference's (4 of 8)") {
  compare_part(3, state_engine());
}
TEST_CASE("engine: states of random histories are the reference's (5 of 8)") {
  compare_part(4, state_engine());
}
TEST_CASE("engine: states of random histories are the reference's (6 of 8)") {
  compare_part(5, state_engine());
}
TEST_CASE("engine: states of random histories are the reference's (7 of 8)") {
  compare_part(6, state_engine());
}
TEST_CASE("engine: states of random histories are the reference's (8 of 8)") {
  compare_part(7, state_engine());
}

TEST_CASE("engine: states of random histories with erasures are the reference's") {
  const std::uint64_t count = setting("ISODB_HISTORIES", 2500);
  HistoryOptions history;
  history.erases = true;
  const auto found = compare_histories(setting("ISODB_SEED", 1), count, state_engine(), history);
  INFO(found.value_or(""));
  CHECK_FALSE(found);
}

TEST_CASE("engine: what is set aside where heads are too many is the reference's") {
  const Limits bounds[] = {{.heads = {1, 2, 3}}, {.heads = {2, 1, 2}}, {.heads = {1, 4, 2}}};
  std::uint64_t seed = setting("ISODB_SEED", 1);
  for (const Limits& limits : bounds) {
    const std::uint64_t count = setting("ISODB_HISTORIES", 2500) / 3 + 1;
    const auto found =
        compare_histories(seed, count, state_engine(limits.heads), {.limits = limits});
    INFO(found.value_or(""));
    CHECK_FALSE(found);
    seed += count;
  }
}

TEST_CASE("engine: states of all histories of up to four commits are the reference's") {
  std::size_t histories = 0;
  for (std::size_t commits = 1; commits <= 3; ++commits) {
    histories += compare_enumerated(commits, 0, 1);
  }
  CHECK(histories == 6 + 2 * 36 + 7 * 216);
}
TEST_CASE("engine: states of all histories of five commits are the reference's (1 of 2)") {
  CHECK(compare_enumerated(4, 0, 2) == 40 * 1296 / 2);
}
TEST_CASE("engine: states of all histories of five commits are the reference's (2 of 2)") {
  CHECK(compare_enumerated(4, 1, 2) == 40 * 1296 / 2);
}
TEST_CASE("engine: states of all histories of six commits are the reference's", "[.six]") {
  const std::size_t part = setting("ISODB_PART", 0), parts = setting("ISODB_PARTS", 1);
  std::size_t all = 357;  // ways in which five commits can see one another
  for (int i = 0; i < 5; ++i) all *= enumerated_writes().size();
  CHECK(compare_enumerated(5, part, parts) == (all - part + parts - 1) / parts);
}
