// The reference does on small histories what docs/merge.md says: results told here by hand.
#include <catch2/catch.hpp>

#include "tests/property/reference/story.h"
#include "tests/reference/scripts.h"

using namespace isodb;
using namespace isodb::reference;

namespace {

struct Merged {
  std::string text, conflicts;
  bool flagged;
};

Merged merge(const std::string& path, const std::string& rules, const std::string& base,
             const std::vector<std::string>& versions) {
  Story story;
  std::size_t last = 0;
  if (!rules.empty()) last = story.put(0, {last}, ".isodb/merge.json", rules);
  if (!base.empty()) last = story.put(0, {last}, path, base);
  std::size_t writer = 1;
  for (const std::string& version : versions) {
    if (version.empty()) {
      story.remove(writer++, {last}, path);
    } else {
      story.put(writer++, {last}, path, version);
    }
  }
  return {story.text(path), story.conflicts(path), story.flagged(path)};
}

/// Rules for all paths that give field /f a strategy.
std::string rule(const std::string& strategy) {
  return R"({"rules":[{"match":"**","strategy":"json","fields":{"/f":)" + strategy + "}}]}";
}

/// Field /f of two versions, merged by a strategy, as a document.
std::string field(const std::string& strategy, const std::string& base, const std::string& left,
                  const std::string& right) {
  const auto document = [](const std::string& value) {
    return value.empty() ? std::string("{}") : "{\"f\":" + value + "}";
  };
  const Merged merged =
      merge("d.json", rule(strategy), document(base), {document(left), document(right)});
  return merged.text + (merged.flagged ? " in conflict at " + merged.conflicts : "");
}

}  // namespace

TEST_CASE("reference: changes of different fields are both kept") {
  const auto merged =
      merge("d.json", "", R"({"a":1,"b":1})", {R"({"a":2,"b":1})", R"({"a":1,"b":2})"});
  CHECK(merged.text == R"({"a":2,"b":2})");
  CHECK_FALSE(merged.flagged);
}

TEST_CASE("reference: of two changes of a field the later is taken, in conflict") {
  const auto merged = merge("d.json", "", R"({"a":1,"b":1})", {R"({"a":2,"b":1})", R"({"a":3})"});
  CHECK(merged.text == R"({"a":3})");
  CHECK(merged.conflicts == "/a");
  CHECK(merged.flagged);
}

TEST_CASE("reference: a field that one side removes and the other changes is decided by writes") {
  const auto removed_first =
      merge("d.json", "", R"({"a":1,"b":1})", {R"({"b":1})", R"({"a":2,"b":1})"});
  CHECK(removed_first.text == R"({"a":2,"b":1})");
  CHECK(removed_first.conflicts == "/a");
  const auto removed_last =
      merge("d.json", "", R"({"a":1,"b":1})", {R"({"a":2,"b":1})", R"({"b":1})"});
  CHECK(removed_last.text == R"({"b":1})");
  CHECK(removed_last.conflicts == "/a");
}

TEST_CASE("reference: documents created apart have the fields of both") {
  const auto merged = merge("d.json", "", "", {R"({"a":1,"b":2})", R"({"b":2.0,"c":3})"});
  CHECK(merged.text == R"({"a":1,"b":2.0,"c":3})");
  CHECK_FALSE(merged.flagged);
}

TEST_CASE("reference: an edit beats a deletion, visibly, and deletions agree") {
  const auto edited = merge("d.json", "", R"({"a":1})", {"", R"({"a":2})"});
  CHECK(edited.text == R"({"a":2})");
  CHECK(edited.flagged);
  CHECK(edited.conflicts.empty());
  CHECK(merge("d.json", "", R"({"a":1})", {"", ""}).text == "(absent)");
}

TEST_CASE("reference: declared strategies decide without conflict") {
  CHECK(field("\"latest\"", "1", "2", "3") == R"({"f":3})");
  CHECK(field("\"max\"", "1", "5", "3") == R"({"f":5})");
  CHECK(field("\"min\"", "9", "5", "7") == R"({"f":5})");
  CHECK(field("\"max\"", "1", "\"x\"", "3") == R"({"f":3} in conflict at /f)");
  CHECK(field("\"counter\"", "5", "7", "4") == R"({"f":6})");
  CHECK(field("\"counter\"", "", "0.1", "0.20") == R"({"f":0.3})");
  CHECK(field("\"counter\"", "1e2", "", "-0.5") == R"({"f":-100.5})");
  CHECK(field("\"counter\"", "1", "1e2000", "2") == R"({"f":2} in conflict at /f)");
  CHECK(field("\"set\"", "[1,2,3]", "[1,3,4]", "[5,1,2]") == R"({"f":[1,4,5]})");
  CHECK(field("\"set\"", "[1]", "", "[1,1.0]") == R"({"f":[]})");
  CHECK(field("\"list\"", "[1,2]", "[1,7,2]", "[1,8,2]") == R"({"f":[1,7,8,2]})");
  CHECK(field("\"list\"", "[1,2,3]", "[1,9]", "[1,2,8]") == R"({"f":[1,9,8]})");
  CHECK(field("\"text\"", "\"a\\nb\\n\"", "\"A\\nb\\n\"", "\"a\\nb\\nc\\n\"") ==
        R"({"f":"A\nb\nc\n"})");
}

