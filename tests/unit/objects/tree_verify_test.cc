#include "objects/tree_verify.h"

#include <catch2/catch.hpp>

#include "tests/support/testing.h"
#include "tests/support/trees.h"

using namespace isodb;
using namespace isodb::objects;
using namespace isodb::testing;

namespace {

Model random_model(Shape shape, std::size_t size, std::mt19937_64& random) {
  Model model;
  for (std::size_t i = 0; i < size; ++i) {
    model[shaped_path(shape, i, random)] = random_entry(random);
  }
  return model;
}

std::vector<std::string> problems_of(const NodeReader& nodes, const TreeId& root) {
  std::vector<std::string> problems;
  TreeVerifier verifier(nodes);
  verifier.verify(root,
                  [&](const Id&, const std::string& problem) { problems.push_back(problem); });
  return problems;
}

/// One level of a tree, taken apart: its nodes' keys and children, or entries.
struct Nodes {
  std::vector<std::vector<std::string>> keys;
  std::vector<std::vector<Child>> children;
  std::vector<std::vector<Entry>> entries;
};

Nodes take_apart(const NodeReader& nodes, const TreeId& root, std::uint8_t level) {
  Nodes apart;
  walk_tree_nodes(
      nodes, root, [](const Id&) { return true; },
      [&](const Id&, const NodePtr& node) {
        if (node->level() != level) return;
        apart.keys.emplace_back();
        apart.children.emplace_back();
        apart.entries.emplace_back();
        for (std::size_t i = 0; i < node->size(); ++i) {
          apart.keys.back().push_back(node->key(i));
          if (level > 0) apart.children.back().push_back(node->child(i));
          if (level == 0) apart.entries.back().push_back(node->entry(i));
        }
      });
  return apart;
}

/// A tree over nodes as they are given, wherever they end: each level above in nodes of `fan_out`.
TreeId put_together(ObjectSink& sink, const Nodes& leaves, std::size_t fan_out) {
  std::vector<std::string> keys;
  std::vector<Child> children;
  for (std::size_t i = 0; i < leaves.keys.size(); ++i) {
    const std::vector<std::string_view> views(leaves.keys[i].begin(), leaves.keys[i].end());
    Child child;
    child.id = sink.put(ObjectType::kTree, encode_leaf(views, leaves.entries[i]));
    child.count = views.size();
    for (const Entry& entry : leaves.entries[i]) child.flags |= entry.flags;
    keys.push_back(leaves.keys[i].back());
    children.push_back(child);
  }
  for (std::uint8_t level = 1; children.size() > 1; ++level) {
    std::vector<std::string> keys_above;
    std::vector<Child> children_above;
    for (std::size_t i = 0; i < keys.size(); i += fan_out) {
      const std::size_t n = std::min(fan_out, keys.size() - i);
      const std::vector<std::string_view> views(keys.begin() + static_cast<std::ptrdiff_t>(i),
                                                keys.begin() + static_cast<std::ptrdiff_t>(i + n));
      const std::span<const Child> below(children.data() + i, n);
      Child child;
      child.id = sink.put(ObjectType::kTree, encode_inner(level, views, below));
      for (const Child& one : below) {
        child.count += one.count;
        child.flags |= one.flags;
      }
      keys_above.push_back(keys[i + n - 1]);
      children_above.push_back(child);
    }
    keys = keys_above;
    children = children_above;
  }
  return TreeId(children[0].id);
}

}  // namespace

TEST_CASE("trees that were built or edited verify, forced cuts included") {
  std::mt19937_64 random(41);
  for (const Shape shape : kShapes) {
    INFO(shape_name(shape));
    for (const std::size_t size : {0u, 1u, 100u, 5000u}) {
      TreeStore trees;
      const Model model = random_model(shape, size, random);
      const TreeId root = build_tree(trees.store, model);
      CHECK(problems_of(trees.nodes, root).empty());
      std::vector<TreeChange> changes;
      for (const auto& [path, entry] : model) {
        if (random() % 30 == 0) changes.push_back({path, std::nullopt});
      }
      CHECK(problems_of(trees.nodes, edit_tree(trees.nodes, trees.store, root, changes)).empty());
    }
  }
}

TEST_CASE("a history of trees is verified at the cost of what changed") {
  std::mt19937_64 random(42);
  TreeStore trees;
  TreeId root = build_tree(trees.store, random_model(Shape::kHexIds, 20000, random));
  TreeVerifier verifier(trees.nodes);
  std::size_t problems = 0;
  const auto count = [&](const Id&, const std::string&) { ++problems; };
  verifier.verify(root, count);
  const std::uint64_t whole = verifier.nodes_read();
  for (std::size_t i = 0; i < 50; ++i) {
    const TreeChange change{shaped_path(Shape::kHexIds, 1000000 + i, random), Entry{}};
    root = edit_tree(trees.nodes, trees.store, root, {&change, 1});
    verifier.verify(root, count);
  }
  CHECK(problems == 0);
  CHECK(whole > 400);
  CHECK(verifier.nodes_read() < whole + 50 * 10);
}

