#include "merge/document_merge.h"

#include <catch2/catch.hpp>
#include <string>

#include "merge/text_merge.h"
#include "tests/support/merging.h"
#include "tests/support/testing.h"

using namespace isodb;
using namespace isodb::merge;
using namespace isodb::testing;

namespace {

std::string content(const MergedDocument& merged) {
  return merged.document == nullptr ? "absent" : merged.document->content();
}

/// A script in C++: it answers with `answer`, or with left and right as a pair.
class TestScript final : public ScriptRunner {
 public:
  explicit TestScript(ScriptAnswer answer = {}) : answer_(std::move(answer)) {}
  ScriptAnswer run(const Rule& rule, const ScriptStep& step) override {
    calls += rule.script + " " + (step.base ? "base" : "None") + " " +
             std::to_string(step.left_side.clock.value) + " " +
             std::to_string(step.right_side.clock.value) + "; ";
    if (answer_.value || answer_.failure) return answer_;
    core::Json pair = core::Json::array();
    pair.append(*step.left);
    pair.append(*step.right);
    return {pair, std::nullopt};
  }
  std::string calls;

 private:
  ScriptAnswer answer_;
};

Rules script_rules() {
  return Rules::parse(
      R"({"rules":[{"match":"**","strategy":"script","script":".isodb/merge/s"}]})");
}

Rules whole(const std::string& strategy) {
  return Rules::parse(R"({"rules":[{"match":"**","strategy":")" + strategy + R"("}]})");
}

}  // namespace

TEST_CASE("Texts merge by line") {
  struct Case {
    const char *base, *left, *right, *merged;
    bool conflict;
  };
  const Case cases[] = {
      {"a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n", "A\nb\nC\n", false},
      {"a\n", "b\n", "b\n", "b\n", false},
      {"a\n", "b\n", "c\n", "c\n", true},
      {"a\nb\n", "A\nb\n", "a\nB\n", "a\nB\n", true},  // changes that touch are one
      {"a\nb\nc\n", "A\nb\nc\n", "a\nc\n", "a\nc\n", true},
      {"a\n", "a\nl\n", "a\nr\n", "a\nl\nr\n", true},
      {"a\n", "a\nl", "a\nr", "a\nl\nr", true},
      {"a\nb\nc\nd\n", "x\na\nb\nc\nd\n", "a\nb\nc\nd\ny\n", "x\na\nb\nc\nd\ny\n", false},
      {"a\nb\nc\n", "a\nc\n", "a\nb\nc\nd\n", "a\nc\nd\n", false},
      {"", "a\n", "b\n", "a\nb\n", true},
      {"a\n", "", "a\nb\n", "a\nb\n", true},
      {"a\nb\n", "b\n", "a\nb\nc\n", "b\nc\n", false},
      {"a", "a\nb", "a", "a\nb", false},
  };
  for (const Case& c : cases) {
    INFO(c.base << "|" << c.left << "|" << c.right);
    const MergedText merged = merge_text(c.base, c.left, c.right);
    CHECK(merged.text == c.merged);
    CHECK(merged.conflict == c.conflict);
  }
}

TEST_CASE("Text documents merge by line, other content is decided by its writes") {
  const auto merged = merge_files({"a.txt", text_document("a\nb\nc\n"), text_document("A\nb\nc\n"),
                                   text_document("a\nb\nC\n")});
  CHECK(content(merged) == "A\nb\nC\n");
  CHECK(merged.conflicts.empty());
  const auto created = merge_files({"a.txt", nullptr, text_document("a\n"), text_document("b\n")});
  CHECK(content(created) == "b\n");
  CHECK(conflicts_text(created.conflicts) == "whole overlapping-lines");
  const auto image = [](ByteView bytes) {
    return Document::make({Bytes(bytes), "image/png", std::nullopt});
  };
  const auto images = merge_files({"a.png", image("0"), image("1"), image("2")});
  CHECK(content(images) == "2");
  CHECK(conflicts_text(images.conflicts) == "whole both-changed");
  CHECK(content(merge_files({"a.png", image("0"), image("1"), image("0")})) == "1");
}