TEST_CASE("reference: two that counted one up make two, where nothing else differs") {
  const auto merged =
      merge("d.json", R"({"rules":[{"match":"*","strategy":"json","fields":{"/a/n":"counter"}}]})",
            R"({"a":{"n":5}})", {R"({"a":{"n":6}})", R"({"a":{"n":6}})"});
  CHECK(merged.text == R"({"a":{"n":7}})");
  CHECK_FALSE(merged.flagged);
}

TEST_CASE("reference: a member put into an object that the other side removed stays, flagged") {
  const auto merged = merge("d.json", "", R"({"o":{"a":1}})", {R"({"o":{"a":1,"b":2}})", "{}"});
  CHECK(merged.text == R"({"o":{"b":2}})");
  CHECK(merged.conflicts == "/o");
}

TEST_CASE("reference: arrays without a strategy are folded item by item") {
  CHECK(field("\"json\"", "[1,2,3]", "[0,1,2,3]", "[1,2,4]") == R"({"f":[0,1,2,4]})");
  CHECK(field("\"json\"", "[1]", "[1,2]", "[1,3]") == R"({"f":[1,2,3]} in conflict at /f)");
  CHECK(field("\"json\"", "[1]", "[1,2]", "[1,2.0]") == R"({"f":[1,2.0]})");
  CHECK(field("\"json\"", "[1]", "[2]", "[3]") == R"({"f":[3]} in conflict at /f)");
  CHECK(field("\"json\"", "[1,2,3]", "[7,8,9]", "[1,2,5,3]") ==
        R"({"f":[7,8,5,9]} in conflict at /f)");
  CHECK(field("\"json\"", "[1,2]", "[]", "[1,5]") == R"({"f":[5]} in conflict at /f)");
  CHECK(field("\"json\"", R"([{"a":1,"b":1}])", R"([{"a":2,"b":1}])", R"([{"a":1,"b":2}])") ==
        R"({"f":[{"a":2,"b":2}]})");
}

TEST_CASE("reference: items of a keyed list are merged by key") {
  const std::string list = R"({"list":"/id"})";
  CHECK(field(list, R"([{"id":1,"x":1},{"id":2}])", R"([{"id":1,"x":2},{"id":2}])",
              R"([{"id":2,"y":1},{"id":1,"x":1}])") == R"({"f":[{"id":2,"y":1},{"id":1,"x":2}]})");
  CHECK(field(list, R"([{"id":1}])", "[]", R"([{"id":1},{"id":2}])") == R"({"f":[{"id":2}]})");
  CHECK(field(list, R"([{"id":1}])", "[]", R"([{"id":1,"x":1}])") ==
        R"({"f":[{"id":1,"x":1}]} in conflict at /f)");
  CHECK(field(list, "", R"([{"id":1},{"id":1.0}])", "[]") == R"({"f":[]} in conflict at /f)");
}

TEST_CASE("reference: texts are merged by lines") {
  const auto apart = merge("d.txt", "", "a\nb\nc\n", {"A\nb\nc\n", "a\nb\nC\n"});
  CHECK(apart.text == "A\nb\nC\n");
  CHECK_FALSE(apart.flagged);
  const auto inserted = merge("d.txt", "", "a\n", {"a\nb\n", "a\nc\n"});
  CHECK(inserted.text == "a\nb\nc\n");
  CHECK(inserted.flagged);
  const auto clash = merge("d.txt", "", "a\n", {"b\n", "c\n"});
  CHECK(clash.text == "c\n");
  CHECK(clash.flagged);
}

TEST_CASE("reference: a merged document reads like its greatest version") {
  const auto merged =
      merge("d.json", "", "{\"a\":1}\n",
            {"{\"z\":1.50,\"a\":1}\n", "{\n  \"a\": 1,\n  \"b\": [\n    2\n  ]\n}"});
  CHECK(merged.text == "{\n  \"z\": 1.50,\n  \"a\": 1,\n  \"b\": [\n    2\n  ]\n}");
  const auto equal = merge("d.json", "", R"({"a":1})", {R"({ "a" : 2 })", R"({"a":2.0})"});
  CHECK(equal.text == R"({"a":2.0})");
}

