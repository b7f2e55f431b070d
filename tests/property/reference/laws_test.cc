// The laws that merging keeps, told without the reference's help: what a set of commits comes to
// does not depend on who met whom first, and where `latest` rules the later write of a field wins.
#include <catch2/catch.hpp>

#include "core/json_writer.h"
#include "tests/property/reference/state_engine.h"
#include "tests/reference/generator.h"
#include "tests/reference/members.h"
#include "tests/reference/random.h"

using namespace isodb;
using namespace isodb::reference;

namespace {

std::vector<CommitId> ids_of(const History& history, const CommitSet& commits) {
  std::vector<CommitId> ids;
  for (std::size_t i = 0; i < history.size(); ++i) {
    if (commits[i]) ids.push_back(history[i].id);
  }
  return ids;
}

/// What peers that got these sets one after another call their state.
Id state_after(World& world, const std::vector<CommitSet>& sets) {
  const std::unique_ptr<Engine> engine = state_engine()(world.store());
  Id id;
  for (const CommitSet& commits : sets) {
    engine->deliver(ids_of(world.history(), commits));
    id = engine->compute().id;
  }
  return id;
}

CommitSet random_past(World& world, Random& random) {
  const History& history = world.history();
  CommitSet past = history[0].past;
  for (std::size_t n = 1 + random.below(3); n > 0; --n) {
    past |= history[random.below(history.size())].past;
  }
  return past;
}

const std::vector<std::string> kFields = {"a", "b", "c", "d"};

/// Clones that change fields of one document, and what each commit changed in what it saw.
class LatestHistory {
 public:
  explicit LatestHistory(std::uint64_t seed) : random_(seed), clones_(2 + random_.below(7)) {
    const auto key = test_key(0).public_key();
    PlannedCommit root;
    root.writes = {
        json(member_path(key), member_text({"m", key, MemberRole::kAdmin, {}, {}})),
        json(".isodb/merge.json",
             R"({"rules":[{"match":"**","strategy":"json","fields":{"/*":"latest"}}]})")};
    world_.add(root);
    for (auto& clone : clones_) clone = {0};
    for (std::size_t n = 4 + random_.below(24); n > 0; --n) act();
  }

  World& world() { return world_; }
  /// The last write of each field in fold order: all that `latest` needs to know.
  Json expected() const {
    std::map<std::string, MaybeJson> last;
    for (const std::size_t commit : world_.history().in_fold_order(world_.history().all())) {
      const auto changed = changes_.find(commit);
      if (changed == changes_.end()) continue;
      for (const auto& [field, value] : changed->second) last[field] = value;
    }
    Json document = Json::object();
    for (const auto& [field, value] : last) {
      if (value) document.set(field, *value);
    }
    return document;
  }

 private:
  static PlannedWrite json(const std::string& path, const std::string& bytes) {
    return {path, PlannedDocument{bytes, "application/json", std::nullopt}};
  }

  void act() {
    std::vector<std::size_t>& known = clones_[random_.below(clones_.size())];
    if (random_.chance(1, 2)) {
      const std::vector<std::size_t>& from = clones_[random_.below(clones_.size())];
      known.insert(known.end(), from.begin(), from.end());
    }
    millis_ += random_.below(2);
    const CommitSet before = world_.past_of(known);
    const auto& seen = world_.state().at(before, "d.json").entry;
    const Json was = seen ? world_.state().document(*seen).value.json->value : Json::object();
    Json document = was;
    for (std::size_t n = random_.below(3); n > 0; --n) {
      const std::string& field = random_.one_of(kFields);
      if (random_.chance(1, 4)) {
        document.remove(field);
      } else {
        document.set(field, Json::integer(static_cast<std::int64_t>(random_.below(5))));
      }
    }
    PlannedCommit planned;
    planned.writer = static_cast<std::size_t>(&known - clones_.data());
    planned.after = known;
    planned.millis = millis_;
    planned.writes = {json("d.json", core::write_json(document))};
    REQUIRE(world_.add(planned));
    const std::size_t commit = world_.history().size() - 1;
    known.push_back(commit);
    for (const std::string& field : kFields) {
      const Json* const old = was.find(field);
      const Json* const now = document.find(field);
      const bool same = old == nullptr || now == nullptr ? old == now : *old == *now;
      if (!same) changes_[commit][field] = now == nullptr ? MaybeJson() : MaybeJson(*now);
    }
  }

  Random random_;
  World world_;
  std::vector<std::vector<std::size_t>> clones_;
  std::map<std::size_t, std::map<std::string, MaybeJson>> changes_;
  std::uint64_t millis_ = 1000;
};

}  // namespace

TEST_CASE("engine: a state is commutative, associative and idempotent") {
  std::size_t merges = 0;
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    const RandomHistory history = random_history(seed);
    World& world = *history.world;
    Random random(seed);
    const CommitSet a = random_past(world, random), b = random_past(world, random),
                    c = random_past(world, random);
    INFO("seed " << seed << "\n" << describe(history.plan));
    REQUIRE(state_after(world, {a, b}) == state_after(world, {b, a}));
    const Id all = state_after(world, {a | b, c});
    REQUIRE(all == state_after(world, {a, b | c}));
    REQUIRE(all == state_after(world, {c, b, a, b}));
    REQUIRE(all == state_after(world, {a | b | c, a, a | b | c}));
    merges += !world.history().knows(CommitId(all));
  }
  CHECK(merges > 200);
}

TEST_CASE("engine: where latest rules a field, its later write wins, without conflict") {
  std::size_t merged = 0;
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    LatestHistory history(seed);
    World& world = history.world();
    const std::unique_ptr<Engine> engine = state_engine()(world.store());
    engine->deliver(ids_of(world.history(), world.history().all()));
    const ComputedState state = engine->compute();
    const ComputedEntry& document = state.entries.at("d.json");
    INFO("seed " << seed << ": " << document.content << ", the last writes are "
                 << core::write_json(history.expected()));
    REQUIRE(Document::of(document.content).value.json->value == history.expected());
    REQUIRE((document.entry.flags & kFlagConflict) == 0);
    merged += (document.entry.flags & kFlagMerged) != 0;
  }
  CHECK(merged > 500);
}