TEST_CASE("JSON that is not JSON merges as text, and what is no text is decided by its writes") {
  const auto broken = merge_files({"a.json", json_document("{\n1\n2\n}"),
                                   json_document("{\n0\n2\n}"), json_document("{\n1\n2\n]")});
  CHECK(content(broken) == "{\n0\n2\n]");
  CHECK(broken.conflicts.empty());
  const auto twice = merge_files({"a.json", json_document("{\"a\":1,\n\"a\":1,\n\"b\":1}"),
                                  json_document("{\"a\":2,\n\"a\":1,\n\"b\":1}"),
                                  json_document("{\"a\":1,\n\"a\":1,\n\"b\":2}")});
  CHECK(content(twice) == "{\"a\":2,\n\"a\":1,\n\"b\":2}");
  const auto binary =
      merge_files({"a.json", json_document("1"), json_document("\xff"), json_document("2")});
  CHECK(content(binary) == "2");
  CHECK(conflicts_text(binary.conflicts) == "whole both-changed");
}

TEST_CASE("Media types choose the default: parameters and letter case do not count") {
  const auto of = [](const char* type, const char* text) {
    return Document::make({text, type, std::nullopt});
  };
  const auto merge_as = [&](const char* type) {
    return content(merge_files({"a", of(type, "{\"a\":1,\"b\":1}"), of(type, "{\"a\":2,\"b\":1}"),
                                of(type, "{\"a\":1,\"b\":2}")}));
  };
  for (const char* type : {"application/json", "Application/JSON; charset=utf-8", "a/b+json"}) {
    CHECK(merge_as(type) == "{\"a\":2,\"b\":2}");
  }
  for (const char* type : {"text/plain", "application/yaml", "", "image/png", "json"}) {
    CHECK(merge_as(type) == "{\"a\":1,\"b\":2}");
  }
}

TEST_CASE("A strategy for the whole document") {
  const Rules latest = whole("latest"), text = whole("text"), counter = whole("counter");
  const auto merge_by = [](const Rules& rules, ByteView base, ByteView left, ByteView right) {
    return merge_files({"a.json", json_document(base), json_document(left), json_document(right),
                        rules.find("a.json")});
  };
  const auto newest =
      merge_by(latest, "{\"a\":1,\"b\":1}", "{\"a\":2,\"b\":1}", "{\"a\":1,\"b\":2}");
  CHECK(content(newest) == "{\"a\":1,\"b\":2}");
  CHECK(newest.conflicts.empty());
  CHECK(content(merge_by(text, "1\n2\n3\n", "0\n2\n3\n", "1\n2\n4\n")) == "0\n2\n4\n");
  CHECK(content(merge_by(counter, "1", "2", "3")) == "4");
}

TEST_CASE("An edit beats a delete, flagged where it was the edited document that was deleted") {
  WrittenPath path;
  const auto base = json_document("{\"a\":1}"), edited = json_document("{\"a\":2}");
  const auto root = path.write(base, {}, {});
  const auto edit = path.write(edited, {base}, {root});
  const auto deletion = path.write(nullptr, {base}, {root});
  const auto merged = path.merge({edit, deletion}, {base});
  CHECK(merged.document == edited);
  CHECK(conflicts_text(merged.conflicts) == "whole edit-and-delete");
  CHECK(path.merge({edit, deletion}, {nullptr}).conflicts.empty());
  const auto again = path.write(nullptr, {base}, {root});
  CHECK(content(path.merge({deletion, again}, {base})) == "absent");
}

TEST_CASE("A version that is the result is the result, not a copy of it") {
  const auto base = json_document("{\"a\":1}"), changed = json_document("{\"a\":2}");
  CHECK(merge_files({"a", base, changed, base}).document == changed);
  CHECK(merge_files({"a", base, base, changed}).document == changed);
}

