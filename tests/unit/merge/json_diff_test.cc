#include "merge/json_diff.h"

#include <catch2/catch.hpp>
#include <ctime>
#include <random>

#include "core/json_patch.h"
#include "core/json_writer.h"

using namespace isodb;
using namespace isodb::core;
using namespace isodb::merge;

namespace {

/// One change a line: "/pointer before -> after".
std::string changes(ByteView before, ByteView after) {
  std::string text;
  for (const JsonChange& change : diff_json(parse_json(before), parse_json(after))) {
    const auto side = [](const std::optional<Json>& value) {
      return value ? write_json(*value) : "nothing";
    };
    text += change.pointer + " " + side(change.before) + " -> " + side(change.after) + "\n";
  }
  return text;
}

std::string patch(ByteView before, ByteView after) {
  return write_json(make_json_patch(parse_json(before), parse_json(after)));
}

Json random_json(std::mt19937_64& random, int depth) {
  switch (random() % (depth > 0 ? 7 : 4)) {
    case 0:
      return Json();
    case 1:
      return Json::boolean(random() % 2 == 0);
    case 2:
      return Json::number(std::to_string(random() % 4) + (random() % 2 == 0 ? ".0" : ""));
    case 3:
      return Json::string(std::string(random() % 3, 'a') + (random() % 4 == 0 ? "/~" : ""));
    case 4:
    case 5: {
      Json array = Json::array();
      for (auto i = random() % 6; i > 0; --i) array.append(random_json(random, depth - 1));
      return array;
    }
    default: {
      Json object = Json::object();
      for (auto i = random() % 5; i > 0; --i) {
        const std::string names[] = {"a", "b", "~c/", "", "0"};
        object.set(names[random() % 5], random_json(random, depth - 1));
      }
      return object;
    }
  }
}

/// `value` with a few changes somewhere inside.
Json mutated(std::mt19937_64& random, const Json& value, int depth) {
  Json result = value;
  if (random() % 8 == 0 || depth == 0) return random_json(random, depth);
  if (result.is_array()) {
    auto& items = result.edit_items();
    for (auto& item : items) {
      if (random() % 3 == 0) item = mutated(random, item, depth - 1);
    }
    if (random() % 3 == 0) {
      items.insert(items.begin() + static_cast<std::ptrdiff_t>(random() % (items.size() + 1)),
                   random_json(random, depth - 1));
    }
    if (!items.empty() && random() % 3 == 0) {
      items.erase(items.begin() + static_cast<std::ptrdiff_t>(random() % items.size()));
    }
  } else if (result.is_object()) {
    for (auto& member : result.edit_members()) {
      if (random() % 3 == 0) member.value = mutated(random, member.value, depth - 1);
    }
    if (random() % 3 == 0) result.remove("a");
    if (random() % 3 == 0) result.set("b", random_json(random, depth - 1));
  }
  return result;
}

}  // namespace

TEST_CASE("Documents that are equal as data have no changes") {
  CHECK(changes(R"({"a":1,"b":[1.0,2]})", R"({"b":[1,2e0],"a":1})").empty());
  CHECK(patch(R"({"a":1})", R"({"a":1.0})") == "[]");
}

TEST_CASE("Changes name the smallest fields that differ") {
  CHECK(changes(R"({"a":{"x":1,"y":2},"b":1,"c":0})", R"({"b":2,"a":{"x":1,"z":3},"c":0})") ==
        "/a/y 2 -> nothing\n/a/z nothing -> 3\n/b 1 -> 2\n");
  CHECK(changes("1", "[1]") == " 1 -> [1]\n");
  CHECK(changes(R"({"a/b":{"~":1}})", R"({"a/b":{"~":2}})") == "/a~1b/~0 1 -> 2\n");
  CHECK(changes(R"({"a":{}})", R"({"a":[]})") == "/a {} -> []\n");
}

