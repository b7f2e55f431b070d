// How many merges a second a script makes on one core, run by hand:
//   cmake --build build/bench --target isodb_script_bench && build/bench/bench/isodb_script_bench
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "merge/script/script.h"

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

void measure(const Work& work) {
  using Clock = std::chrono::steady_clock;
  const Program program = Program::compile(work.script);
  Outcome outcome;
  double best = 0;
  for (int round = 0; round < 5; ++round) {
    constexpr int kRuns = 20'000;
    const auto start = Clock::now();
    for (int i = 0; i < kRuns; ++i) outcome = run(program, "merge", work.arguments);
    const std::chrono::duration<double> seconds = Clock::now() - start;
    best = std::max(best, kRuns / seconds.count());
  }
  if (!outcome.value) {
    std::fprintf(stderr, "%s\n", outcome.failure->text().c_str());
    std::exit(1);
  }
  std::printf("%-10.*s %9.0f merges/s, %llu steps, %llu cells each\n",
              static_cast<int>(work.name.size()), work.name.data(), best,
              static_cast<unsigned long long>(outcome.steps),
              static_cast<unsigned long long>(outcome.cells));
}

}  // namespace

int main() {
  measure({"stock", kStock, stock_arguments()});
  measure({"members", kMembers, member_arguments()});
}
