#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "core/hash.h"
#include "core/varint.h"
#include "objects/boundary.h"
#include "objects/memory_store.h"
#include "objects/tree.h"
#include "objects/tree_verify.h"
#include "tests/support/places.h"

using namespace isodb;
using namespace isodb::objects;

// The vectors are permanent: a line is never edited. A new input comes last in
// lines_of_this_build(); the test then fails and prints the line to append.
namespace {

std::string hex_of(ByteView bytes) {
  static const char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

Id numbered(const std::string& word, std::uint64_t i) {
  Bytes seed = word;
  core::put_u64(seed, i);
  return core::sha256(seed);
}

std::string digits(std::uint64_t number, std::size_t width) {
  std::string text = std::to_string(number);
  return std::string(width - text.size(), '0') + text;
}

/// Path i of a family, as the head of the vectors' file describes it.
std::string path_of(const std::string& family, std::uint64_t i) {
  const std::string hex = numbered("isodb path", i).hex();
  if (family == "hex") return hex.substr(0, 32);
  if (family == "dated") return "log/" + digits(i / 50, 8) + "/" + digits(i % 50, 2) + ".json";
  if (family == "long") return hex.substr(0, 16) + std::string(800 + i % 200, 'x');
  if (family == "utf8") return "höfe/" + hex.substr(0, 8) + "/日誌 " + std::to_string(i);
  REQUIRE(family == "ground");
  for (std::uint64_t salt = 0;; ++salt) {
    std::string path = hex.substr(0, 16) + std::string(200, 'g') + digits(salt, 6);
    if (core::xxh3(path, 0) >> 61 == 7 && core::xxh3(path, 1) >> 61 == 7) return path;
  }
}

Entry entry_of(std::uint64_t i) {
  static const char* const kTypes[] = {"", "application/json", "text/plain", "image/png",
                                       "application/x-vector"};
  Entry entry;
  entry.content = numbered("isodb content", i);
  entry.size = i * i % 65537;
  if (i % 10 == 9) {
    entry.kind = ContentKind::kList;
    entry.size = 65537 + i * i * i;
  }
  entry.media_type = kTypes[i % 5];
  entry.stamp.clock = HybridTime::of(1700000000000 + i, static_cast<std::uint16_t>(i % 3));
  entry.stamp.writer.value = 0x0123456789abcdef + i % 4;
  if (i % 16 == 5) {
    entry.flags = i % 32 == 5 ? kFlagMerged | kFlagConflict : kFlagMerged;
    entry.merge_digest_tail = 0xfedcba9876543210 + i;
  }
  if (i % 64 == 7) entry.flags |= kFlagErased;
  if (i % 7 == 0) entry.metadata = numbered("isodb metadata", i);
  return entry;
}

std::vector<TreeChange> batch_of(const std::string& family, std::uint64_t count) {
  std::vector<TreeChange> batch;
  for (std::uint64_t i = 0; i < count; ++i) batch.push_back({path_of(family, i), entry_of(i)});
  std::sort(batch.begin(), batch.end(),
            [](const TreeChange& a, const TreeChange& b) { return a.path < b.path; });
  return batch;
}

/// "tree | family count | root id | levels | nodes | documents in the first eight leaves".
std::string tree_line(const std::string& family, std::uint64_t count) {
  const std::vector<TreeChange> batch = batch_of(family, count);
  MemoryStore store;
  NodeCache cache(64 << 20);
  const NodeReader nodes(store, cache);
  TreeBuilder builder(store);
  for (const TreeChange& put : batch) builder.add(put.path, *put.entry);
  const TreeId root = builder.finish();
  REQUIRE(edit_tree(nodes, store, empty_tree_id(), batch) == root);
  std::size_t count_nodes = 0;
  std::string leaves;
  std::size_t leaves_shown = 0;
  walk_tree_nodes(
      nodes, root, [](const Id&) { return true; },
      [&](const Id&, const NodePtr& node) {
        ++count_nodes;
        if (node->level() > 0 || ++leaves_shown > 8) return;
        leaves += (leaves.empty() ? "" : " ") + std::to_string(node->size());
      });
  return "tree | " + family + " " + std::to_string(count) + " | " + root.hex() + " | " +
         std::to_string(nodes.node(root)->level() + 1) + " | " + std::to_string(count_nodes) +
         " | " + leaves;
}

/// "node | name | payload in hex | id".
std::string node_line(const std::string& name, const Bytes& payload) {
  REQUIRE(Node(payload).payload() == payload);
  return "node | " + name + " | " + hex_of(payload) + " | " +
         core::object_id(ObjectType::kTree, payload).hex();
}

/// The worked example of docs/format.md.
Bytes example_leaf() {
  Entry bella, max;
  bella.content = core::object_id(ObjectType::kBlob, "{\"name\":\"Bella\"}\n");
  bella.size = 17;
  bella.media_type = "application/json";
  bella.stamp.clock = HybridTime::of(1700000000000, 2);
  bella.stamp.writer.value = 0x0123456789abcdef;
  max = bella;
  max.content = core::object_id(ObjectType::kBlob, "{\"name\":\"Max\"}\n");
  max.size = 15;
  max.flags = kFlagMerged | kFlagConflict;
  max.merge_digest_tail = 0xfedcba9876543210;
  max.media_type = "x/y";
  const std::string_view keys[] = {"cows/bella.json", "cows/max"};
  const Entry entries[] = {bella, max};
  return encode_leaf(keys, entries);
}

Bytes example_inner() {
  const Child children[] = {
      {core::object_id(ObjectType::kTree, example_leaf()), 2, kFlagMerged | kFlagConflict},
      {numbered("isodb child", 1), 300, 0}};
  const std::string_view keys[] = {"cows/max", "zebras/zoe.json"};
  return encode_inner(1, keys, children);
}

std::vector<std::string> lines_of_this_build() {
  std::vector<std::string> lines;
  for (std::uint8_t number = 0; const auto type = media_type_from_number(number); ++number) {
    lines.push_back("media | " + std::to_string(number) + " | " + std::string(*type));
  }
  lines.push_back(node_line("empty", encode_leaf({}, {})));
  lines.push_back(node_line("example leaf", example_leaf()));
  lines.push_back(node_line("example inner", example_inner()));
  for (const std::uint64_t i : {0u, 5u, 7u, 9u, 35u}) {
    const std::string path = path_of("hex", i);
    const std::string_view key = path;
    const Entry entry = entry_of(i);
    lines.push_back(
        node_line("one entry " + std::to_string(i), encode_leaf({&key, 1}, {&entry, 1})));
  }
  for (const std::uint64_t count : {0u, 1u, 10u, 100u, 1000u, 20000u}) {
    lines.push_back(tree_line("hex", count));
  }
  lines.push_back(tree_line("dated", 5000));
  lines.push_back(tree_line("utf8", 1000));
  lines.push_back(tree_line("long", 1000));
  lines.push_back(tree_line("ground", 4000));
  return lines;
}

}  // namespace

TEST_CASE("trees, nodes and media types are what the vectors say, for ever") {
  std::ifstream file(std::string(isodb::testing::kTestVectors) + "/tree.txt");
  REQUIRE(file);
  std::vector<std::string> expected;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line[0] != '#') expected.push_back(line);
  }
  const std::vector<std::string> found = lines_of_this_build();
  for (std::size_t i = 0; i < found.size(); ++i) {
    const bool as_ever = i < expected.size() && found[i] == expected[i];
    // Not through Catch, which breaks long lines.
    if (!as_ever) std::cout << "this build makes:\n" << found[i] << "\n";
    INFO("line " << i << " that is no comment");
    CHECK(as_ever);
  }
  CHECK(found.size() == expected.size());
}