TEST_CASE("Items of arrays are followed through insertions and removals") {
  CHECK(changes(R"(["a","b","c"])", R"(["x","a","b","c"])") == "/0 nothing -> \"x\"\n");
  CHECK(changes(R"(["a","b","c"])", R"(["b","c"])") == "/0 \"a\" -> nothing\n");
  CHECK(changes(R"([{"id":1,"n":1},{"id":2,"n":2}])", R"([{"id":1,"n":1},{"id":2,"n":3}])") ==
        "/1/n 2 -> 3\n");
  CHECK(changes(R"([1,2,3,4])", R"([1,20,3,5,6])") == "/1 2 -> 20\n/3 4 -> 5\n/4 nothing -> 6\n");
}

TEST_CASE("A JSON Patch has one operation a changed field") {
  CHECK(patch(R"({"a":{"x":1,"y":2},"b":1})", R"({"b":2,"a":{"x":1,"z":3}})") ==
        R"([{"op":"remove","path":"/a/y"},{"op":"add","path":"/a/z","value":3},)"
        R"({"op":"replace","path":"/b","value":2}])");
  const std::string head = R"(["a long item to begin with, so that replacing all is costly",)";
  CHECK(patch(head + "1,2,3,4]", head + "1,3,4,5]") ==
        R"([{"op":"add","path":"/5","value":5},{"op":"remove","path":"/2"}])");
}

TEST_CASE("A JSON Patch replaces an array where that is shorter than its changes") {
  CHECK(patch(R"({"a":[1,2,3,4]})", R"({"a":[5,6,7,4]})") ==
        R"([{"op":"replace","path":"/a","value":[5,6,7,4]}])");
}

TEST_CASE("A JSON Patch applied to the old document gives the new one") {
  std::mt19937_64 random(5);
  int changed = 0;
  for (int round = 0; round < 3'000; ++round) {
    const Json before = random_json(random, 4);
    const Json after = mutated(random, before, 4);
    INFO(write_json(before) << " to " << write_json(after));
    const Json patch = make_json_patch(before, after);
    REQUIRE(apply_json_patch(before, patch) == after);
    REQUIRE((patch.size() == 0) == (before == after));
    REQUIRE(diff_json(before, after).empty() == (before == after));
    if (patch.size() > 0) ++changed;
  }
  CHECK(changed > 800);
}

TEST_CASE("Arrays of 100,000 items are compared and patched in bounded time") {
  std::mt19937_64 random(9);
  Json before = Json::array(), after = Json::array();
  for (int i = 0; i < 100'000; ++i) {
    Json item = Json::object();
    item.set("id", Json::natural(random() % 50'000));
    item.set("name", Json::string("item " + std::to_string(random() % 1000)));
    before.append(item);
    if (random() % 50 == 0) item.set("name", Json::string("changed"));
    if (random() % 50 != 0) after.append(item);
    if (random() % 50 == 0) after.append(Json::natural(random()));
  }
  const std::clock_t start = std::clock();  // the processor's time: machines are busy
  CHECK(diff_json(before, after).size() > 3'000);
  const Json patch = make_json_patch(before, after);
  CHECK(apply_json_patch(before, patch) == after);
  CHECK(std::clock() - start < 30 * CLOCKS_PER_SEC);
}

TEST_CASE("Arrays nested to the limit around a large one cost no more than the large one alone") {
  // Each level holds two items that differ, so none is trimmed away before it is compared.
  std::string inner = "[";
  for (int i = 0; i < 50'000; ++i) inner += std::to_string(i) + ",";
  const auto nested = [&](const std::string& last) {
    std::string open, close;
    for (std::size_t depth = 1; depth < kJsonDepthMax; ++depth) {
      open += "[";
      close += "," + last + "]";
    }
    return parse_json(open + inner + last + "]" + close);
  };
  const Json before = nested("1"), after = nested("2");
  const std::clock_t start = std::clock();  // the processor's time: machines are busy
  CHECK(diff_json(before, after).size() == kJsonDepthMax);
  CHECK(apply_json_patch(before, make_json_patch(before, after)) == after);
  CHECK(std::clock() - start < 5 * CLOCKS_PER_SEC);
}
