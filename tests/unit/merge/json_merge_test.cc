#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/merging.h"
#include "tests/support/testing.h"

using namespace isodb;
using namespace isodb::merge;
using namespace isodb::testing;

namespace {

struct Case {
  const char* rule;    ///< as it says it; what the text of docs/merge.md demands
  const char* fields;  ///< of a rule with strategy json
  const char *base, *left, *right;
  const char* merged;
  const char* conflicts;
};

/// Two versions of authors who both saw the base; `right` is the later one.
void check(const Case& c) {
  INFO(c.rule);
  Rules rules;
  if (*c.fields != '\0') {
    rules = Rules::parse(std::string(R"({"rules":[{"match":"**","strategy":"json","fields":)") +
                         c.fields + "}]}");
  }
  const auto document = [](const char* text) {
    return text == nullptr ? DocumentPtr() : json_document(text);
  };
  const MergedDocument merged = merge_files(
      {"a.json", document(c.base), document(c.left), document(c.right), rules.find("a.json")});
  CHECK(merged.document->content() == c.merged);
  CHECK(conflicts_text(merged.conflicts) == c.conflicts);
}

}  // namespace

TEST_CASE("Without a rule, JSON merges member by member") {
  const Case cases[] = {
      {"different fields", "", R"({"a":1,"b":1})", R"({"a":2,"b":1})", R"({"a":1,"b":2})",
       R"({"a":2,"b":2})", ""},
      {"the same change", "", R"({"a":1})", R"({"a":2})", R"({"a":2})", R"({"a":2})", ""},
      {"one field, two values: the later", "", R"({"a":1})", R"({"a":2})", R"({"a":3})",
       R"({"a":3})", "/a both-changed"},
      {"nested objects", "", R"({"a":{"x":1,"y":1}})", R"({"a":{"x":2,"y":1}})",
       R"({"a":{"x":1,"y":2}})", R"({"a":{"x":2,"y":2}})", ""},
      {"members added by both", "", R"({"a":1})", R"({"a":1,"l":1})", R"({"a":1,"r":1})",
       R"({"a":1,"l":1,"r":1})", ""},
      {"the same member added with two values", "", "{}", R"({"n":1})", R"({"n":2})", R"({"n":2})",
       "/n both-changed"},
      {"a member removed, another changed", "", R"({"a":1,"b":1})", R"({"b":1})",
       R"({"a":1,"b":2})", R"({"b":2})", ""},
      {"removed and changed, the change later", "", R"({"a":1,"b":1})", R"({"b":1})",
       R"({"a":2,"b":1})", R"({"a":2,"b":1})", "/a both-changed"},
      {"removed and changed, the removal later", "", R"({"a":1,"b":1})", R"({"a":2,"b":1})",
       R"({"b":1})", R"({"b":1})", "/a both-changed"},
      {"an object removed, changed inside later: what was not changed stays away", "",
       R"({"o":{"x":1,"y":1}})", "{}", R"({"o":{"x":2,"y":1}})", R"({"o":{"x":2}})",
       "/o both-changed, /o/x both-changed"},
      {"an object removed, a member put in: it stays with that alone", "", R"({"o":{"x":1}})",
       R"({"o":{"x":1,"y":1}})", "{}", R"({"o":{"y":1}})", "/o both-changed"},
      {"an object changed inside, removed later: all members fall away", "", R"({"o":{"x":1}})",
       R"({"o":{"x":2}})", "{}", "{}", "/o both-changed, /o/x both-changed"},
      {"an object replaced by a scalar later", "", R"({"o":{"x":1}})", R"({"o":{"x":2}})",
       R"({"o":1})", R"({"o":1})", "/o both-changed"},
      {"both created it: fields of one stay", "", nullptr, R"({"a":1})", R"({"b":2})",
       R"({"a":1,"b":2})", ""},
      {"both created it with one value", "", nullptr, R"({"a":1,"x":1})", R"({"a":1,"y":1})",
       R"({"a":1,"x":1,"y":1})", ""},
      {"both created it with two values", "", nullptr, R"({"a":1})", R"({"a":2})", R"({"a":2})",
       "/a both-changed"},
      {"numbers by value", "", R"({"a":1,"b":1})", R"({"a":1.0,"b":2})", R"({"a":2,"b":1})",
       R"({"a":2,"b":2})", ""},
      {"roots that are no objects", "", "1", "2", "3", "3", "whole both-changed"},
      {"a pointer is escaped", "", R"({"a/b":{"~":1}})", R"({"a/b":{"~":2}})", R"({"a/b":{"~":3}})",
       R"({"a/b":{"~":3}})", "/a~1b/~0 both-changed"},
  };
  for (const Case& c : cases) check(c);
}

