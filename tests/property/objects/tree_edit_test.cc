#include <catch2/catch.hpp>
#include <set>

#include "isodb/error.h"
#include "tests/support/testing.h"
#include "tests/support/trees.h"

using namespace isodb;
using namespace isodb::objects;
using namespace isodb::testing;

namespace {

std::vector<std::string> shaped_paths(Shape shape, std::size_t count, std::mt19937_64& random) {
  std::set<std::string> paths;
  for (std::size_t i = 0; paths.size() < count; ++i) paths.insert(shaped_path(shape, i, random));
  return {paths.begin(), paths.end()};
}

/// The batch that leads from one state to another, with a few removals of what is not there and a
/// few entries put again as they are.
std::vector<TreeChange> changes_between(const Model& from, const Model& to,
                                        std::mt19937_64& random) {
  Model removed;
  std::map<std::string, std::optional<Entry>> changes;
  for (const auto& [path, entry] : from) {
    if (!to.count(path)) changes[path] = std::nullopt;
    if (random() % 50 == 0 && !to.count(path + "~")) changes[path + "~"] = std::nullopt;
  }
  for (const auto& [path, entry] : to) {
    const auto old = from.find(path);
    if (old == from.end() || old->second != entry || random() % 50 == 0) changes[path] = entry;
  }
  std::vector<TreeChange> batch;
  for (auto& [path, entry] : changes) batch.push_back({path, entry});
  return batch;
}

/// A state between two: any mixture of what they hold, and strays that neither holds.
Model detour(const Model& from, const Model& to, const std::vector<std::string>& strays,
             std::mt19937_64& random) {
  Model state;
  const unsigned keep = random() % 5, take = random() % 5;
  for (const auto& [path, entry] : from) {
    if (random() % 4 < keep) state[path] = entry;
  }
  for (const auto& [path, entry] : to) {
    if (random() % 4 < take) state[path] = random() % 8 == 0 ? random_entry(random) : entry;
  }
  const unsigned many = random() % 4 == 0 ? 1 : 20;
  for (const std::string& path : strays) {
    if (random() % many == 0) state[path] = random_entry(random);
  }
  return state;
}

}  // namespace

TEST_CASE("whatever route of batches leads to a set of entries, the root is that of a new build") {
  std::mt19937_64 random(21);
  std::size_t routes = 0, steps = 0;
  for (const Shape shape : kShapes) {
    INFO(shape_name(shape));
    const std::vector<std::string> paths = shaped_paths(shape, 1400, random);
    for (std::size_t route = 0; route < 150; ++route) {
      TreeStore trees;
      Model target;
      // Paths in stretches, so that whole runs of nodes come and go.
      // Most are small, some span three levels.
      const std::size_t size = route % 10 == 0 ? paths.size() : 20 + random() % 400;
      std::vector<std::string> strays;
      bool in = true;
      for (std::size_t i = 0; i < paths.size(); ++i) {
        if (random() % 60 == 0) in = !in;
        if (i < size && in) {
          target[paths[i]] = random_entry(random);
        } else if (i < size + 50) {
          strays.push_back(paths[i]);
        }
      }
      const TreeId expected = build_tree(trees.store, target);
      Model state;
      TreeId root = empty_tree_id();
      for (std::size_t stops = random() % 4; stops > 0; --stops) {
        const Model next = detour(state, target, strays, random);
        root = edit_tree(trees.nodes, trees.store, root, changes_between(state, next, random));
        state = next;
        REQUIRE(root == build_tree(trees.store, state));
        ++steps;
      }
      root = edit_tree(trees.nodes, trees.store, root, changes_between(state, target, random));
      REQUIRE(root == expected);
      ++routes;
    }
  }
  CHECK(routes >= 1000);
  WARN(routes << " routes with " << steps << " stops on the way");
}

TEST_CASE("one change after the other reaches the root of a new build, at every step") {
  std::mt19937_64 random(22);
  for (const Shape shape : kShapes) {
    INFO(shape_name(shape));
    const std::vector<std::string> paths = shaped_paths(shape, 800, random);
    TreeStore trees;
    Model state;
    for (std::size_t i = 0; i < paths.size(); i += 2) state[paths[i]] = random_entry(random);
    TreeId root = build_tree(trees.store, state);
    for (std::size_t step = 0; step < 300; ++step) {
      const std::string& path = paths[random() % paths.size()];
      std::optional<Entry> entry;
      if (random() % 2 == 0) entry = random_entry(random);
      entry ? void(state[path] = *entry) : void(state.erase(path));
      const TreeChange change{path, entry};
      root = edit_tree(trees.nodes, trees.store, root, {&change, 1});
      if (step % 10 != 0) continue;
      REQUIRE(root == build_tree(trees.store, state));
    }
    REQUIRE(root == build_tree(trees.store, state));
  }
}

TEST_CASE(
    "what is added behind all others, or before them, leaves nodes as they are and loses none") {
  std::mt19937_64 random(27);
  for (const Shape shape : kShapes) {
    INFO(shape_name(shape));
    const std::vector<std::string> paths = shaped_paths(shape, 400, random);
    TreeStore trees;
    Model rising, falling;
    TreeId behind = empty_tree_id(), before = empty_tree_id();
    for (std::size_t i = 0; i < paths.size(); ++i) {
      const TreeChange last{paths[i], random_entry(random)};
      rising[last.path] = *last.entry;
      behind = edit_tree(trees.nodes, trees.store, behind, {&last, 1});
      REQUIRE(behind == build_tree(trees.store, rising));
      // Before the others several at once, so that a node ends where the old first one begins.
      if (i % 20 != 0) continue;
      std::vector<TreeChange> batch;
      for (std::size_t at = paths.size() - i - 20; at < paths.size() - i; ++at) {
        batch.push_back({paths[at], random_entry(random)});
        falling[paths[at]] = *batch.back().entry;
      }
      before = edit_tree(trees.nodes, trees.store, before, batch);
      REQUIRE(before == build_tree(trees.store, falling));
    }
  }
}

