#include "merge/blame.h"

#include <catch2/catch.hpp>
#include <random>

#include "core/json.h"

using namespace isodb;
using namespace isodb::merge;

namespace {

/// Versions 0, 1, 2, …; the blame as "place=value@version" lines.
std::string blame(BlameUnit unit, std::initializer_list<ByteView> versions) {
  BlameTracker tracker(unit);
  std::size_t number = 0;
  for (const ByteView version : versions) tracker.add_version(version, number++);
  std::string text;
  for (const BlamedPart& part : tracker.parts()) {
    text += part.place + "=" + part.value + "@" + std::to_string(part.version) + "\n";
  }
  return text;
}

std::string fields(std::initializer_list<ByteView> versions) {
  return blame(BlameUnit::kFields, versions);
}

std::string lines(std::initializer_list<ByteView> versions) {
  return blame(BlameUnit::kLines, versions);
}

}  // namespace

TEST_CASE("A field is blamed on the version that gave its present value") {
  CHECK(fields({R"({"a":1,"b":{"c":2,"d":3}})", R"({"a":1,"b":{"c":5,"d":3}})",
                R"({"b":{"d":3,"c":5},"a":2,"e":null})"}) ==
        "/b/d=3@0\n/b/c=5@1\n/a=2@2\n/e=null@2\n");
}

TEST_CASE("A field that changed and changed back is blamed on the later version") {
  CHECK(fields({R"({"a":1})", R"({"a":2})", R"({"a":1})"}) == "/a=1@2\n");
}

TEST_CASE("A field whose spelling alone changed keeps its version") {
  CHECK(fields({R"({"a":1.0,"b":"A"})", R"({ "b": "\u0041", "a": 1 })"}) == "/b=\"A\"@0\n/a=1@0\n");
}

TEST_CASE("Empty containers and scalar documents are fields of their own") {
  CHECK(fields({R"({"a":[],"b":{}})", R"({"a":[],"b":[]})"}) == "/a=[]@0\n/b=[]@1\n");
  CHECK(fields({R"({"a":[1]})", R"({"a":[]})"}) == "/a=[]@1\n");
  CHECK(fields({R"({"a":[]})", R"({"a":[1]})"}) == "/a/0=1@1\n");
  CHECK(fields({"1", "1.0", "2", "2"}) == "=2@2\n");
}

TEST_CASE("Items keep their version when others are inserted or removed before them") {
  CHECK(fields({R"([{"id":1,"v":1},{"id":2,"v":2}])", R"([{"id":0},{"id":1,"v":1},{"id":2,"v":3}])",
                R"([{"id":1,"v":1},{"id":2,"v":3}])"}) ==
        "/0/id=1@0\n/0/v=1@0\n/1/id=2@0\n/1/v=3@1\n");
}

TEST_CASE("A line is blamed on the version that wrote it") {
  CHECK(lines({"a\nb\nc\n", "a\nB\nc\n", "x\na\nB\nc\nd"}) ==
        "1=x@2\n2=a@0\n3=B@1\n4=c@0\n5=d@2\n");
  CHECK(lines({"a", "a\n"}) == "1=a@1\n");
  CHECK(lines({"a\n", ""}).empty());
}

TEST_CASE("A version that is no JSON is followed by lines, and JSON after it is new") {
  CHECK(fields({R"({"a":1})", "{\"a\":1,\n}", "{\"a\":1,\n]"}) == "1={\"a\":1,@1\n2=]@2\n");
  CHECK(fields({R"({"a":1})", R"({"a":1,"a":1})", R"({"a":1})"}) == "/a=1@2\n");
}

TEST_CASE("After an absence everything is new") {
  BlameTracker tracker(BlameUnit::kFields);
  tracker.add_version(R"({"a":1})", 10);
  tracker.add_absence();
  CHECK(tracker.parts().empty());
  tracker.add_version(R"({"a":1})", 20);
  REQUIRE(tracker.parts().size() == 1);
  CHECK(tracker.parts()[0].version == 20);
}

TEST_CASE("Every blamed field holds, in its version and since, the value it has now") {
  // The model: an object of unique names whose values change one at a time.
  std::mt19937_64 random(17);
  std::vector<std::pair<int, std::size_t>> model(12, {0, 0});
  BlameTracker tracker(BlameUnit::kFields);
  for (std::size_t version = 0; version < 200; ++version) {
    if (version > 0) {
      auto& [value, since] = model[random() % model.size()];
      const int next = static_cast<int>(random() % 5);
      if (next != value) since = version;
      value = next;
    }
    std::string text = "{";
    for (std::size_t i = 0; i < model.size(); ++i) {
      text += (i > 0 ? ",\"f" : "\"f") + std::to_string(i) + "\":" + std::to_string(model[i].first);
    }
    tracker.add_version(text + "}", version);
    const auto parts = tracker.parts();
    REQUIRE(parts.size() == model.size());
    for (std::size_t i = 0; i < parts.size(); ++i) {
      REQUIRE(parts[i].place == "/f" + std::to_string(i));
      REQUIRE(parts[i].value == std::to_string(model[i].first));
      REQUIRE(parts[i].version == model[i].second);
    }
  }
}
