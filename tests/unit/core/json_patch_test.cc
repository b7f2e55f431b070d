#include "core/json_patch.h"

#include <catch2/catch.hpp>

#include "core/json_pointer.h"
#include "core/json_writer.h"
#include "tests/support/testing.h"

using namespace isodb;
using namespace isodb::core;
using isodb::testing::error_code_of;
using isodb::testing::error_of;
using isodb::testing::shared_data;
using isodb::testing::slurp;

namespace {

std::string patched(ByteView document, ByteView patch) {
  return write_json(apply_json_patch(parse_json(document), parse_json(patch)));
}

std::string merged(ByteView document, ByteView patch) {
  return write_json(apply_merge_patch(parse_json(document), parse_json(patch)));
}

std::string refusal(ByteView document, ByteView patch) {
  const auto error = error_of([&] { patched(document, patch); });
  return error ? error->what() : "accepted";
}

const Json* member(const Json& object, std::string_view name) {
  return object.find(name);
}

}  // namespace

TEST_CASE("RFC 6901's examples name what they should") {
  const Json document = parse_json(R"({"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,)"
                                   R"("i\\j":5,"k\"l":6," ":7,"m~n":8})");
  const auto at = [&](std::string_view pointer) {
    const Json* found = find_at(document, JsonPointer::parse(pointer));
    return found == nullptr ? "nothing" : write_json(*found);
  };
  CHECK(at("") == write_json(document));
  CHECK(at("/foo") == R"(["bar","baz"])");
  CHECK(at("/foo/0") == R"("bar")");
  CHECK(at("/") == "0");
  CHECK(at("/a~1b") == "1");
  CHECK(at("/c%d") == "2");
  CHECK(at("/i\\j") == "5");
  CHECK(at("/k\"l") == "6");
  CHECK(at("/ ") == "7");
  CHECK(at("/m~0n") == "8");
  for (const char* absent : {"/foo/2", "/foo/-", "/foo/00", "/foo/+0", "/foo/99999999999999999999",
                             "/x", "//", "/foo/0/0", "/a~01b"}) {
    CHECK(at(absent) == "nothing");
  }
}

TEST_CASE("JSON Pointers of the format test suite are told valid from invalid, and come back") {
  const auto path = shared_data("formats/json-pointer.json");
  if (!path) return;
  int checked = 0;
  const Json groups = parse_json(slurp(*path));
  for (const Json& group : groups.items()) {
    for (const Json& test : member(group, "tests")->items()) {
      const Json& data = *member(test, "data");
      if (!data.is_string()) continue;
      const std::string text(data.as_string());
      INFO(text);
      const auto error = error_of([&] { JsonPointer::parse(text); });
      CHECK(!error == member(test, "valid")->as_boolean());
      if (!error) CHECK(JsonPointer::parse(text).text() == text);
      ++checked;
    }
  }
  CHECK(checked > 20);
}

TEST_CASE("json-patch-tests: every patch has its result or its error") {
  const auto path = shared_data("json-patch/tests.json");
  if (!path) return;
  int checked = 0;
  const Json tests = examine_json(slurp(*path)).value;
  for (const Json& test : tests.items()) {
    const Json* const expected = member(test, "expected");
    const Json* const error = member(test, "error");
    const Json &document = *member(test, "doc"), &patch = *member(test, "patch");
    const std::string before = write_json(document);
    INFO(write_json(test));
    // One disabled case asks for the refusal of a patch with two members "op": parsing does that.
    if (error != nullptr && error->as_string() == "patch has two 'op' members") continue;
    if (error != nullptr) {
      CHECK_THROWS_AS(apply_json_patch(document, patch), Error);
    } else if (expected != nullptr) {
      CHECK(apply_json_patch(document, patch) == *expected);
    } else {
      CHECK_NOTHROW(apply_json_patch(document, patch));
    }
    CHECK(write_json(document) == before);
    ++checked;
  }
  CHECK(checked > 90);
}

TEST_CASE("A JSON Patch that fails in the middle changes nothing and says where") {
  const Json document = parse_json(R"({"a":{"b":[1,2,3]}})");
  const Json patch = parse_json(
      R"([{"op":"remove","path":"/a/b/0"},{"op":"add","path":"/a/c","value":1},
          {"op":"replace","path":"/a/x","value":1}])");
  const auto error = error_of([&] { apply_json_patch(document, patch); });
  REQUIRE(error);
  CHECK(std::string(error->what()) == "operation 2 (replace '/a/x'): there is no member 'x'");
  CHECK(error->code() == ErrorCode::kNotFound);
  CHECK(write_json(document) == R"({"a":{"b":[1,2,3]}})");
}