TEST_CASE("documents that come one by one behind all others are all there, on every level") {
  std::mt19937_64 random(28);
  constexpr std::size_t kDocuments = 20'000;  // past natural ends of the level above the leaves
  TreeStore trees;
  Model model;
  TreeId root = empty_tree_id();
  for (std::size_t i = 0; i < kDocuments; ++i) {
    std::string path = std::to_string(100'000 + i);
    const TreeChange last{path, random_entry(random)};
    model[std::move(path)] = *last.entry;
    root = edit_tree(trees.nodes, trees.store, root, {&last, 1});
    REQUIRE(count_documents(trees.nodes, root) == i + 1);
    if (i % 2'000 == 1'999) REQUIRE(root == build_tree(trees.store, model));
  }
}

TEST_CASE("a tree emptied entry by entry, or at once, is the empty tree") {
  std::mt19937_64 random(23);
  for (const Shape shape : kShapes) {
    INFO(shape_name(shape));
    TreeStore trees;
    Model state;
    for (const std::string& path : shaped_paths(shape, 500, random)) {
      state[path] = random_entry(random);
    }
    const TreeId full = build_tree(trees.store, state);
    CHECK(edit_tree(trees.nodes, trees.store, full, changes_between(state, {}, random)) ==
          empty_tree_id());
    TreeId root = full;
    while (!state.empty()) {
      const auto gone =
          std::next(state.begin(), static_cast<std::ptrdiff_t>(random() % state.size()));
      const TreeChange change{gone->first, std::nullopt};
      state.erase(gone);
      root = edit_tree(trees.nodes, trees.store, root, {&change, 1});
      if (state.size() % 25 == 0) REQUIRE(root == build_tree(trees.store, state));
    }
    CHECK(root == empty_tree_id());
  }
}

TEST_CASE("a tree cut down to either end is as low as if it had been built so") {
  std::mt19937_64 random(26);
  const std::vector<std::string> paths = shaped_paths(Shape::kLong, 160, random);
  for (std::size_t size = 20; size <= paths.size(); ++size) {
    TreeStore trees;
    Model all;
    for (std::size_t i = 0; i < size; ++i) all[paths[i]] = {};
    const TreeId root = build_tree(trees.store, all);
    for (std::size_t kept = 1; kept <= 7; kept += 2) {
      Model first(all.begin(), std::next(all.begin(), static_cast<std::ptrdiff_t>(kept)));
      Model last(std::prev(all.end(), static_cast<std::ptrdiff_t>(kept)), all.end());
      for (const Model& rest : {first, last}) {
        std::vector<TreeChange> changes;
        for (const auto& [path, entry] : all) {
          if (!rest.count(path)) changes.push_back({path, std::nullopt});
        }
        REQUIRE(edit_tree(trees.nodes, trees.store, root, changes) ==
                build_tree(trees.store, rest));
      }
    }
  }
}

TEST_CASE("changes that change nothing write nothing") {
  std::mt19937_64 random(24);
  TreeStore trees;
  Model state;
  for (const std::string& path : shaped_paths(Shape::kHexIds, 3000, random)) {
    state[path] = random_entry(random);
  }
  const TreeId root = build_tree(trees.store, state);
  const std::size_t before = trees.store.count();
  std::vector<TreeChange> same;
  for (const auto& [path, entry] : state) {
    if (random() % 3 == 0) same.push_back({path, entry});
    same.push_back({path + "0", std::nullopt});
  }
  CHECK(edit_tree(trees.nodes, trees.store, root, same) == root);
  CHECK(edit_tree(trees.nodes, trees.store, root, {}) == root);
  CHECK(trees.store.count() == before);
}

TEST_CASE("a change of one path writes about one node a level") {
  std::mt19937_64 random(25);
  TreeStore trees;
  Model state;
  for (const std::string& path : shaped_paths(Shape::kHexIds, 30000, random)) state[path] = {};
  const TreeId root = build_tree(trees.store, state);
  const std::size_t levels = trees.nodes.node(root)->level() + 1u;
  std::size_t written = 0;
  const std::size_t edits = 400;
  for (std::size_t i = 0; i < edits; ++i) {
    const std::size_t before = trees.store.count();
    const TreeChange change{shaped_path(Shape::kHexIds, 1000000 + i, random), random_entry(random)};
    edit_tree(trees.nodes, trees.store, root, {&change, 1});
    written += trees.store.count() - before;
  }
  const double mean = static_cast<double>(written) / edits / static_cast<double>(levels);
  INFO("nodes written a level: " << mean);
  CHECK(mean >= 1.0);
  CHECK(mean < 1.3);
}

TEST_CASE("changes out of order, twice or with invalid paths are refused") {
  TreeStore trees;
  const auto code = [&](std::vector<TreeChange> changes) {
    return error_code_of([&] { edit_tree(trees.nodes, trees.store, empty_tree_id(), changes); });
  };
  CHECK(code({{"b", Entry{}}, {"a", Entry{}}}) == ErrorCode::kInvalid);
  CHECK(code({{"a", Entry{}}, {"a", std::nullopt}}) == ErrorCode::kInvalid);
  CHECK(code({{"a//b", Entry{}}}) == ErrorCode::kInvalid);
  Entry odd;
  odd.flags = 0x80;
  CHECK(code({{"a", odd}}) == ErrorCode::kInvalid);
}