TEST_CASE("Arrays merge by what both sides did to the items of the base") {
  const Case cases[] = {
      {"insertions at two places", "", "[1,2]", "[0,1,2]", "[1,2,3]", "[0,1,2,3]", ""},
      {"insertions at one place: the earlier first", "", "[1]", "[1,2]", "[1,3]", "[1,2,3]",
       "whole both-changed"},
      {"the same insertion once", "", "[1]", "[1,2]", "[1,2]", "[1,2]", ""},
      {"an insertion beside a changed item", "", "[1]", "[0,1]", "[2]", "[0,2]", ""},
      {"an insertion between items that the other side replaced", "", "[1,2]", "[1,0,2]", "[8,9]",
       "[8,0,9]", "whole both-changed"},
      {"an insertion and the end removed, beside a changed item", "", "[1,2]", "[9,1]", "[7,2]",
       "[9,7]", ""},
      {"an item removed and changed stays", "", R"([{"a":1},2])", "[2]", R"([{"a":3},2])",
       R"([{"a":3},2])", "whole both-changed"},
      {"a removal and an insertion elsewhere", "", "[1,2,3]", "[2,3]", "[1,2,3,4]", "[2,3,4]", ""},
      {"both removed the same", "", "[1,2,3]", "[1,3]", "[1,3,4]", "[1,3,4]", ""},
      {"items changed side by side", "", "[1,2]", "[9,2]", "[1,8]", "[9,8]", ""},
      {"one item changed by both", "", "[1,2]", "[5,2]", "[6,2]", "[6,2]", "whole both-changed"},
      {"members of one item", "", R"([{"a":1,"b":1}])", R"([{"a":2,"b":1}])", R"([{"a":1,"b":2}])",
       R"([{"a":2,"b":2}])", ""},
      {"in an item, a member removed and changed stays", "", R"([{"a":1,"b":1}])", R"([{"b":1}])",
       R"([{"a":2,"b":1}])", R"([{"a":2,"b":1}])", "whole both-changed"},
      {"created by both: no array fold without a base", "", "{}", R"({"p":[1,2]})",
       R"({"p":[1,3]})", R"({"p":[1,3]})", "/p both-changed"},
      {"an array and a scalar", "", R"({"p":[1]})", R"({"p":[1,2]})", R"({"p":7})", R"({"p":7})",
       "/p both-changed"},
      {"arrays in arrays", "", "[[1],[2]]", "[[1,5],[2]]", "[[1],[2,6]]", "[[1,5],[2,6]]", ""},
  };
  for (const Case& c : cases) check(c);
}

