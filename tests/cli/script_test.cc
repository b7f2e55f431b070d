#include <fstream>

#include "tests/cli/cli_test.h"

namespace isodb::testing {
namespace {

using Words = std::vector<std::string>;

constexpr const char* kSum = R"(
def merge(base, left, right, context):
    print("at", context["path"])
    return {"n": isodb.counter((base or {}).get("n"), left.get("n"), right.get("n"), "/n")}
)";

class ScriptRunner : public ProgramRunner {
 public:
  ScriptRunner() {
    save("sum.star", kSum);
    save("base.json", R"({"n":1})");
    save("left.json", R"({"n":3})");
    save("right.json", R"({"n":6})");
    save("none.json", "");
  }
  void save(const std::string& name, const std::string& text) const {
    std::ofstream(folder() / name, std::ios::binary) << text;
  }
};

TEST_CASE("script check names the first fault of a script by line and column") {
  const ScriptRunner runner;
  CHECK(contains(runner.must({"script", "check", "sum.star"}), "sum.star"));
  CHECK(member(json_line(runner.must({"script", "check", "sum.star", "--json"})), "valid") ==
        "true");
  runner.save("bad.star", "def merge(base, left, right, context):\n    return lost\n");
  const Ran bad = runner.run({"script", "check", "sum.star", "bad.star"});
  CHECK(bad.exit_code == 2);
  CHECK(contains(bad.err, "bad.star: line 2, column 12"));
  CHECK(contains(bad.err, "lost"));
  runner.save("empty.star", "");
  CHECK(runner.run({"script", "check", "empty.star"}).exit_code == 2);
  CHECK(runner.run({"script", "check", "nowhere.star"}).exit_code == 1);
  CHECK(runner.run({"script", "check"}).exit_code == 2);
}

TEST_CASE("script test merges documents and shows what it took") {
  const ScriptRunner runner;
  const Words two{"script", "test", "sum.star", "base.json", "left.json", "right.json"};
  const Ran merged = runner.run(two);
  CHECK(merged.exit_code == 0);
  CHECK(merged.out == R"({"n":8})");
  CHECK(contains(merged.err, "printed: at left.json"));
  CHECK(contains(merged.err, "1 call, up to "));
  Words more = two;
  more.insert(more.end(), {"left.json", "--path", "a/b.json", "--json"});
  const core::Json object = json_line(runner.must(more));
  CHECK(keys_of(object) ==
        Words{"conflicts", "calls", "steps", "cells", "printed", "failure", "text"});
  CHECK(member(object, "text") == R"({"n":10})");
  CHECK(member(object, "calls") == "2");
  CHECK(object.find("printed")->items().front().as_string() == "at a/b.json");
  // The budget is used up exactly.
  const std::string steps = member(object, "steps");
  Words exact = two;
  exact.insert(exact.end(), {"--path", "a/b.json", "--steps", steps});
  CHECK(runner.run(exact).exit_code == 0);
  exact.back() = std::to_string(std::stoi(steps) - 1);
  const Ran over = runner.run(exact);
  CHECK(over.exit_code == 4);
  CHECK(over.out == R"({"n":6})");
  CHECK(contains(over.err, "the document: script-failed"));
  CHECK(contains(over.err, "/n: both-changed"));
  // No base.
  CHECK(runner.must({"script", "test", "sum.star", "none.json", "left.json", "right.json"}) ==
        R"({"n":9})");
  CHECK(runner.run({"script", "test", "sum.star", "base.json", "left.json"}).exit_code == 2);
  exact.back() = "0";
  CHECK(runner.run(exact).exit_code == 2);
}

TEST_CASE("script test runs the cases beside a script") {
  const ScriptRunner runner;
  CHECK(runner.run({"script", "test", "sum.star"}).exit_code == 1);
  runner.save("sum.test.json", R"({"path":"x.json","cases":[
    {"name":"two","base":{"n":1},"versions":[{"n":2},{"n":4}],"result":{"n":5.0}},
    {"name":"three","versions":[{"n":1},{"n":2},{"n":3}],"result":{"n":6}},
    {"name":"no number","base":{"n":1},"versions":[{"n":"a"},{"n":"b"}],"result":{"n":"b"},
     "conflicts":["/n: both-changed"]},
    {"name":"no object","versions":[[1],[2]],"result":[2],
     "conflicts":["the document: both-changed","the document: script-failed"],
     "failure":"attribute"},
    {"name":"one deleted it","base":{"n":1},"versions":[null,{"n":2}],"result":{"n":2},
     "conflicts":["the document: edit-and-delete"]},
    {"name":"all deleted it","base":{"n":1},"versions":[null,null],"result":null},
    {"name":"texts fail, for it returns a dict","versions":["a","b"],"result":"b",
     "conflicts":["the document: overlapping-lines","the document: script-failed"],
     "failure":"attribute"}]})");
  const Ran ran = runner.run({"script", "test", "sum.star"});
  INFO(ran.out << ran.err);
  CHECK(ran.exit_code == 0);
  CHECK(contains(ran.out, "ok  two  (1 call, up to "));
  CHECK(contains(ran.out, "ok  one deleted it  (not called)"));
  CHECK(contains(ran.out, "printed: at x.json"));
  CHECK(contains(ran.out, "7 cases, 0 failed"));
  CHECK(runner.must({"script", "test", "sum.star", "-q"}).empty());
  runner.save("wrong.json", R"({"cases":[
    {"name":"off","base":{"n":1},"versions":[{"n":2},{"n":4}],"result":{"n":6},
     "conflicts":["/n: both-changed"],"failure":"fail"}]})");
  const Ran wrong = runner.run({"script", "test", "sum.star", "--cases", "wrong.json"});
  CHECK(wrong.exit_code == 1);
  CHECK(contains(wrong.out, "FAILED  off"));
  CHECK(contains(wrong.out, R"(merged: {"n":5}, expected: {"n":6})"));
  CHECK(contains(wrong.out, "conflicts: none; expected: /n: both-changed"));
  CHECK(contains(wrong.out, "the script: did not fail; expected: fail"));
  const core::Json object =
      json_line(runner.run({"script", "test", "sum.star", "--cases", "wrong.json", "--json"}).out);
  CHECK(member(object, "case") == "off");
  CHECK(member(object, "passed") == "false");
  CHECK(object.find("differences")->size() == 3);
}

