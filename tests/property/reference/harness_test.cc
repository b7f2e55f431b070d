// The harness finds what differs, and makes it small; the reference sees a set, whatever the order.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "tests/reference/compare.h"
#include "tests/reference/documents.h"

using namespace isodb;
using namespace isodb::reference;

namespace {

/// The reference but for one thing: it forgets the flag of conflicts in one path.
class FaultyEngine : public Engine {
 public:
  explicit FaultyEngine(objects::MemoryStore& store) : right_(reference_engine()(store)) {}
  void deliver(const std::vector<CommitId>& commits) override { right_->deliver(commits); }
  ComputedState compute() override {
    ComputedState state = right_->compute();
    const auto found = state.entries.find("notes/a.txt");
    if (found != state.entries.end()) {
      found->second.entry.flags &= static_cast<std::uint8_t>(~kFlagConflict);
    }
    return state;
  }

 private:
  std::unique_ptr<Engine> right_;
};

class FailingEngine : public Engine {
 public:
  void deliver(const std::vector<CommitId>&) override {}
  ComputedState compute() override { throw std::runtime_error("out of order"); }
};

}  // namespace

TEST_CASE("reference: a state depends on the set of commits, not on how they came") {
  const auto found = compare_histories(1, 300, reference_engine());
  INFO(found.value_or(""));
  CHECK_FALSE(found);
}

TEST_CASE("harness: a difference is found and told with a small history") {
  const auto found = compare_histories(
      1, 200, [](objects::MemoryStore& store) { return std::make_unique<FaultyEngine>(store); });
  REQUIRE(found);
  INFO(*found);
  CHECK(found->find("path notes/a.txt") != std::string::npos);
  const std::string small = found->substr(found->find("a small history"));
  // The root, the admission of a writer perhaps, and two writes that clash.
  CHECK(small.find("#5") == std::string::npos);
  CHECK(small.find("put notes/a.txt") != std::string::npos);
}

TEST_CASE("harness: an engine that throws differs") {
  const auto found = compare_histories(
      1, 1, [](objects::MemoryStore&) { return std::make_unique<FailingEngine>(); });
  REQUIRE(found);
  CHECK(found->find("out of order") != std::string::npos);
}

TEST_CASE("harness: random histories have all that they should have") {
  std::size_t merges = 0, merged = 0, conflicts = 0, peeled = 0, forks = 0, scripts = 0,
              deletions = 0, crossings = 0, twins = 0, epochs = 0, misled = 0, imported = 0,
              copies = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const RandomHistory random = random_history(seed);
    World& world = *random.world;
    const History& history = world.history();
    const auto computed = world.state().compute(history.all());
    merges += computed.type == ObjectType::kMerge;
    peeled += computed.peeled != history.all();
    for (const auto& [path, entry] : computed.entries) {
      merged += (entry.flags & kFlagMerged) != 0;
      conflicts += (entry.flags & kFlagConflict) != 0;
    }
    scripts += !world.state().environment(computed.peeled).scripts.empty();
    epochs += world.state().environment(computed.peeled).epoch > 1;
    std::set<std::pair<std::uint64_t, std::uint64_t>> numbers;
    std::set<Stamp> stamps;
    std::map<std::uint64_t, PublicKey> authors;
    for (std::size_t i = 0; i < history.size(); ++i) {
      const Commit& commit = history[i].commit;
      forks += !numbers.emplace(commit.writer.value, commit.sequence).second;
      crossings += commit.parents.size() > 1;
      copies += authors.emplace(commit.writer.value, commit.author).first->second != commit.author;
      twins += !stamps.insert(commit.stamp()).second;
      misled += commit.message.starts_with("misled");
      imported += !commit.origin.empty();
      for (const auto& [path, entry] : history[i].writes) deletions += !entry;
    }
  }
  CHECK(merges > 100);
  CHECK(merged > 200);
  CHECK(conflicts > 100);
  CHECK(peeled > 10);
  CHECK(forks > 20);
  CHECK(scripts > 20);
  CHECK(deletions > 100);
  CHECK(crossings > 200);
  CHECK(twins > 5);
  CHECK(epochs > 10);
  CHECK(copies > 20);
  CHECK(misled > 50);
  CHECK(imported > 20);
}

TEST_CASE("harness: random histories with erasures have all that they should have") {
  std::size_t erased = 0, of_versions = 0, yielded = 0, stayed = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    HistoryOptions options;
    options.erases = true;
    const RandomHistory random = random_history(seed, options);
    World& world = *random.world;
    const History& history = world.history();
    const CommitSet peeled = world.state().compute(history.all()).peeled;
    const std::set<Id>& all = world.state().erased(peeled);
    erased += all.size();
    for (const std::string& path : document_paths()) {
      const CommitSet versions = history.versions(peeled, path);
      if (versions.count() < 2) continue;
      const CommitSet standing = world.state().standing(peeled, path);
      if (standing == versions) continue;
      ++of_versions;
      const bool any_live = std::ranges::any_of(
          history.in_fold_order(standing),
          [&](const std::size_t version) { return !history.deleted(version, path); });
      ++(any_live ? yielded : stayed);
    }
  }
  CHECK(erased > 200);
  CHECK(of_versions > 30);
  CHECK(yielded > 20);
  CHECK(stayed > 3);
}

TEST_CASE("harness: a seed gives one history") {
  CHECK(describe(random_history(7).plan) == describe(random_history(7).plan));
  CHECK(describe(random_history(7).plan) != describe(random_history(8).plan));
}
