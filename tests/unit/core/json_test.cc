#include "core/json.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <random>

#include "core/json_writer.h"
#include "tests/support/testing.h"

using namespace isodb;
using namespace isodb::core;
using isodb::testing::error_of;
using isodb::testing::shared_data;
using isodb::testing::slurp;

namespace {

std::optional<JsonPosition> refusal(ByteView text, std::size_t depth_max = kJsonDepthMax) {
  try {
    parse_json(text, depth_max);
  } catch (const JsonError& error) {
    return error.position();
  }
  return std::nullopt;
}

std::string refusal_text(ByteView text) {
  const auto error = error_of([&] { parse_json(text); });
  return error ? error->what() : "accepted";
}

std::string nested(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

}  // namespace

TEST_CASE("JSON values keep number text, member order and decoded strings") {
  const Json value = parse_json(
      R"( {"b": 1.00, "a": [true, false, null, -0, 1E+2], "": "A\u00e9\ud834\udd1e\n\/"} )");
  REQUIRE(value.is_object());
  REQUIRE(value.size() == 3);
  CHECK(value.members()[0].key() == "b");
  CHECK(value.members()[0].value.number_text() == "1.00");
  CHECK(value.members()[1].key() == "a");
  const auto& items = value.find("a")->items();
  CHECK(items[0].as_boolean());
  CHECK_FALSE(items[1].as_boolean());
  CHECK(items[2].is_null());
  CHECK(items[3].number_text() == "-0");
  CHECK(items[4].number_text() == "1E+2");
  CHECK(value.find("")->as_string() == "A\u00e9\U0001d11e\n/");
  CHECK(value.find("c") == nullptr);
}

TEST_CASE("JSON texts of every length are kept, inline or not") {
  for (std::size_t length = 0; length < 70; ++length) {
    const std::string text(length, 'x');
    Json value = parse_json("\"" + text + "\"");
    CHECK(value.as_string() == text);
    const Json copy = value;
    value = Json();
    CHECK(copy.as_string() == text);
    const std::string digits(length + 1, '7');
    CHECK(parse_json(digits).number_text() == digits);
  }
}

TEST_CASE("A copy of a JSON value does not see changes of the original") {
  Json value = parse_json(R"({"list": [1, 2], "name": "a name longer than fits inline"})");
  const Json copy = value;
  CHECK(copy.shares_block_with(value));
  value.edit_members()[0].value.append(Json::natural(3));
  value.set("name", Json::string("new"));
  value.set("more", Json());
  CHECK(value.remove("list"));
  CHECK_FALSE(value.remove("list"));
  CHECK(write_json(value) == R"({"name":"new","more":null})");
  CHECK(write_json(copy) == R"({"list":[1,2],"name":"a name longer than fits inline"})");
}

TEST_CASE("A JSON value can be replaced by a part of itself") {
  Json value = parse_json(R"({"a": {"b": ["a text that is not kept inline"]}})");
  value = *value.find("a");
  value = *value.find("b");
  value = value.items()[0];
  CHECK(value.as_string() == "a text that is not kept inline");
  Json same = parse_json("[1]");
  const Json& alias = same;
  same = alias;
  CHECK(write_json(same) == "[1]");
}

TEST_CASE("JSON errors name the line, the column in characters and the byte") {
  CHECK(refusal_text("") == "line 1, column 1: expected a value, found the end of the text");
  CHECK(refusal_text("{\n  \"a\": tru\n}") ==
        "line 2, column 8: expected a value, found a word that is not true, false or null");
  CHECK(refusal_text("[1,\n\n 2 3]") ==
        "line 3, column 4: expected ',' or ']' after an array's item, found '3'");
  CHECK(refusal_text("{\"\u00e9\u00e8\" 1}") ==
        "line 1, column 7: expected ':' after a member's name, found '1'");
  CHECK(refusal_text("[1,]") == "line 1, column 4: expected a value, found ']'");
  CHECK(refusal_text("{1:2}") ==
        "line 1, column 2: expected a member's name in quotation marks, found '1'");
  CHECK(refusal_text("[01]") ==
        "line 1, column 3: a number must not begin with a zero before other digits");
  CHECK(refusal_text("-") ==
        "line 1, column 2: expected a digit after '-', found the end of the text");
  CHECK(refusal_text("[1.]") ==
        "line 1, column 4: expected a digit after the decimal point, found ']'");
  CHECK(refusal_text("[1e+]") == "line 1, column 5: expected a digit in the exponent, found ']'");
  CHECK(refusal_text("[\"a") == "line 1, column 2: a string without its closing quotation mark");
  CHECK(refusal_text("\"a\tb\"") ==
        "line 1, column 3: a control character in a string: the byte 0x09 must be escaped");
  CHECK(refusal_text("\"\xff\"") == "line 1, column 2: the byte 0xff is not UTF-8");
  CHECK(refusal_text("\xef\xbb\xbf{}") ==
        "line 1, column 1: a byte order mark, which JSON must not begin with");
  CHECK(refusal_text("1 2") == "line 1, column 3: expected the end of the text, found '2'");
  CHECK(refusal_text("\"\\x\"") ==
        "line 1, column 3: expected one of \" \\ / b f n r t u after a backslash, found 'x'");
  CHECK(refusal_text("\"\\u12g4\"") ==
        "line 1, column 6: expected four hexadecimal digits after \\u, found 'g'");
  CHECK(refusal("{\"\u00e9\u00e8\" 1}")->offset == 8);
}

TEST_CASE("JSON with duplicate members is refused by default and reported on request") {
  const std::string text = "{\"a\": 1,\n \"b\": 2, \"a\": 3}";
  CHECK(refusal_text(text) == "line 2, column 10: the object has two members named 'a'");
  const ExaminedJson examined = examine_json(text);
  REQUIRE(examined.defect);
  CHECK(examined.defect->position.text() == "line 2, column 10");
  CHECK(examined.value.size() == 3);
  CHECK_FALSE(examine_json(R"({"a": {"a": 1}, "b": {"a": 1}})").defect);
}

TEST_CASE("A duplicate member is found in objects of any size, escaped or not") {
  for (std::size_t count : {2, 3, 11, 12, 13, 14, 50, 500}) {
    for (std::size_t first : {std::size_t{0}, (count - 1) / 2, count - 2}) {
      std::string text = "{";
      for (std::size_t i = 0; i + 1 < count; ++i) text += "\"k" + std::to_string(i) + "\":1,";
      CHECK_FALSE(refusal(text + "\"other\":1}"));
      const std::size_t at = text.size();
      const auto found = refusal(text + "\"\\u006b" + std::to_string(first) + "\":1}");
      REQUIRE(found);
      CHECK(found->offset == at);
    }
  }
}

TEST_CASE(
    "A lone surrogate is refused by default, reported on request and written back as it was") {
  const std::string text = R"(["\ud800", "\udc00x", "\ud800\ud800\udc00", "\ud800\n"])";
  CHECK(refusal_text(text) ==
        R"(line 1, column 3: a lone surrogate: \ud800 is half of a character)");
  const ExaminedJson examined = examine_json(text);
  REQUIRE(examined.defect);
  CHECK(examined.defect->position.column == 3);
  CHECK(write_json(examined.value) ==
        "[\"\\ud800\",\"\\udc00x\",\"\\ud800\U00010000\",\"\\ud800\\n\"]");
  CHECK_FALSE(refusal(R"("\ud834\udd1e")"));
  CHECK(refusal("\"\xed\xa0\x80\""));  // a surrogate in UTF-8 is no UTF-8 at all
  CHECK_THROWS_AS(examine_json("\"\xed\xa0\x80\""), JsonError);
}

TEST_CASE("JSON nested deeper than the limit is refused without exhausting the stack") {
  CHECK_FALSE(refusal(nested(kJsonDepthMax)));
  CHECK(refusal(nested(kJsonDepthMax + 1))->offset == kJsonDepthMax);
  CHECK(refusal(nested(1'000'000))->offset == kJsonDepthMax);
  CHECK_FALSE(refusal("[[],[]]", 2));
  CHECK(refusal("[[],[[]]]", 2));
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  CHECK(error_of([&] { parse_json(objects); })->code() == ErrorCode::kLimit);
}

TEST_CASE("Every truncation of a JSON text is refused or a value, never read past its end") {
  const std::string text =
      R"({"key": ["\u00e9\ud834\udd1e", -12.5e+3, true, null], "text": "é€😀 and more"})";
  for (std::size_t length = 0; length < text.size(); ++length) {
    const std::string part = text.substr(0, length);  // its own block: a sanitizer sees overruns
    CHECK(refusal(part));
  }
}

TEST_CASE("A damaged JSON text is refused with a place inside it or read and written alike") {
  const std::string text =
      R"({"a": [1, -2.5e+3, true, null, "\u00e9\ud834\udd1e\n"], "b": {"c": {}, "é": "€😀"}})";
  constexpr std::string_view kBytes = "{}[]\",:\\u0d8-+.eE tfn\x00\x7f\x80\xed\xff";
  std::mt19937_64 random(21);
  int accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string damaged = text;
    for (auto left = 1 + random() % 3; left > 0; --left) {
      const std::size_t at = random() % damaged.size();
      switch (random() % 3) {
        case 0:
          damaged[at] = kBytes[random() % kBytes.size()];
          break;
        case 1:
          damaged.erase(at, 1 + random() % 4);
          break;
        default:
          damaged.insert(at, 1, kBytes[random() % kBytes.size()]);
      }
    }
    try {
      const Json value = examine_json(damaged).value;
      REQUIRE(examine_json(write_json(value)).value == value);
      ++accepted;
    } catch (const JsonError& error) {
      REQUIRE(error.position().offset <= damaged.size());
    }
  }
  CHECK(accepted > 1'000);
}

TEST_CASE("A JSON value of another kind than asked for is named in the error") {
  const auto error = error_of([] { parse_json("[1]").as_string(); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kInvalid);
  CHECK(std::string(error->what()) == "expected JSON of kind string, found array");
  CHECK_THROWS_AS(Json::number("01"), Error);
  CHECK_THROWS_AS(Json::number(""), Error);
  CHECK_THROWS_AS(Json::string("\xff"), Error);
  CHECK(Json::lossy_string("a\xff"
                           "b")
            .as_string() ==
        "a\uFFFD"
        "b");
}

TEST_CASE("JSON values are equal as data, whatever their spelling and order of members") {
  const auto equal = [](ByteView a, ByteView b) { return parse_json(a) == parse_json(b); };
  CHECK(equal(R"({"a":1,"b":[1.0]})", R"({"b":[10e-1],"a":1})"));
  CHECK(equal(R"("\u0041")", R"("A")"));
  CHECK_FALSE(equal(R"({"a":1,"b":2})", R"({"a":2,"b":1})"));
  CHECK_FALSE(equal(R"({"a":1})", R"({"a":1,"b":1})"));
  CHECK_FALSE(equal("[1,2]", "[2,1]"));
  CHECK_FALSE(equal("\"1\"", "1"));
  CHECK_FALSE(equal("true", "false"));
  CHECK_FALSE(equal("null", "false"));
  CHECK(equal("[]", " [ ] "));
}

TEST_CASE("JSON is written compact or indented, with number text and order kept") {
  const Json value = parse_json(R"({"a":[1.0,{}],"b":{"c":[],"d":null},"e":"\u0001\"\\\u007f\n"})");
  CHECK(write_json(value) ==
        "{\"a\":[1.0,{}],\"b\":{\"c\":[],\"d\":null},\"e\":\"\\u0001\\\"\\\\\x7f\\n\"}");
  CHECK(write_json(value, {.indent = "  "}) ==
        "{\n  \"a\": [\n    1.0,\n    {}\n  ],\n  \"b\": {\n    \"c\": [],\n    \"d\": null\n  },\n"
        "  \"e\": \"\\u0001\\\"\\\\\x7f\\n\"\n}");
}

TEST_CASE("JSON for a terminal holds no control character at all") {
  const Json value = Json::string("\x1b[2J\x7f\u0080\u009b\u00a0é");
  const std::string text = write_json(value, {.escapes = JsonEscapes::kTerminal});
  CHECK(text == "\"\\u001b[2J\\u007f\\u0080\\u009b\u00a0é\"");
  CHECK(parse_json(text) == value);
}

TEST_CASE("JSONTestSuite: y_ is accepted, n_ refused with its place, i_ never crashes") {
  const auto folder = shared_data("JSONTestSuite/test_parsing");
  if (!folder) return;
  std::map<char, int> counts;
  for (const auto& file : std::filesystem::directory_iterator(*folder)) {
    const std::string name = file.path().filename().string();
    const std::string text = slurp(file.path());
    INFO(name);
    ++counts[name[0]];
    try {
      const ExaminedJson examined = examine_json(text);
      CHECK(name[0] != 'n');
      CHECK(examine_json(write_json(examined.value)).value == examined.value);
    } catch (const JsonError& error) {
      CHECK(name[0] != 'y');
      CHECK(error.position().offset <= text.size());
      CHECK(std::string(error.what())
                .starts_with("line " + std::to_string(error.position().line) + ", column " +
                             std::to_string(error.position().column) + ": "));
    }
  }
  CHECK(counts['y'] > 40);
  CHECK(counts['n'] > 90);
  CHECK(counts['i'] > 10);
}

TEST_CASE("JSONTestSuite's transformations keep number text and tell duplicate members") {
  const auto folder = shared_data("JSONTestSuite/test_transform");
  if (!folder) return;
  const auto read = [&](const std::string& name) { return examine_json(slurp(*folder / name)); };
  const auto number = [&](const std::string& name) {
    const Json value = read(name).value;
    return std::string(value.items()[0].number_text());
  };
  CHECK(number("number_1.000000000000000005.json") == "1.000000000000000005");
  CHECK(number("number_1e-999.json") == "1E-999");
  CHECK(number("number_-9223372036854775808.json") == "-9223372036854775808");
  CHECK(read("object_same_key_same_value.json").defect);
  CHECK(read("object_same_key_unclear_values.json").defect);
  CHECK_FALSE(read("object_key_nfc_nfd.json").defect);
  CHECK(read("object_key_nfc_nfd.json").value.size() == 2);
  CHECK(read("string_1_escaped_invalid_codepoint.json").defect);
  CHECK_THROWS_AS(read("string_1_invalid_codepoint.json"), JsonError);
}

TEST_CASE("nativejson: compact texts come back byte for byte") {
  const auto folder = shared_data("nativejson/roundtrip");
  if (!folder) return;
  int files = 0;
  for (const auto& file : std::filesystem::directory_iterator(*folder)) {
    std::string text = slurp(file.path());
    while (!text.empty() && text.back() == '\n') text.pop_back();
    CHECK(write_json(parse_json(text)) == text);
    ++files;
  }
  CHECK(files > 20);
}