TEST_CASE("A field is decided by all its writes that none of them saw") {
  // 0 creates; 1 and 2 write a, each beside the other; 3 saw both merged and writes b.
  WrittenPath path;
  const auto base = json_document(R"({"a":0,"b":0})");
  path.write(base, {}, {});
  path.write(json_document(R"({"a":1,"b":0})"), {base}, {0});
  path.write(json_document(R"({"a":2,"b":0})"), {base}, {0});
  const auto seen = json_document(R"({"a":2,"b":0})");
  SECTION("not in conflict there: the one who wrote another field did not write this one") {
    path.write(json_document(R"({"a":2,"b":1})"), {seen}, {0, 1, 2});
    path.write(json_document(R"({"a":9,"b":0})"), {base}, {0});
    const auto merged = path.merge({3, 4}, {base});
    CHECK(content(merged) == R"({"a":9,"b":1})");
    CHECK(conflicts_text(merged.conflicts) == "/a both-changed");
  }
  SECTION("in conflict there: whoever saw that wrote the field, though it is the same") {
    const std::vector<Conflict> in_conflict = {
        {DocumentPart::kContent, "/a", ConflictReason::kBothChanged}};
    path.write(json_document(R"({"a":2,"b":1})"), {seen, in_conflict}, {0, 1, 2});
    path.write(json_document(R"({"a":1,"b":0,"c":1})"), {json_document(R"({"a":1,"b":0})")},
               {0, 1});
    const auto merged = path.merge({3, 4}, {base});
    CHECK(content(merged) == R"({"a":2,"b":1,"c":1})");
    CHECK(merged.conflicts.empty());
  }
}

TEST_CASE("Whoever writes a path that was flagged as a whole wrote every field") {
  WrittenPath path;
  const auto base = json_document(R"({"a":0,"b":0})"), seen = json_document(R"({"a":1,"b":0})");
  path.write(base, {}, {});
  path.write(seen, {base}, {0});
  path.write(nullptr, {base}, {0});
  const std::vector<Conflict> flagged = {
      {DocumentPart::kContent, "", ConflictReason::kEditAndDelete}};
  path.write(json_document(R"({"a":1,"b":1})"), {seen, flagged}, {0, 1, 2});
  path.write(json_document(R"({"a":2,"b":0})"), {base}, {0});
  const auto merged = path.merge({3, 4}, {base});
  CHECK(merged.document->content() == R"({"a":2,"b":1})");
  CHECK(conflicts_text(merged.conflicts) == "/a both-changed");
  WrittenPath again;
  again.write(base, {}, {});
  again.write(json_document(R"({"a":0,"b":1})"), {base, flagged}, {0});
  again.write(json_document(R"({"a":2,"b":0})"), {base}, {0});
  CHECK(conflicts_text(again.merge({1, 2}, {base}).conflicts) == "/a both-changed");
}

TEST_CASE("A creation without a field supersedes its writes, but is no candidate") {
  WrittenPath path;
  const auto old = json_document(R"({"a":1})");
  path.write(old, {}, {});
  path.write(nullptr, {old}, {0});
  path.write(json_document(R"({"b":1})"), {}, {0, 1});        // created again, without a
  path.write(json_document(R"({"a":1,"c":1})"), {old}, {0});  // never saw that
  const auto merged = path.merge({2, 3}, {old});
  CHECK(content(merged) == R"({"b":1,"c":1})");
  CHECK(merged.conflicts.empty());
}

TEST_CASE("Three versions fold in fold order, each step against its own base") {
  const Rules rules = Rules::parse(
      R"({"rules":[{"match":"**","strategy":"json","fields":{"/n":"counter","/l":"list"}}]})");
  WrittenPath path;
  const auto base = json_document(R"({"n":0,"l":[]})"),
             second = json_document(R"({"n":1,"l":[1]})");
  path.write(base, {}, {});
  path.write(second, {base}, {0});
  const auto a = path.write(json_document(R"({"n":11,"l":[1,"a"]})"), {second}, {0, 1});
  const auto b = path.write(json_document(R"({"n":101,"l":[1,"b"]})"), {second}, {0, 1});
  const auto c = path.write(json_document(R"({"n":1000,"l":["c"]})"), {base}, {0});
  const auto merged = path.merge({a, b, c}, {second, base}, rules.find("a.json"));
  CHECK(content(merged) == R"({"n":1111,"l":[1,"a","b","c"]})");
  CHECK(merged.conflicts.empty());
}

