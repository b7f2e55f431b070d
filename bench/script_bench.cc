// How many merges a second a script makes on one core, alone and in merging, run by hand:
//   cmake --build build/bench --target isodb_script_bench && build/bench/bench/isodb_script_bench
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "core/json_writer.h"
#include "merge/document_merge.h"
#include "merge/script/script.h"
#include "merge/script_programs.h"

namespace merge = isodb::merge;

namespace {

using isodb::core::Json;
using isodb::core::parse_json;
using isodb::script::Outcome;
using isodb::script::Program;

struct Work {
  std::string_view name, script;
  std::vector<Json> arguments;
};

/// A stock that both sides took from may not go below zero.
constexpr std::string_view kStock = R"(
def merge(base, left, right, context):
    result = dict(left)
    count = left["count"] + right["count"] - base["count"]
    if count < 0:
        result["short"] = -count
        count = 0
    result["count"] = count
    if left["price"] == base["price"]:
        result["price"] = right["price"]
    return result
)";

/// Members by name, and a sum over a list: more of the language.
constexpr std::string_view kMembers = R"(
def pick(base, left, right):
    return right if left == base else left

def merge(base, left, right, context):
    result = {}
    for name in list(left) + [n for n in right if n not in left]:
        result[name] = pick(base.get(name), left.get(name), right.get(name))
    total = 0
    for item in result.get("items", []):
        total += item["count"]
    result["total"] = total
    return result
)";

std::vector<Json> stock_arguments() {
  return {
      parse_json(R"({"name":"diesel","count":40,"price":1.10,"place":"barn","unit":"l"})"),
      parse_json(R"({"name":"diesel","count":15,"price":1.10,"place":"barn","unit":"l"})"),
      parse_json(R"({"name":"diesel","count":10,"price":1.25,"place":"barn","unit":"l"})"),
      parse_json(R"({"path":"stock/diesel.json"})"),
  };
}

std::vector<Json> member_arguments() {
  std::vector<Json> arguments;
  for (const char* count : {"1", "2", "3"}) {
    Json document = parse_json(R"({"name":"order 17","by":"ada","items":[]})");
    Json items = Json::array();
    for (int i = 0; i < 20; ++i) {
      Json item = parse_json(R"({"id":"part","count":1})");
      item.set("count", Json::number(count));
      items.append(std::move(item));
    }
    document.set("items", std::move(items));
    arguments.push_back(std::move(document));
  }
  arguments.push_back(parse_json(R"({"path":"orders/17.json"})"));
  return arguments;
}

/// The best of five rounds.
template <typename Once>
double per_second(const Once& once) {
  using Clock = std::chrono::steady_clock;
  double best = 0;
  for (int round = 0; round < 5; ++round) {
    constexpr int kRuns = 20'000;
    const auto start = Clock::now();
    for (int i = 0; i < kRuns; ++i) once();
    const std::chrono::duration<double> seconds = Clock::now() - start;
    best = std::max(best, kRuns / seconds.count());
  }
  return best;
}

[[noreturn]] void fail(const std::string& problem) {
  std::fprintf(stderr, "%s\n", problem.c_str());
  std::exit(1);
}

/// The interpreter alone.
void measure(const Work& work) {
  const Program program = Program::compile(work.script);
  Outcome outcome;
  const double best = per_second([&] { outcome = run(program, "merge", work.arguments); });
  if (!outcome.value) fail(outcome.failure->text());
  std::printf("%-24.*s %9.0f merges/s, %llu steps, %llu cells each\n",
              static_cast<int>(work.name.size()), work.name.data(), best,
              static_cast<unsigned long long>(outcome.steps),
              static_cast<unsigned long long>(outcome.cells));
}

/// The merge of three documents by a rule: parsing them, running the script by way of the loader,
/// laying out the result.
void measure_merge(const Work& work) {
  const auto document = [](const Json& value) {
    return merge::Document::make({isodb::core::write_json(value), "application/json", {}});
  };
  const merge::ScriptLoader loader = merge::make_script_loader();
  merge::Rule rule;
  rule.root.strategy = merge::Strategy::kScript;
  merge::MergedDocument merged;
  const double best = per_second([&] {
    const auto runner = loader({}, [&] {
      return merge::Document::make({std::string(work.script), "text/plain", {}});
    });
    merged = merge::merge_files({"stock/diesel.json", document(work.arguments[0]),
                                 document(work.arguments[1]), document(work.arguments[2]), &rule,
                                 runner.get()});
  });
  if (merged.script) fail(merged.script->message);
  std::printf("%-24.*s %9.0f merges/s of documents\n", static_cast<int>(work.name.size()),
              work.name.data(), best);
}

/// examples/merge-scripts/stock.star, from the root of the sources.
std::string example() {
  std::ifstream file("examples/merge-scripts/stock.star");
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

int main() {
  measure({"stock", kStock, stock_arguments()});
  measure({"members", kMembers, member_arguments()});
  measure_merge({"stock", kStock, stock_arguments()});
  measure_merge({"members", kMembers, member_arguments()});
  const std::string with_helpers = example();
  if (with_helpers.empty()) fail("run this in the root of the sources");
  measure_merge({"examples' stock.star", with_helpers, stock_arguments()});
}
