#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "isodb/error.h"
#include "objects/tree.h"
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

/// Paths in the model, next to those, and beyond both ends.
std::vector<std::string> probes_of(const Model& model, std::mt19937_64& random) {
  std::vector<std::string> probes = {"\x01", "\xff", "m", "r", "regions/"};
  for (const auto& [path, entry] : model) {
    if (random() % 7 != 0) continue;
    probes.push_back(path);
    probes.push_back(path + "!");
    probes.push_back(path.substr(0, path.size() - 1));
  }
  std::shuffle(probes.begin(), probes.end(), random);
  return probes;
}

}  // namespace

TEST_CASE("the empty tree has no entries and one id") {
  TreeStore trees;
  TreeBuilder builder(trees.store);
  const TreeId root = builder.finish();
  CHECK(root == empty_tree_id());
  CHECK(trees.store.contains(root));
  CHECK(count_documents(trees.nodes, root) == 0);
  CHECK(rank_of(trees.nodes, root, "a") == 0);
  CHECK_FALSE(find_entry(trees.nodes, root, "a"));
  Cursor cursor(trees.nodes, root);
  cursor.seek("");
  CHECK_FALSE(cursor.valid());
  cursor.seek_to_rank(0);
  CHECK_FALSE(cursor.valid());
}

TEST_CASE("the empty tree can be read from a store that does not hold it") {
  TreeStore trees;
  CHECK(count_documents(trees.nodes, empty_tree_id()) == 0);
}

TEST_CASE("lookups, ranks, seeks and flags agree with a sorted map") {
  std::mt19937_64 random(11);
  for (const Shape shape : kShapes) {
    INFO(shape_name(shape));
    for (const std::size_t size : {1u, 2u, 60u, 700u, 6000u}) {
      TreeStore trees;
      const Model model = random_model(shape, size, random);
      const TreeId root = build_tree(trees.store, model);
      REQUIRE(count_documents(trees.nodes, root) == model.size());
      std::vector<const Model::value_type*> order;
      for (const auto& item : model) order.push_back(&item);

      Cursor cursor(trees.nodes, root);
      for (const std::string& probe : probes_of(model, random)) {
        const auto expected = model.lower_bound(probe);
        const auto rank = static_cast<std::uint64_t>(std::distance(model.begin(), expected));
        cursor.seek(probe);
        REQUIRE(cursor.valid() == (expected != model.end()));
        REQUIRE(rank_of(trees.nodes, root, probe) == rank);
        const auto found = find_entry(trees.nodes, root, probe);
        REQUIRE(found.has_value() == (model.count(probe) == 1));
        if (found) {
          REQUIRE(*found == model.at(probe));
          const auto content = find_content(trees.nodes, root, probe);
          REQUIRE(content);
          REQUIRE(content->id == found->content);
          REQUIRE(content->kind == found->kind);
          REQUIRE(content->size == found->size);
        }
        if (expected == model.end()) continue;
        REQUIRE(cursor.path() == expected->first);
        REQUIRE(cursor.entry() == expected->second);
        Cursor ranked(trees.nodes, root);
        ranked.seek_to_rank(rank);
        REQUIRE(ranked.valid());
        REQUIRE(ranked.path() == expected->first);

        auto flagged = expected;
        while (flagged != model.end() && (flagged->second.flags & kFlagConflict) == 0) ++flagged;
        cursor.seek_to_flag(kFlagConflict);
        REQUIRE(cursor.valid() == (flagged != model.end()));
        if (cursor.valid()) REQUIRE(cursor.path() == flagged->first);
      }
      cursor.seek_to_rank(model.size());
      REQUIRE_FALSE(cursor.valid());

      std::size_t walked = 0;
      for (cursor.seek(""); cursor.valid(); cursor.next(), ++walked) {
        REQUIRE(walked < order.size());
        REQUIRE(cursor.path() == order[walked]->first);
        REQUIRE(cursor.entry() == order[walked]->second);
        REQUIRE(cursor.content().id == order[walked]->second.content);
        REQUIRE(cursor.flags() == order[walked]->second.flags);
      }
      REQUIRE(walked == order.size());
    }
  }
}

TEST_CASE("looking up many sorted paths gives what looking up each gives") {
  std::mt19937_64 random(12);
  TreeStore trees;
  const Model model = random_model(Shape::kHexIds, 3000, random);
  const TreeId root = build_tree(trees.store, model);
  std::vector<std::string> probes = probes_of(model, random);
  std::sort(probes.begin(), probes.end());
  const std::vector<std::string_view> views(probes.begin(), probes.end());
  const auto entries = find_entries(trees.nodes, root, views);
  REQUIRE(entries.size() == probes.size());
  for (std::size_t i = 0; i < probes.size(); ++i) {
    REQUIRE(entries[i] == find_entry(trees.nodes, root, probes[i]));
  }
  const std::vector<std::string_view> falling = {"b", "a"};
  CHECK(error_code_of([&] { find_entries(trees.nodes, root, falling); }) == ErrorCode::kInvalid);
}