TEST_CASE("Media type and metadata merge beside the content") {
  const auto of = [](const char* text, const char* type, std::optional<Bytes> metadata) {
    return Document::make({text, type, std::move(metadata)});
  };
  const auto base = of("1", "text/plain", "{\"x\":1}");
  const auto merged = merge_files({"a", base, of("2", "text/plain", "{\"x\":1,\"y\":1}"),
                                   of("1", "text/markdown", "{\"x\":2}")});
  CHECK(content(merged) == "2");
  CHECK(merged.document->media_type() == "text/markdown");
  CHECK(merged.document->metadata() == "{\"x\":2,\"y\":1}");
  CHECK(merged.conflicts.empty());
  const auto both = merge_files({"a", base, of("1", "a/b", "{\"x\":3}"), of("1", "c/d", "{}")});
  CHECK(both.document->media_type() == "c/d");
  CHECK(both.document->metadata() == std::nullopt);
  CHECK(conflicts_text(both.conflicts) ==
        "media-type whole both-changed, metadata /x both-changed");
}

TEST_CASE("Metadata that is equal as data is taken from whoever wrote it last, empty as none") {
  const auto of = [](const char* text, const char* metadata) {
    return Document::make({text, "text/plain", metadata});
  };
  const auto base = of("1", R"({"x":1})");
  // The right side wrote the content alone.
  const auto respelled = merge_files({"a", base, of("1", R"({"x":1.0})"), of("2", R"({"x":1})")});
  CHECK(respelled.document->metadata() == R"({"x":1.0})");
  CHECK(respelled.conflicts.empty());
  const auto empty = merge_files({"a", base, of("2", "{}"), of("1", "{}")});
  CHECK(empty.document->metadata() == std::nullopt);
}

TEST_CASE("Large content is told by its id") {
  const auto large = [](char id) {
    Id content;
    content.data()[0] = static_cast<std::uint8_t>(id);
    return Document::make_large({"", "application/json", std::nullopt}, content, 1 << 30);
  };
  const auto base = large('0'), left = large('1');
  CHECK(merge_files({"a", base, left, base}).document == left);
  const auto merged = merge_files({"a", base, left, json_document("{}")});
  CHECK(content(merged) == "{}");
  CHECK(conflicts_text(merged.conflicts) == "whole both-changed");
}

TEST_CASE("A script folds values or texts, and its failure leaves the default") {
  const Rules rules = script_rules();
  const Rule* rule = rules.find("a");
  TestScript pair;
  CHECK(content(merge_files({"a", json_document("1"), json_document("2"), json_document("3"), rule,
                             &pair})) == "[2,3]");
  CHECK(pair.calls == ".isodb/merge/s base 1 2; ");
  TestScript failing({std::nullopt, ScriptFailure{"fail", "line 1"}});
  const auto failed = merge_files(
      {"a", json_document("1"), json_document("2"), json_document("3"), rule, &failing});
  CHECK(content(failed) == "3");
  CHECK(conflicts_text(failed.conflicts) == "whole both-changed, whole script-failed");
  REQUIRE(failed.script);
  CHECK(failed.script->reason == "fail");
  const auto no_string =
      merge_files({"a", nullptr, text_document("{"), text_document("b"), rule, &pair});
  REQUIRE(no_string.script);
  CHECK(no_string.script->reason == "not_a_string");
  const auto missing = merge_files({"a", nullptr, json_document("1"), json_document("1"), rule});
  REQUIRE(missing.script);
  CHECK(missing.script->reason == "missing");
}

TEST_CASE("A merge with too many bases is flagged") {
  MergeInput input;
  input.writes.resize(1);
  input.writes[0].document = json_document("1");
  input.sight = Sight(1);
  input.versions = {0};
  input.over_bound = true;
  CHECK(conflicts_text(merge_document(input).conflicts) == "whole too-many-bases");
}

TEST_CASE("Writes that are not in fold order are refused") {
  MergeInput input;
  input.writes.resize(2);
  input.writes[0].clock.value = 2;
  input.sight = Sight(2);
  CHECK(error_code_of([&] { merge_document(input); }) == ErrorCode::kInvalid);
}