TEST_CASE("a leaf that ends a key early, or goes on over its end, is found") {
  std::mt19937_64 random(43);
  for (const Shape shape : {Shape::kHexIds, Shape::kRisingHashes}) {
    TreeStore trees;
    const TreeId root = build_tree(trees.store, random_model(shape, 1500, random));
    const Nodes leaves = take_apart(trees.nodes, root, 0);
    REQUIRE(leaves.keys.size() > 5);
    for (std::size_t i = 0; i + 1 < leaves.keys.size(); ++i) {
      Nodes early = leaves;
      early.keys[i + 1].insert(early.keys[i + 1].begin(), early.keys[i].back());
      early.entries[i + 1].insert(early.entries[i + 1].begin(), early.entries[i].back());
      early.keys[i].pop_back();
      early.entries[i].pop_back();
      CHECK_FALSE(problems_of(trees.nodes, put_together(trees.store, early, 1000)).empty());
      Nodes late = leaves;
      if (late.keys[i + 1].size() == 1) continue;
      late.keys[i].push_back(late.keys[i + 1].front());
      late.entries[i].push_back(late.entries[i + 1].front());
      late.keys[i + 1].erase(late.keys[i + 1].begin());
      late.entries[i + 1].erase(late.entries[i + 1].begin());
      CHECK_FALSE(problems_of(trees.nodes, put_together(trees.store, late, 1000)).empty());
    }
    // A leaf cut in two, at its middle.
    Nodes split = leaves;
    const std::size_t half = split.keys[2].size() / 2;
    split.keys.insert(
        split.keys.begin() + 2,
        std::vector<std::string>(split.keys[2].begin(), split.keys[2].begin() + half));
    split.entries.insert(
        split.entries.begin() + 2,
        std::vector<Entry>(split.entries[2].begin(), split.entries[2].begin() + half));
    split.keys[3].erase(split.keys[3].begin(), split.keys[3].begin() + half);
    split.entries[3].erase(split.entries[3].begin(), split.entries[3].begin() + half);
    CHECK_FALSE(problems_of(trees.nodes, put_together(trees.store, split, 1000)).empty());
  }
}

TEST_CASE("inner nodes that are cut elsewhere than the rule says are found") {
  std::mt19937_64 random(44);
  TreeStore trees;
  const TreeId root = build_tree(trees.store, random_model(Shape::kHexIds, 3000, random));
  const Nodes leaves = take_apart(trees.nodes, root, 0);
  CHECK(problems_of(trees.nodes, put_together(trees.store, leaves, 10)).size() >= 3);
}

TEST_CASE("counts, flags, last paths, levels and single roots that are wrong are found") {
  std::mt19937_64 random(45);
  TreeStore trees;
  const std::vector<std::string> names = {"a", "b", "c"};
  const std::vector<std::string_view> keys(names.begin(), names.end());
  const std::vector<Entry> entries(3);
  Child good;
  good.id = trees.store.put(ObjectType::kTree, encode_leaf(keys, entries));
  good.count = 3;
  const auto problem_of = [&](std::uint8_t level, std::string_view key, const Child& child) {
    const TreeId root(
        trees.store.put(ObjectType::kTree, encode_inner(level, {&key, 1}, {&child, 1})));
    std::string all;
    for (const std::string& problem : problems_of(trees.nodes, root)) all += problem + "\n";
    return all;
  };
  CHECK(problem_of(1, "c", good).find("single child") != std::string::npos);
  CHECK(problem_of(1, "d", good).find("another last path") != std::string::npos);
  CHECK(problem_of(2, "c", good).find("level below") != std::string::npos);
  Child wrong = good;
  wrong.count = 4;
  CHECK(problem_of(1, "c", wrong).find("number of documents") != std::string::npos);
  wrong = good;
  wrong.flags = kFlagConflict;
  CHECK(problem_of(1, "c", wrong).find("flags") != std::string::npos);
  wrong = good;
  wrong.id = core::sha256("nothing");
  CHECK(problem_of(1, "c", wrong).find("missing") != std::string::npos);
  wrong.id = empty_tree_id();
  CHECK(problem_of(1, "c", wrong).find("empty") != std::string::npos);

  // Paths that fall from one leaf to the next, below different parents of one level.
  const std::string_view high[] = {"x", "y"};
  const std::string_view low[] = {"d", "z"};
  const Entry two[2];
  Child first, second;
  first.id = trees.store.put(ObjectType::kTree, encode_leaf(high, two));
  second.id = trees.store.put(ObjectType::kTree, encode_leaf(low, two));
  first.count = second.count = 2;
  const std::string_view y = "y", z = "z";
  Child above_first{trees.store.put(ObjectType::kTree, encode_inner(1, {&y, 1}, {&first, 1})), 2,
                    0};
  Child above_second{trees.store.put(ObjectType::kTree, encode_inner(1, {&z, 1}, {&second, 1})), 2,
                     0};
  const std::string_view both[] = {y, z};
  const Child children[] = {above_first, above_second};
  const TreeId root(trees.store.put(ObjectType::kTree, encode_inner(2, both, children)));
  const auto problems = problems_of(trees.nodes, root);
  CHECK(std::any_of(problems.begin(), problems.end(), [](const std::string& problem) {
    return problem.find("out of order") != std::string::npos;
  }));
}

TEST_CASE("a walk over nodes leaves out what is not wanted, unread") {
  std::mt19937_64 random(46);
  TreeStore trees;
  const TreeId root = build_tree(trees.store, random_model(Shape::kHexIds, 3000, random));
  std::vector<Id> order;
  std::size_t documents = 0;
  walk_tree_nodes(
      trees.nodes, root, [](const Id&) { return true; },
      [&](const Id& id, const NodePtr& node) {
        order.push_back(id);
        if (node->level() == 0) documents += node->size();
      });
  CHECK(documents == 3000);
  CHECK(order.front() == root);
  CHECK(order.size() == trees.store.count());
  std::size_t visited = 0;
  walk_tree_nodes(
      trees.nodes, root, [&](const Id& id) { return id == root; },
      [&](const Id&, const NodePtr&) { ++visited; });
  CHECK(visited == 1);
}
