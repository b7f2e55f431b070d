#include "merge/rules.h"

#include <catch2/catch.hpp>
#include <chrono>

#include "core/hash.h"
#include "tests/support/testing.h"

using namespace isodb;
using namespace isodb::core;
using namespace isodb::merge;

namespace {

/// What is wrong with rules, "" when nothing.
std::string fault(ByteView text) {
  try {
    Rules::parse(text);
    return "";
  } catch (const JsonError& error) {
    return error.what();
  }
}

std::string matched(const Rules& rules, std::string_view path) {
  const Rule* rule = rules.find(path);
  return rule == nullptr ? "none" : rule->match;
}

}  // namespace

TEST_CASE("A pattern matches a path segment by segment") {
  struct Case {
    const char *pattern, *path;
    bool matches;
  };
  const Case cases[] = {
      {"a", "a", true},
      {"a", "ab", false},
      {"a", "a/b", false},
      {"*", "abc", true},
      {"*", "a/b", false},
      {"a*", "a", true},
      {"a*c", "abbc", true},
      {"a*c", "abcb", false},
      {"*.json", ".json", true},
      {"?", "é", true},
      {"??", "é", false},
      {"*?", "é", true},
      {"?", "/", false},
      {"a?c", "a/c", false},
      {"cows/**", "cows/1", true},
      {"cows/**", "cows/1/2/3", true},
      {"cows/**", "cows", true},
      {"cows/**", "cowshed/1", false},
      {"**", "a", true},
      {"**", "a/b/c", true},
      {"**/log", "log", true},
      {"**/log", "a/b/log", true},
      {"**/log", "a/b/blog", false},
      {"a/**/z", "a/z", true},
      {"a/**/z", "a/b/c/z", true},
      {"a/**/z", "a/b/c/zz", false},
      {"a/**/b/**/c", "a/b/x/b/y/c", true},
      {"a/**/b/*/c", "a/b/x/b/y/c", true},
      {"**/**", "a", true},
      {"a**b", "axxb", true},
      {"a**b", "a/b", false},
      {"a/*/b", "a//b", true},
  };
  for (const Case& c : cases) {
    INFO(c.pattern << " on " << c.path);
    CHECK(matches_path(c.pattern, c.path) == c.matches);
  }
}

TEST_CASE("A hostile pattern costs no more than pattern times path") {
  std::string stars, deep, path, segments;
  for (int i = 0; i < 300; ++i) stars += "*a";
  for (int i = 0; i < 200; ++i) deep += "**/a*/";
  for (int i = 0; i < 250; ++i) segments += "aa/";
  const auto start = std::chrono::steady_clock::now();
  CHECK_FALSE(matches_path(stars + "b", std::string(1000, 'a')));
  CHECK_FALSE(matches_path(deep + "b", segments + "c"));
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(2));
}

TEST_CASE("The first rule that matches holds, found by its first segment") {
  std::string text = R"({"rules": [{"match": "*/special", "strategy": "latest"})";
  for (int i = 0; i < 998; ++i) {
    text += R"(,{"match": "kind)" + std::to_string(i) + R"(/**", "strategy": "json"})";
  }
  text += R"(,{"match": "**", "strategy": "text"}]})";
  const Rules rules = Rules::parse(text);
  CHECK(rules.all().size() == 1000);
  CHECK(matched(rules, "kind7/special") == "*/special");
  CHECK(matched(rules, "kind7/x/special") == "kind7/**");
  CHECK(matched(rules, "kind997/1") == "kind997/**");
  CHECK(matched(rules, "other") == "**");
  CHECK(Rules().find("a") == nullptr);
}

TEST_CASE("Rules are read with strategies, fields, keys and budgets") {
  const Rules rules = Rules::parse(R"({"rules": [
    {"match": "cows/**", "strategy": "json",
     "fields": {"/weight": "latest", "/a~1b/*": "counter", "/log": {"list": "/id/x"}, "": "max"}},
    {"match": "stock/**", "strategy": "script", "script": ".isodb/merge/s.star", "steps": 5},
    {"match": "n", "strategy": {"list": "/id"}}]})");
  const Rule& json = rules.all()[0];
  REQUIRE(json.fields.size() == 4);
  CHECK(json.fields[1].tokens == std::vector<std::string>{"a/b", "*"});
  CHECK(json.fields[1].strategy.strategy == Strategy::kCounter);
  CHECK(json.fields[2].strategy.strategy == Strategy::kKeyedList);
  CHECK(json.fields[2].strategy.key == std::vector<std::string>{"id", "x"});
  CHECK(json.fields[3].tokens.empty());
  CHECK(rules.all()[1].script == ".isodb/merge/s.star");
  CHECK(rules.all()[1].steps == 5);
  CHECK(rules.all()[1].cells == 1'000'000);
  CHECK(rules.all()[2].root.strategy == Strategy::kKeyedList);
}