TEST_CASE("A declared strategy decides its field, without conflict") {
  const Case cases[] = {
      {"latest", R"({"/a":"latest"})", R"({"a":1})", R"({"a":2})", R"({"a":3})", R"({"a":3})", ""},
      {"max", R"({"/a":"max"})", R"({"a":1})", R"({"a":7})", R"({"a":3})", R"({"a":7})", ""},
      {"min, and of equal ones the later", R"({"/a":"min","/b":"min"})", R"({"a":9,"b":9})",
       R"({"a":2,"b":1.0,"l":1})", R"({"a":3,"b":1,"r":1})", R"({"a":2,"b":1,"l":1,"r":1})", ""},
      {"max of what is no number", R"({"/a":"max"})", R"({"a":1})", R"({"a":"x"})", R"({"a":3})",
       R"({"a":3})", "/a both-changed"},
      {"counter", R"({"/n":"counter"})", R"({"n":5,"x":1})", R"({"n":6,"x":1})",
       R"({"n":7.5,"x":1})", R"({"n":8.5,"x":1})", ""},
      {"counter, both the same", R"({"/n":"counter"})", R"({"n":5})", R"({"n":6})", R"({"n":6})",
       R"({"n":7})", ""},
      {"counter below equal objects", R"({"/*/n":"counter"})", R"({"o":{"n":5,"x":1}})",
       R"({"o":{"n":6,"x":1}})", R"({"o":{"n":6,"x":1}})", R"({"o":{"n":7,"x":1}})", ""},
      {"counter without a base", R"({"/n":"counter"})", "{}", R"({"n":2})", R"({"n":3})",
       R"({"n":5})", ""},
      {"counter removed by both", R"({"/n":"counter"})", R"({"n":5,"x":1})", R"({"x":1})",
       R"({"x":1})", R"({"x":1})", ""},
      {"counter removed by one", R"({"/n":"counter"})", R"({"n":5})", "{}", R"({"n":6})",
       R"({"n":1})", ""},
      {"counter of what is no number", R"({"/n":"counter"})", R"({"n":5})", R"({"n":"x"})",
       R"({"n":6})", R"({"n":6})", "/n both-changed"},
      {"set", R"({"/s":"set"})", R"({"s":[1,2,3]})", R"({"s":[1,3,4]})", R"({"s":[5,1,2,3,4]})",
       R"({"s":[1,3,4,5]})", ""},
      {"set without a base", R"({"/s":"set"})", "{}", R"({"s":["a","b"]})", R"({"s":["b","c"]})",
       R"({"s":["a","b","c"]})", ""},
      {"set removed by one, left alone by the other", R"({"/s":"set"})", R"({"s":[1],"x":1})",
       R"({"x":1})", R"({"s":[1],"x":2})", R"({"x":2})", ""},
      {"set removed by one, added to by the other", R"({"/s":"set"})", R"({"s":[1]})", "{}",
       R"({"s":[1,2]})", R"({"s":[2]})", ""},
      {"list keeps what both put in the place of an item", R"({"/l":"list"})", R"({"l":[1,2,3]})",
       R"({"l":[1,7,3]})", R"({"l":[1,8,9,3]})", R"({"l":[1,7,8,9,3]})", ""},
      {"list: one removed what the other left", R"({"/l":"list"})", R"({"l":[1,2]})",
       R"({"l":[5]})", R"({"l":[1,2,6]})", R"({"l":[5,6]})", ""},
      {"list without a base", R"({"/l":"list"})", "{}", R"({"l":[1]})", R"({"l":[2]})",
       R"({"l":[1,2]})", ""},
      {"keyed list", R"({"/l":{"list":"/id"}})", R"({"l":[{"id":1,"v":1},{"id":2,"v":1}]})",
       R"({"l":[{"id":1,"v":2},{"id":2,"v":1},{"id":3}]})",
       R"({"l":[{"id":4},{"id":1,"v":1},{"id":2,"w":1,"v":1}]})",
       R"({"l":[{"id":4},{"id":1,"v":2},{"id":2,"w":1,"v":1},{"id":3}]})", ""},
      {"keyed list: removed and left alone", R"({"/l":{"list":"/id"}})",
       R"({"l":[{"id":1},{"id":2}]})", R"({"l":[{"id":2}]})", R"({"l":[{"id":1},{"id":2,"v":1}]})",
       R"({"l":[{"id":2,"v":1}]})", ""},
      {"keyed list: removed and changed", R"({"/l":{"list":"/id"}})",
       R"({"l":[{"id":1},{"id":2}]})", R"({"l":[{"id":2}]})", R"({"l":[{"id":1,"v":1},{"id":2}]})",
       R"({"l":[{"id":2},{"id":1,"v":1}]})", "/l both-changed"},
      {"keyed list: a key that comes twice", R"({"/l":{"list":"/id"}})", R"({"l":[]})",
       R"({"l":[{"id":1},{"id":1}]})", R"({"l":[{"id":2}]})", R"({"l":[{"id":2}]})",
       "/l both-changed"},
      {"text", R"({"/t":"text"})", R"({"t":"a\nb\nc\n"})", R"({"t":"A\nb\nc\n"})",
       R"({"t":"a\nb\nC\n"})", R"({"t":"A\nb\nC\n"})", ""},
      {"text that overlaps", R"({"/t":"text"})", R"({"t":"a\n"})", R"({"t":"b\n"})",
       R"({"t":"c\n"})", R"({"t":"c\n"})", "/t overlapping-lines"},
      {"text without a base", R"({"/t":"text"})", "{}", R"({"t":"a"})", R"({"t":"b"})",
       R"({"t":"b"})", "/t overlapping-lines"},
      {"a star stands for any name, the first field that matches holds",
       R"({"/a/x":"min","/*/x":"max"})", R"({"a":{"x":1},"b":{"x":1}})",
       R"({"a":{"x":5},"b":{"x":5}})", R"({"a":{"x":3},"b":{"x":3}})",
       R"({"a":{"x":3},"b":{"x":5}})", ""},
      {"json declared is as if nothing were", R"({"/a":"json"})", R"({"a":1})", R"({"a":2})",
       R"({"a":3})", R"({"a":3})", "/a both-changed"},
      {"the root field", R"({"":"latest"})", R"({"a":1,"b":1})", R"({"a":2,"b":1})",
       R"({"a":1,"b":2})", R"({"a":1,"b":2})", ""},
  };
  for (const Case& c : cases) check(c);
}

