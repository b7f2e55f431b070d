#include <catch2/catch.hpp>

#include "tests/support/testing.h"
#include "tests/support/trees.h"

using namespace isodb;
using namespace isodb::objects;
using namespace isodb::testing;

namespace {

std::vector<TreeDifference> all_of(TreeDiff diff) {
  std::vector<TreeDifference> differences;
  while (auto difference = diff.next()) differences.push_back(std::move(*difference));
  return differences;
}

std::vector<TreeDifference> model_diff(const Model& before, const Model& after,
                                       const std::string& prefix) {
  Model all = before;
  all.insert(after.begin(), after.end());
  std::vector<TreeDifference> differences;
  for (const auto& [path, ignored] : all) {
    if (!path.starts_with(prefix)) continue;
    TreeDifference difference{path, std::nullopt, std::nullopt};
    if (before.count(path)) difference.before = before.at(path);
    if (after.count(path)) difference.after = after.at(path);
    if (difference.before != difference.after) differences.push_back(difference);
  }
  return differences;
}

void require_same(const std::vector<TreeDifference>& found,
                  const std::vector<TreeDifference>& expected) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    REQUIRE(found[i].path == expected[i].path);
    REQUIRE(found[i].before == expected[i].before);
    REQUIRE(found[i].after == expected[i].after);
  }
}

/// A source that counts reads.
class CountingSource : public ObjectSource {
 public:
  explicit CountingSource(const ObjectSource& source) : source_(source) {}
  std::optional<Object> get(const Id& id) const override {
    ++reads;
    return source_.get(id);
  }
  bool contains(const Id& id) const override { return source_.contains(id); }
  mutable std::size_t reads = 0;

 private:
  const ObjectSource& source_;
};

}  // namespace

TEST_CASE("the difference of two trees is that of two sorted maps, below any prefix") {
  std::mt19937_64 random(31);
  for (const Shape shape : kShapes) {
    INFO(shape_name(shape));
    for (std::size_t round = 0; round < 40; ++round) {
      TreeStore trees;
      Model before, after;
      const std::size_t size = round % 4 == 0 ? 30 : 2500;
      const unsigned one_in = round % 3 == 0 ? 3 : round % 3 == 1 ? 50 : 1000;
      bool in_before = true, in_after = true;
      for (std::size_t i = 0; i < size; ++i) {
        if (random() % 300 == 0) in_before = !in_before;
        if (random() % 300 == 0) in_after = !in_after;
        const std::string path = shaped_path(shape, i, random);
        const Entry entry = random_entry(random);
        if (in_before && random() % one_in != 0) before[path] = entry;
        if (in_after && random() % one_in != 0) {
          after[path] = random() % one_in == 0 ? random_entry(random) : entry;
        }
      }
      const TreeId a = build_tree(trees.store, before);
      const TreeId b = build_tree(trees.store, after);
      require_same(all_of(TreeDiff(trees.nodes, a, b)), model_diff(before, after, ""));
      require_same(all_of(TreeDiff(trees.nodes, b, a)), model_diff(after, before, ""));
      CHECK(all_of(TreeDiff(trees.nodes, a, a)).empty());
      require_same(all_of(TreeDiff(trees.nodes, a, empty_tree_id())), model_diff(before, {}, ""));
      if (before.empty()) continue;
      const std::string& some =
          std::next(before.begin(), static_cast<std::ptrdiff_t>(random() % before.size()))->first;
      for (const std::size_t bytes : {std::size_t{1}, some.size() / 2, some.size()}) {
        const std::string prefix = some.substr(0, bytes);
        require_same(all_of(TreeDiff(trees.nodes, a, b, prefix)),
                     model_diff(before, after, prefix));
      }
    }
  }
}

TEST_CASE("the difference reads nodes in proportion to the changes, not to the trees") {
  std::mt19937_64 random(32);
  for (const std::size_t size : {4000u, 40000u}) {
    MemoryStore store;
    Model before;
    for (std::size_t i = 0; i < size; ++i) before[shaped_path(Shape::kHexIds, i, random)] = {};
    const TreeId a = build_tree(store, before);
    for (const std::size_t changes : {1u, 20u}) {
      Model after = before;
      for (std::size_t i = 0; i < changes; ++i) {
        after[shaped_path(Shape::kHexIds, 1000000 + i, random)] = {};
        after.erase(std::next(after.begin(), static_cast<std::ptrdiff_t>(random() % after.size())));
      }
      const TreeId b = build_tree(store, after);
      NodeCache cache(64 << 20);
      const CountingSource source(store);
      const NodeReader nodes(source, cache);
      const std::size_t levels = nodes.node(a)->level() + 1u;
      const auto differences = all_of(TreeDiff(nodes, a, b));
      INFO(size << " documents, " << differences.size() << " differences, " << source.reads
                << " reads");
      CHECK(differences.size() == 2 * changes);
      CHECK(source.reads <= 2 * levels * 2 * changes * 2);
    }
  }
}

TEST_CASE("a new stretch of documents costs the nodes that hold it and a path on each side") {
  std::mt19937_64 random(33);
  MemoryStore store;
  Model before, after;
  for (std::size_t i = 0; i < 30000; ++i) {
    const std::string path = shaped_path(Shape::kTimeOrdered, i, random);
    after[path] = {};
    if (i < 14000 || i >= 16000) before[path] = {};
  }
  const TreeId a = build_tree(store, before);
  const TreeId b = build_tree(store, after);
  NodeCache cache(64 << 20);
  const CountingSource source(store);
  const NodeReader nodes(source, cache);
  CHECK(all_of(TreeDiff(nodes, a, b)).size() == 2000);
  INFO(source.reads << " reads");
  CHECK(source.reads < 2000 / 30 + 20);
}
