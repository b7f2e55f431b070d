#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "tests/unit/refs/support.h"

namespace isodb::refs {
namespace {

using namespace test;

/// The refs as a map, and what a batch does to it.
class Model {
 public:
  std::optional<Id> ref(const std::string& name) const {
    const auto found = refs_.find(name);
    return found == refs_.end() ? std::nullopt : std::optional(found->second);
  }
  std::optional<LostSwap> write(const WriteBatch& batch) {
    const Model before = *this;
    for (const RefMove& move : batch.moves) {
      const std::optional<Id> actual = ref(move.name);
      if (actual != move.expected) {
        *this = before;
        return LostSwap{move.name, actual};
      }
      move.next ? void(refs_[move.name] = *move.next) : void(refs_.erase(move.name));
      if (move.expected || move.next) log_.push_back({move.name, move.expected, move.next});
    }
    return std::nullopt;
  }
  struct Move {
    std::string name;
    std::optional<Id> before, after;
    friend bool operator==(const Move&, const Move&) = default;
  };
  const std::map<std::string, Id>& refs() const { return refs_; }
  std::vector<Move> log(const std::string& name) const {
    std::vector<Move> result;
    for (auto move = log_.rbegin(); move != log_.rend(); ++move) {
      if (name.empty() || move->name == name) result.push_back(*move);
    }
    return result;
  }

 private:
  std::map<std::string, Id> refs_;
  std::vector<Move> log_;
};

/// Batches of moves over few names and few ids, so that about half of the swaps are lost.
class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}
  WriteBatch batch(const Model& model) {
    WriteBatch batch;
    for (unsigned moves = 1 + below(3); moves > 0; --moves) {
      const std::string name = this->name();
      const std::optional<Id> expected = below(4) == 0 ? value() : model.ref(name);
      batch.moves.push_back({name, expected, value(), "random"});
    }
    batch.writer = "w";
    return batch;
  }
  std::string name() {
    static constexpr const char* kNames[] = {"heads/a", "heads/a/b", "heads/b", "tags/a", "tags/b"};
    return kNames[below(5)];
  }
  unsigned below(unsigned bound) { return static_cast<unsigned>(random_() % bound); }

 private:
  std::optional<Id> value() {
    const unsigned number = below(4);
    return number == 0 ? std::nullopt : std::optional(id_of(number));
  }
  std::mt19937 random_;
};

void check_same(Database& database, const Model& model) {
  std::map<std::string, Id> refs;
  for (const Ref& ref : database.refs()) refs[ref.name] = ref.target;
  CHECK(refs == model.refs());
  for (const char* name : {"", "heads/a", "heads/a/b", "heads/b", "tags/a", "tags/b"}) {
    std::vector<Model::Move> log;
    for (const ReflogEntry& entry : database.reflog(name)) {
      log.push_back({entry.name, entry.before, entry.after});
    }
    CHECK(log == model.log(name));
  }
}

TEST_CASE("refs and reflog behave as a map and a list under random batches, groups and reopening") {
  for (const unsigned seed : {1u, 2u, 3u, 4u}) {
    const TemporaryFolder folder;
    auto database = Database::create(folder / "repo.db", {});
    Model model;
    Generator generator(seed);
    int lost = 0;
    for (int round = 0; round < 150; ++round) {
      std::vector<WriteBatch> batches;
      for (unsigned count = 1 + generator.below(4); count > 0; --count) {
        batches.push_back(generator.batch(model));
      }
      std::vector<const WriteBatch*> group;
      for (const WriteBatch& batch : batches) group.push_back(&batch);
      const auto results = database->write_group(group);
      for (std::size_t i = 0; i < batches.size(); ++i) {
        const std::optional<LostSwap> expected = model.write(batches[i]);
        REQUIRE(results[i].lost.has_value() == expected.has_value());
        if (!expected) continue;
        ++lost;
        CHECK(results[i].lost->name == expected->name);
        CHECK(results[i].lost->actual == expected->actual);
      }
      if (generator.below(10) == 0) database = Database::open(folder / "repo.db", {});
      if (round % 10 == 0) check_same(*database, model);
    }
    check_same(*database, model);
    CHECK(lost > 20);
    CHECK(database->check().empty());
  }
}

}  // namespace
}  // namespace isodb::refs