TEST_CASE("A merged document keeps the text of its versions") {
  const Case cases[] = {
      {"a side that changed nothing gives the other's bytes", "", "{ \"a\" : 1 }\n",
       "{\n\t\"a\": 1.50\n}\n", "{ \"a\" : 1 }\n", "{\n\t\"a\": 1.50\n}\n", ""},
      {"a side that only laid it out anew too", "", R"({"a":1})", "{\n  \"a\": 1\n}\n",
       R"({"a":1})", "{\n  \"a\": 1\n}\n", ""},
      {"equal as data to the later version: its bytes", "", R"({"a":1})", R"({"a":2.0})",
       "{ \"a\": 2 }", "{ \"a\": 2 }", ""},
      {"numbers, escapes and inner layout", "",
       "{\n  \"a\":1.0,\n  \"s\":\"\\u00e9\",\n  \"l\":[1, 2],\n  \"e\":[\n\n  ]\n}\n",
       "{\n  \"a\":1e3,\n  \"s\":\"\\u00e9\",\n  \"l\":[1, 2],\n  \"e\":[\n\n  ]\n}\n",
       "{\n  \"a\":1.0,\n  \"s\":\"\\u00e8\",\n  \"l\":[1, 2],\n  \"e\":[\n\n  ]\n}\n",
       "{\n  \"a\":1e3,\n  \"s\":\"\\u00e8\",\n  \"l\":[1, 2],\n  \"e\":[\n\n  ]\n}\n", ""},
      {"new members after the one that they follow", "", R"({"a":1,"b":1,"c":1})",
       R"({"z":0,"a":1,"a2":2,"b":1,"c":1})", R"({"a":1,"b":1,"b2":2,"c":1})",
       R"({"z":0,"a":1,"a2":2,"b":1,"b2":2,"c":1})", ""},
      {"an array put together follows the later version's", "", "[1, 2]", "[0, 1, 2]", "[1, 2, 3]",
       "[0, 1, 2, 3]", ""},
      {"from another style: written as the later version writes", "", "{\"a\":[],\"b\":0}",
       "{\n  \"a\": [\n    {\n      \"x\": \"\\u0041\"\n    }\n  ],\n  \"b\": 0\n}",
       "{\"a\":[],\"b\":1.0}", "{\"a\":[{\"x\":\"A\"}],\"b\":1.0}", ""},
      {"from one line to many", "", "{\n \"a\": [],\n \"b\": 0\n}",
       "{\"a\":[[],{\"x\":1}],\"b\":0}", "{\n \"a\": [],\n \"b\": 1\n}",
       "{\n \"a\": [\n  [],\n  {\n   \"x\": 1\n  }\n ],\n \"b\": 1\n}", ""},
      {"a line feed at the end as in the later version", "", "{\"a\":1,\"b\":1}\n",
       "{\"a\":2,\"b\":1}", "{\"a\":1,\"b\":2}\n", "{\"a\":2,\"b\":2}\n", ""},
      {"carriage returns", "", "{\r\n  \"a\": 1,\r\n  \"b\": 1\r\n}\r\n",
       "{\r\n  \"a\": 2,\r\n  \"b\": 1\r\n}\r\n", "{\r\n  \"a\": 1,\r\n  \"b\": 2\r\n}\r\n",
       "{\r\n  \"a\": 2,\r\n  \"b\": 2\r\n}\r\n", ""},
  };
  for (const Case& c : cases) check(c);
}