TEST_CASE("Whatever is wrong with rules is told with its line and column") {
  struct Case {
    const char *text, *fault;
  };
  const Case cases[] = {
      {"[]", "line 1, column 1: expected an object with the member 'rules'"},
      {"{}", "line 1, column 1: there is no member 'rules', an array of rules"},
      {"{\"rules\": 1}", "line 1, column 11: 'rules' must be an array"},
      {"{\"rules\": [],\n \"x\": 1}", "line 2, column 2: unknown member 'x'; known are 'rules'"},
      {"{\"rules\": [1]}", "line 1, column 12: a rule must be an object"},
      {"{\"rules\": [{\"strategy\": \"json\"}]}", "line 1, column 12: the rule has no 'match'"},
      {"{\"rules\": [{\"match\": \"a\"}]}", "line 1, column 12: the rule has no 'strategy'"},
      {"{\"rules\": [{\"match\": 1, \"strategy\": \"json\"}]}",
       "line 1, column 22: 'match' must be a string"},
      {"{\"rules\": [{\"match\": \"\", \"strategy\": \"json\"}]}",
       "line 1, column 22: 'match' must not be empty"},
      {"{\"rules\": [\n{\"match\": \"a\",\n\"strategy\": \"lastest\"}]}",
       "line 3, column 13: unknown strategy 'lastest'; known are json, text, latest, script, max, "
       "min, counter, set, list and {\"list\": POINTER}"},
      {"{\"rules\": [{\"match\": \"a\", \"strategy\": \"text\", \"fields\": {}}]}",
       "line 1, column 57: 'fields' goes with the strategy 'json' only"},
      {"{\"rules\": [{\"match\": \"a\", \"strategy\": \"json\", \"fields\": {\"a\": \"max\"}}]}",
       "line 1, column 58: "},
      {"{\"rules\": [{\"match\": \"a\", \"strategy\": \"json\", \"fields\": {\"/a\": "
       "\"script\"}}]}",
       "line 1, column 64: the strategy 'script' is for whole documents only"},
      {"{\"rules\": [{\"match\": \"a\", \"strategy\": \"script\", \"script\": \"x.star\"}]}",
       "line 1, column 59: 'script' must be a path under .isodb/merge/"},
      {"{\"rules\": [{\"match\": \"a\", \"strategy\": \"json\", \"steps\": 1}]}",
       "line 1, column 56: 'steps' goes with the strategy 'script' only"},
      {"{\"rules\": [{\"match\": \"a\", \"strategy\": \"script\", \"script\": \".isodb/merge/s\", "
       "\"cells\": 0}]}",
       "line 1, column 86: 'cells' must be a whole number from 1 to 100000000"},
      {"{\"rules\": [{\"match\": \"a\", \"strategy\": {\"list\": 1}}]}",
       "line 1, column 39: expected {\"list\": POINTER}, with a pointer to the key in an item"},
      {"{\"rules\": [}", "line 1, column 12: "},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    CHECK_THAT(fault(c.text), Catch::Matchers::StartsWith(c.fault));
  }
  CHECK_THAT(fault("{\"rules\": [{\"match\": \"" + std::string(1025, 'a') +
                   "\", \"strategy\": \"json\"}]}"),
             Catch::Matchers::Contains("more than 1,024 bytes"));
  CHECK_THAT(fault(std::string((1 << 20) + 1, ' ')), Catch::Matchers::Contains("more than 1 MiB"));
}

TEST_CASE("A rule's id is that of its canonical text and its script") {
  const Rules rules = Rules::parse(R"({"rules": [ {"strategy":"json", "match":"a"} ]})");
  const Rule& rule = rules.all()[0];
  const std::string text =
      std::string("isodb-rule-v1\0", 14) + R"({"match":"a","strategy":"json"})";
  CHECK(rule_id(&rule, {}) == sha256(text + std::string(32, '\0')));
  const Id script = sha256("s");
  CHECK(rule_id(&rule, script) == sha256(text + std::string(script.bytes())));
  CHECK(rule_id(nullptr, {}).is_zero());
}

TEST_CASE("A rule's id tells the order of its fields, which is their precedence, and no other") {
  const auto id_of = [](const std::string& rule) {
    return rule_id(&Rules::parse("{\"rules\":[" + rule + "]}").all()[0], {});
  };
  const Id first = id_of(R"({"match":"a","strategy":"json","fields":{"/*":"max","/a":"min"}})");
  CHECK(first == id_of(R"({"fields":{"/*":"max", "/a":"min"},"strategy":"json","match":"a"})"));
  CHECK(first != id_of(R"({"match":"a","strategy":"json","fields":{"/a":"min","/*":"max"}})"));
  const std::string text =
      std::string("isodb-rule-v1\0", 14) +
      R"({"fields":{"/b":"max","/a":{"list":"/id"}},"match":"a","strategy":"json"})";
  CHECK(id_of(R"({"match":"a","strategy":"json","fields":{"/b":"max","/a":{"list":"/id"}}})") ==
        sha256(text + std::string(32, '\0')));
}