TEST_CASE("reference: what is not JSON is merged as text, and else the greatest is taken") {
  const auto text = merge("d.json", "", "a\nx\nb\n", {"A\nx\nb\n", "a\nx\nB\n"});
  CHECK(text.text == "A\nx\nB\n");
  const auto bytes = merge("d.bin", "", "x", {"y", "z"});
  CHECK(bytes.text == "z");
  CHECK(bytes.conflicts.empty());
  CHECK(bytes.flagged);
  const auto declared =
      merge("d.bin", R"({"rules":[{"match":"*","strategy":"latest"}]})", "x", {"y", "z"});
  CHECK(declared.text == "z");
  CHECK_FALSE(declared.flagged);
}

TEST_CASE("reference: scripts fold, and their failure leaves the default") {
  const auto with = [](const std::string& script, const std::string& base,
                       const std::vector<std::string>& versions) {
    Story story;
    story.put(0, {0}, ".isodb/merge.json",
              R"({"rules":[{"match":"*","strategy":"script","script":".isodb/merge/s"}]})");
    for (const CannedScript& canned : canned_scripts()) {
      if (canned.name == script) story.put(0, {1}, ".isodb/merge/s", canned.source);
    }
    story.put(0, {2}, "d.json", base);
    std::size_t writer = 1;
    for (const std::string& version : versions) story.put(writer++, {3}, "d.json", version);
    return story.text("d.json") + (story.flagged("d.json") ? " in conflict" : "");
  };
  CHECK(with("stock", R"({"n":5})", {R"({"n":3})", R"({"n":1})"}) == R"({"n":0})");
  CHECK(with("stock", R"({"n":5})", {R"({"n":7})", R"({"n":6})"}) == R"({"n":8})");
  CHECK(with("left", R"({"n":5})", {R"({"n":7})", R"({"n":6})", R"({"n":1})"}) == R"({"n":7})");
  CHECK(with("fail", R"({"a":1})", {R"({"a":2})", R"({"a":1,"b":1})"}) ==
        R"({"a":2,"b":1} in conflict)");
  CHECK(with("joined", "x", {"y", "z"}) == "yz");
}

TEST_CASE("reference: a conflict that was resolved stays resolved") {
  Story story;
  const auto base = story.put(0, {0}, "d.json", R"({"a":1,"b":1})");
  const auto left = story.put(1, {base}, "d.json", R"({"a":2,"b":1})");
  const auto right = story.put(2, {base}, "d.json", R"({"a":3,"b":1})");
  CHECK(story.conflicts("d.json") == "/a");
  const auto resolved = story.put(0, {left, right}, "d.json", story.text("d.json"));
  CHECK_FALSE(story.flagged("d.json"));
  CHECK(story.outcome("d.json").entry->flags == 0);
  // One who saw neither the resolution nor the other side changes another field.
  story.put(1, {left}, "d.json", R"({"a":2,"b":5})");
  CHECK(story.text("d.json") == R"({"a":3,"b":5})");
  CHECK_FALSE(story.flagged("d.json"));
  static_cast<void>(resolved);
}

TEST_CASE("reference: bases of criss-crosses are merged themselves") {
  Story story;
  story.put(0, {0}, ".isodb/merge.json", rule("\"counter\""));
  const auto base = story.put(0, {1}, "d.json", R"({"f":0})");
  const auto a = story.put(1, {base}, "d.json", R"({"f":1})");
  const auto b = story.put(2, {base}, "d.json", R"({"f":10})");
  const auto c = story.put(1, {a, b}, "d.json", R"({"f":111})");   // saw 11
  const auto d = story.put(2, {a, b}, "d.json", R"({"f":1011})");  // saw 11
  CHECK(story.text("d.json") == R"({"f":1111})");
  static_cast<void>(c + d);
}

TEST_CASE("reference: media types and metadata are merged by the default") {
  Story story;
  const auto document = [](const std::string& type, const std::optional<Bytes>& metadata) {
    return PlannedWrite{"d", PlannedDocument{"x", type, metadata}};
  };
  const auto base = story.write(0, {0}, {document("a/a", R"({"k":1})")});
  story.write(1, {base}, {document("b/b", R"({"k":1,"l":2})")});
  story.write(2, {base}, {document("a/a", R"({})")});
  const Entry entry = *story.outcome("d").entry;
  CHECK(entry.media_type == "b/b");
  CHECK(objects::get_expected(story.world().store(), *entry.metadata, ObjectType::kBlob) ==
        R"({"l":2})");
  CHECK_FALSE(story.flagged("d"));
}