TEST_CASE("a file of cases that is not one is refused with its place") {
  const ScriptRunner runner;
  const std::pair<const char*, const char*> files[] = {
      {"[]", "line 1, column 1: expected an object"},
      {R"({"cases":[]})", "column 10: there are no cases"},
      {R"({"cases":{}})", "column 10: 'cases' must be an array"},
      {R"({"case":[]})", "column 2: unknown member 'case'"},
      {R"({"steps":0,"cases":[]})", "column 10: 'steps' must be a whole number"},
      {R"({"cases":[{"versions":[1,2],"result":2}]})", "column 11: the case has no 'name'"},
      {R"({"cases":[{"name":"a","versions":[1],"result":2}]})", "two versions or more"},
      {R"({"cases":[{"name":"a","versions":[1,2]}]})", "has no 'result'"},
      {R"({"cases":[{"name":"a","versions":[1,2],"result":2,"conflicts":[1]}]})",
       "'conflicts' must be a string"},
      {"{", "line 1"},
  };
  for (const auto& [text, problem] : files) {
    runner.save("sum.test.json", text);
    const Ran ran = runner.run({"script", "test", "sum.star"});
    INFO(text << ran.err);
    CHECK(ran.exit_code == 2);
    CHECK(contains(ran.err, "sum.test.json: "));
    CHECK(contains(ran.err, problem));
  }
}

}  // namespace
}  // namespace isodb::testing