TEST_CASE("a tree is built from rising valid paths only") {
  TreeStore trees;
  TreeBuilder builder(trees.store);
  builder.add("b", {});
  CHECK(error_code_of([&] { builder.add("b", {}); }) == ErrorCode::kInvalid);
  CHECK(error_code_of([&] { builder.add("a", {}); }) == ErrorCode::kInvalid);
  CHECK(error_code_of([&] { builder.add("c//d", {}); }) == ErrorCode::kInvalid);
  CHECK(error_code_of([&] { builder.add("", {}); }) == ErrorCode::kInvalid);
  builder.add("c", {});
  CHECK(count_documents(trees.nodes, builder.finish()) == 2);
}

TEST_CASE("a missing node, a node of another type and a node of a wrong level are corrupt") {
  std::mt19937_64 random(13);
  TreeStore trees;
  const Model model = random_model(Shape::kHexIds, 3000, random);
  const TreeId root = build_tree(trees.store, model);
  MemoryStore empty;
  NodeCache cache(1 << 20);
  const NodeReader nodes(empty, cache);
  const auto missing = error_of([&] { find_entry(nodes, root, "a"); });
  REQUIRE(missing);
  CHECK(missing->code() == ErrorCode::kCorrupt);
  CHECK(std::string(missing->what()).find(root.hex()) != std::string::npos);

  const TreeId blob(empty.put(ObjectType::kBlob, "text"));
  CHECK(error_code_of([&] { find_entry(nodes, blob, "a"); }) == ErrorCode::kCorrupt);

  // A root of level 2 over a leaf.
  const std::string_view keys[] = {"a", "b"};
  const Entry entries[] = {Entry{}, Entry{}};
  Child child;
  child.id = empty.put(ObjectType::kTree, encode_leaf(keys, entries));
  child.count = 2;
  const Child children[] = {child, child};
  const TreeId forged(empty.put(ObjectType::kTree, encode_inner(2, keys, children)));
  CHECK(error_code_of([&] { find_entry(nodes, forged, "a"); }) == ErrorCode::kCorrupt);
}

TEST_CASE("a cursor over a forged tree ends, whatever counts and last keys it claims") {
  TreeStore trees;
  const std::string_view low[] = {"a", "b"};
  const std::string_view high[] = {"c", "d"};
  const Entry entries[] = {Entry{}, Entry{}};
  Child first, second;
  first.id = trees.store.put(ObjectType::kTree, encode_leaf(low, entries));
  second.id = trees.store.put(ObjectType::kTree, encode_leaf(high, entries));
  first.count = 1000;
  second.count = 1;
  second.flags = kFlagConflict;
  const std::string_view keys[] = {"bz", "z"};
  const Child children[] = {first, second};
  const TreeId root(trees.store.put(ObjectType::kTree, encode_inner(1, keys, children)));
  Cursor cursor(trees.nodes, root);
  cursor.seek("bb");
  REQUIRE(cursor.valid());
  CHECK(cursor.path() == "c");
  cursor.seek("y");
  CHECK_FALSE(cursor.valid());
  cursor.seek_to_rank(500);
  REQUIRE(cursor.valid());
  CHECK(cursor.path() == "c");
  cursor.seek("");
  cursor.seek_to_flag(kFlagConflict);
  CHECK_FALSE(cursor.valid());
}

TEST_CASE("the node cache stays within its bytes and keeps what is used") {
  std::mt19937_64 random(14);
  TreeStore trees;
  const Model model = random_model(Shape::kHexIds, 20000, random);
  const TreeId root = build_tree(trees.store, model);
  NodeCache cache(16 * 40000);
  const NodeReader nodes(trees.store, cache);
  std::vector<Id> ids;
  std::size_t kept_bytes = 0;
  const NodePtr top = nodes.node(root);
  for (std::size_t i = 0; i < top->size(); ++i) {
    const NodePtr inner = nodes.child(*top, i);
    for (std::size_t j = 0; inner->level() > 0 && j < inner->size(); ++j) {
      nodes.child(*inner, j);
      ids.push_back(inner->id(j));
      REQUIRE(cache.find(root));  // used all the time
    }
  }
  for (const Id& id : ids) {
    if (const NodePtr node = cache.find(id)) kept_bytes += node->payload().size();
  }
  CHECK(ids.size() > 300);
  CHECK(kept_bytes > 100000);
  CHECK(kept_bytes <= 16 * 40000);
  cache.clear();
  CHECK_FALSE(cache.find(root));
}

TEST_CASE("several threads read one tree through one small cache") {
  std::mt19937_64 random(15);
  TreeStore trees;
  const Model model = random_model(Shape::kHexIds, 4000, random);
  const TreeId root = build_tree(trees.store, model);
  NodeCache cache(16 * 20000);
  const NodeReader nodes(trees.store, cache);
  std::atomic<std::size_t> wrong = 0;
  std::vector<std::thread> threads;
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    threads.emplace_back([&, seed] {
      std::mt19937_64 own(seed);
      for (std::size_t i = 0; i < 3000; ++i) {
        const auto path = shaped_path(Shape::kHexIds, own() % 4000, own);
        const auto found = find_entry(nodes, root, path);
        if (!found || *found != model.at(path)) ++wrong;
        if (own() % 1000 == 0) cache.clear();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}
