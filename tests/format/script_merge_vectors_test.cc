// Merges by scripts, frozen with epoch 1: what comes out, and the steps and cells of the greediest
// call (docs/merge-scripts.md). A line is never edited.
#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "core/json.h"
#include "merge/script_programs.h"
#include "tests/support/merging.h"
#include "tests/support/places.h"
#include "tests/support/testing.h"

using namespace isodb;
using namespace isodb::core;
using namespace isodb::merge;
using namespace isodb::testing;

namespace {

class CountingScript final : public ScriptRunner {
 public:
  explicit CountingScript(std::string_view source) : program_(compile_merge_script(source)) {}
  ScriptAnswer run(const Rule& rule, const ScriptStep& step) override {
    script::Outcome outcome = run_merge_script(program_, rule, step);
    ++calls;
    steps = std::max(steps, outcome.steps);
    cells = std::max(cells, outcome.cells);
    return answer_of(std::move(outcome));
  }

  std::uint64_t calls = 0, steps = 0, cells = 0;

 private:
  script::Program program_;
};

std::uint64_t number(const Json& value) {
  return std::stoull(std::string(value.number_text()));
}

void check_vector(const Json& vector) {
  const auto document = [&](const Json& text) {
    return text.is_null()
               ? DocumentPtr()
               : Document::make(
                     {Bytes(text.as_string()), std::string(vector.find("type")->as_string()), {}});
  };
  CountingScript script(vector.find("script")->as_string());
  Rule rule;
  rule.root.strategy = Strategy::kScript;
  rule.steps = number(vector.find("budget")->items()[0]);
  rule.cells = number(vector.find("budget")->items()[1]);
  FileMerge files{"a.json", document(*vector.find("base")), {}, {}, &rule, &script};
  if (vector.find("type")->as_string() == "text/plain") files.path = "a.txt";
  const auto& versions = vector.find("versions")->items();
  files.left = document(versions[0]);
  files.right = document(versions[1]);
  for (std::size_t i = 2; i < versions.size(); ++i) files.more.push_back(document(versions[i]));
  const MergedDocument merged = merge_files(files);
  CHECK(merged.document->content() == vector.find("content")->as_string());
  std::vector<std::string> conflicts, expected;
  for (const Conflict& conflict : merged.conflicts) {
    conflicts.push_back(conflict.field + " " + std::string(reason_name(conflict.reason)));
  }
  for (const Json& line : vector.find("conflicts")->items())
    expected.emplace_back(line.as_string());
  CHECK(conflicts == expected);
  const Json& failure = *vector.find("failure");
  CHECK(merged.script.has_value() == failure.is_string());
  if (merged.script && failure.is_string()) CHECK(merged.script->reason == failure.as_string());
  const auto& used = vector.find("used")->items();
  CHECK(script.calls == number(used[0]));
  CHECK(script.steps == number(used[1]));
  CHECK(script.cells == number(used[2]));
}

}  // namespace

TEST_CASE("the script vectors come out as they are frozen, to the byte and the step") {
  std::istringstream lines(slurp(std::filesystem::path(kTestVectors) / "script_merge.jsonl"));
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    INFO("line " << count + 1 << ": " << line);
    check_vector(parse_json(line));
  }
  CHECK(count >= 32);
}