TEST_CASE("JSON Patch errors name the operation, the pointer and the cause") {
  CHECK(refusal("{}", "{}") == "a JSON Patch must be an array of operations (RFC 6902)");
  CHECK(refusal("{}", "[1]") == "operation 0: is not an object");
  CHECK(refusal("{}", R"([{"path":""}])") == "operation 0: has no string \"op\"");
  CHECK(refusal("[1]", R"([{"op":"remove","path":"/1"}])") ==
        "operation 0 (remove '/1'): the array has 1 items, no 1");
  CHECK(refusal("[1]", R"([{"op":"add","path":"/x","value":1}])") ==
        "operation 0 (add '/x'): 'x' is not an index of an array");
  CHECK(refusal("1", R"([{"op":"add","path":"/x","value":1}])") ==
        "operation 0 (add '/x'): 'x' is to be in a number");
  CHECK(refusal("{}", R"([{"op":"remove","path":""}])") ==
        "operation 0 (remove ''): the whole document cannot be removed");
  CHECK(refusal(R"({"a":{}})", R"([{"op":"move","from":"/a","path":"/a/b"}])") ==
        "operation 0 (move '/a/b'): a value cannot be moved into itself");
  CHECK(error_code_of([] { patched(R"({"a":1})", R"([{"op":"test","path":"/a","value":2}])"); }) ==
        ErrorCode::kStale);
}

TEST_CASE("A JSON Patch keeps the order of members and the text of numbers") {
  CHECK(patched(R"({"z":1.0,"y":2,"x":3})",
                R"([{"op":"replace","path":"/y","value":2.50},{"op":"add","path":"/z","value":1e1},
                    {"op":"add","path":"/new","value":0},{"op":"remove","path":"/x"}])") ==
        R"({"z":1e1,"y":2.50,"new":0})");
  CHECK(patched(R"({"a":[1,2,3]})", R"([{"op":"move","from":"/a/0","path":"/a/2"}])") ==
        R"({"a":[2,3,1]})");
}

TEST_CASE("A JSON Patch cannot nest a document without bound") {
  std::string patch = "[";
  for (int i = 0; i < 600; ++i) {
    if (i > 0) patch += ',';
    patch += R"({"op":"copy","from":"","path":"/a"})";
  }
  CHECK(error_code_of([&] { patched("{}", patch + "]"); }) == ErrorCode::kLimit);
}

TEST_CASE("A JSON Patch cannot double a document without bound") {
  std::string patch = "[";
  for (int i = 0; i < 60; ++i) {
    const std::string twice = std::to_string(i % 2), other = std::to_string(1 - i % 2);
    if (i > 0) patch += ',';
    // {"0": x, "1": [x, x]}, and then the other way round: twice the size at each step.
    patch += R"({"op":"add","path":"/)" + other + R"(","value":[]},)";
    patch += R"({"op":"copy","from":"/)" + twice + R"(","path":"/)" + other + R"(/-"},)";
    patch += R"({"op":"copy","from":"/)" + twice + R"(","path":"/)" + other + R"(/-"})";
  }
  CHECK(error_code_of([&] { patched(R"({"0":[1]})", patch + "]"); }) == ErrorCode::kLimit);
}

TEST_CASE("RFC 7396's cases have their results") {
  const auto path = shared_data("json-merge-patch/cases.json");
  if (!path) return;
  const Json cases = parse_json(slurp(*path));
  CHECK(cases.size() >= 8);
  for (const Json& test : cases.items()) {
    INFO(write_json(test));
    CHECK(apply_merge_patch(*member(test, "original"), *member(test, "patch")) ==
          *member(test, "result"));
  }
}

TEST_CASE("A JSON Merge Patch keeps the order of members and drops nulls of new objects") {
  CHECK(merged(R"({"c":1.0,"b":2,"a":3})", R"({"d":{"x":null,"y":1},"b":null,"a":[null]})") ==
        R"({"c":1.0,"a":[null],"d":{"y":1}})");
  CHECK(merged("[1]", R"({"a":null,"b":1})") == R"({"b":1})");
  CHECK(merged(R"({"a":"b"})", R"(["c"])") == R"(["c"])");
}
