#include "merge/script/script.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <set>
#include <thread>

#include "isodb/error.h"
#include "tests/support/testing.h"
#include "tests/unit/script/support.h"

using namespace isodb;
using namespace isodb::script;
using core::Json;
using core::parse_json;
using core::write_json;
using isodb::testing::error_code_of;
using script::testing::run_merge;
using script::testing::told;
using script::testing::told_merge;

namespace {

std::string returned(std::string_view expression, const std::vector<std::string>& arguments = {}) {
  return told_merge("def merge(*args): return " + std::string(expression), arguments);
}

Helpers one_helper(Helper helper) {
  return Helpers({std::move(helper)});
}

}  // namespace

TEST_CASE("A document comes out of a script as it went in") {
  const std::string text =
      R"({"b":1.10,"a":[1,-0,1e2,1E+2,0.0,123456789012345678901234567890,-9223372036854775808],)"
      R"("":null,"t":true,"s":"é\n\u0000😀","o":{"z":{},"y":[]},"big":1e400,"tiny":1e-400})";
  CHECK(returned("args[0]", {text}) == write_json(parse_json(text)));
}

TEST_CASE("A number keeps its text while it is moved, and loses it when it is computed with") {
  CHECK(returned("{\"price\": args[0][\"p\"]}", {R"({"p":1.10})"}) == R"({"price":1.10})");
  CHECK(returned("args[0] + 0", {"1.10"}) == "1.1");
  CHECK(returned("args[0] * 2", {"1e2"}) == "200");
  CHECK(returned("[type(x) for x in args]", {"1.0", "1", "-0", "1e0"}) ==
        R"(["float","int","float","float"])");
  CHECK(returned("args[0] == args[1]", {"1.10", "1.1"}) == "true");
  CHECK(returned("str(args[0])", {"1.10"}) == R"("1.1")");
  CHECK(returned("max(args)", {"1.50", "1.5e0", "0.3"}) == "1.50");
  CHECK(returned("args[0] > 1e308", {"1e400"}) == "true");
  CHECK(returned("-args[0]", {"1.50"}) == "-1.5");
  CHECK(returned("float(args[0])", {"1.50"}) == "1.50");
}

TEST_CASE("Floats are written as RFC 8785 does") {
  CHECK(returned("[1.0, 0.1 + 0.2, 1e21, -0.0, 1e-7, 100 / 3]") ==
        "[1,0.30000000000000004,1e+21,0,1e-7,33.333333333333336]");
}

TEST_CASE("What has no JSON form is no result") {
  for (const char* expression :
       {"float(\"nan\")", "float(\"inf\")", "-float(\"inf\")", "{1: 2}", "{None: 1}", "len",
        "merge", "set()", "range(3)", "isodb", "[lambda: 1]", "{\"a\": (1, set())}"}) {
    INFO(expression);
    CHECK(returned(expression) == "result_is_not_json at 0:0");
  }
  CHECK(told_merge("def merge():\n l = []\n l.append(l)\n return l") ==
        "result_is_not_json at 0:0");
  CHECK(told_merge("def merge():\n d = {}\n d[\"d\"] = [d]\n return d") ==
        "result_is_not_json at 0:0");
  CHECK(returned("(1, [None, True, \"x\"])") == R"([1,[null,true,"x"]])");
}

TEST_CASE("A failure has a reason, a place and a message") {
  CHECK(told_merge("def merge():\n  return 1 //  0\n") == "zero_division at 2:12");
  CHECK(told_merge("def f(x):\n  return x.y\ndef merge(): return f(1)") == "attribute at 2:11");
  CHECK(told_merge("def merge():\n  é = 1") == "syntax at 2:3");
  CHECK(told_merge("def merge():\n  x = \"é\" + missing") == "unresolved_name at 2:13");
  CHECK(told_merge("x = 1") == "no_function at 0:0");
  CHECK(told_merge("merge = 1") == "no_function at 0:0");
  CHECK(told_merge("def merge(a): return a") == "arguments at 0:0");
  CHECK(told_merge("fail(\"stop\")\ndef merge(): return 1") == "fail at 1:5");
  const Outcome outcome = run_merge("def merge(): fail(\"a\", 1)");
  CHECK(outcome.failure->message == "a 1");
  CHECK(outcome.failure->text() == "line 1, column 18: a 1");
  CHECK_FALSE(outcome.value.has_value());
}

TEST_CASE("A message is bounded and stays UTF-8") {
  const Outcome outcome = run_merge("def merge(): fail(\"x\" + \"é\" * 100000)");
  CHECK(outcome.failure->reason == Reason::kFail);
  CHECK(outcome.failure->message.size() <= kMessageBytesMax);
  CHECK(outcome.failure->message.size() >= kMessageBytesMax - 3);
  CHECK(outcome.failure->message.ends_with("é"));
}

TEST_CASE("The names of reasons are stable and distinct") {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(Reason::kResultIsNotJson); ++i) {
    const std::string_view name = reason_name(static_cast<Reason>(i));
    CHECK(name != "unknown");
    CHECK(names.insert(name).second);
  }
  CHECK(names.size() == 19);
}

TEST_CASE("Helpers see and give JSON, and charge what they declare") {
  const Helpers helpers =
      one_helper({"pick", 1, 2, 100, [](std::span<const Json> arguments, HelperMeter& meter) {
                    meter.steps(7);
                    return arguments.size() == 2 ? arguments[1] : arguments[0];
                  }});
  const auto with = [&](std::string_view body) {
    return run_merge("def merge(): return " + std::string(body), {}, helpers);
  };
  CHECK(told(with("isodb.pick([1, {\"a\": (2,)}])")) == R"([1,{"a":[2]}])");
  CHECK(told(with("isodb.pick(1, 2)")) == "2");
  CHECK(told(with("getattr(isodb, \"pick\")(3)")) == "3");
  CHECK(told(with("sorted([1], key=isodb.pick)")) == "[1]");
  CHECK(told(with("dir(isodb)")) == R"(["pick"])");
  CHECK(told(with("hasattr(isodb, \"other\")")) == "false");
  CHECK(told(with("isodb.pick()")) == "arguments at 1:31");
  CHECK(told(with("isodb.pick(1, 2, 3)")) == "arguments at 1:31");
  CHECK(told(with("isodb.pick(x=1)")) == "arguments at 1:31");
  CHECK(told(with("isodb.pick(set())")) == "type at 1:31");
  CHECK(told(with("isodb.other(1)")) == "attribute at 1:26");
  const Outcome without = run_merge("def merge(): return 1");
  CHECK(with("isodb.pick(1)").steps > without.steps + 107);
}

TEST_CASE("A number keeps its text through a helper") {
  const Helpers helpers =
      one_helper({"same", 1, 1, 1, [](std::span<const Json> a, HelperMeter&) { return a[0]; }});
  CHECK(told(run_merge("def merge(x): return isodb.same([x])", {"1.10"}, helpers)) == "[1.10]");
}

TEST_CASE("A helper that throws ends the run with its message") {
  const Helpers helpers =
      one_helper({"no", 0, 0, 1, [](std::span<const Json>, HelperMeter&) -> Json {
                    throw Error(ErrorCode::kInvalid, "not with me");
                  }});
  const Outcome outcome = run_merge("def merge(): return isodb.no()", {}, helpers);
  CHECK(outcome.failure->reason == Reason::kHelper);
  CHECK(outcome.failure->message == "isodb.no(): not with me");
}

TEST_CASE("What is printed is kept, up to a bound") {
  const Outcome outcome =
      run_merge("def merge():\n print(\"a\", 1, sep=\"\")\n print()\n return 1");
  CHECK(outcome.printed == std::vector<std::string>{"a1", ""});
  CHECK_FALSE(outcome.printed_is_cut);
  const Outcome much =
      run_merge("def merge():\n for i in range(100): print(\"x\" * 1000)\n return 1");
  CHECK(much.printed.size() == 65);
  CHECK(much.printed_is_cut);
  CHECK(told(much) == "1");
}

TEST_CASE("A budget that is used up ends the run at exactly its size") {
  const std::string endless = "def merge():\n while True: pass";
  for (const std::uint64_t steps : {1u, 2u, 10u, 1000u}) {
    const Outcome outcome = run_merge(endless, {}, {}, {.steps = steps});
    CHECK(outcome.failure->reason == Reason::kOutOfSteps);
    CHECK(outcome.steps == steps);
  }
  const Outcome grown =
      run_merge("def merge():\n x = \"a\"\n while True: x += x", {}, {}, {.cells = 1000});
  CHECK(grown.failure->reason == Reason::kOutOfCells);
  CHECK(grown.cells == 1000);
  CHECK(error_code_of([] {
          run_merge("def merge(): return 1", {}, {}, {.cells = kCellsMax + 1});
        }) == ErrorCode::kInvalid);
}

TEST_CASE("A budget of exactly what a run used is enough, and one less is not") {
  const std::string source =
      "def merge(a):\n return sorted([x * 2 for x in a] + [str(a)], key=str)";
  const std::vector<std::string> arguments = {"[3,1,2,1.5]"};
  const Outcome free = run_merge(source, arguments);
  REQUIRE(free.value.has_value());
  const Outcome exact =
      run_merge(source, arguments, {}, {.steps = free.steps, .cells = free.cells});
  CHECK(told(exact) == told(free));
  CHECK(exact.steps == free.steps);
  CHECK(exact.cells == free.cells);
  CHECK(run_merge(source, arguments, {}, {.steps = free.steps - 1}).failure->reason ==
        Reason::kOutOfSteps);
  CHECK(run_merge(source, arguments, {}, {.cells = free.cells - 1}).failure->reason ==
        Reason::kOutOfCells);
}

TEST_CASE("Each run begins anew, whatever the last one did to globals") {
  const Program program =
      Program::compile("seen = []\ndef merge(x):\n seen.append(x)\n return len(seen)");
  for (int i = 0; i < 3; ++i) {
    CHECK(told(run(program, "merge", std::vector<Json>{Json::integer(i)})) == "1");
  }
}

TEST_CASE("A program runs in several threads at once with one outcome") {
  const Program program = Program::compile(
      "names = {\"a\": 1}\ndef merge(x):\n d = {str(i): i for i in range(100)}\n"
      " d.update(names)\n return [d, x, \"%s\" % d[\"7\"]]");
  const std::vector<Json> arguments = {parse_json(R"({"k":[1.10]})")};
  const Outcome expected = run(program, "merge", arguments);
  REQUIRE(expected.value.has_value());
  std::vector<std::thread> threads;
  std::atomic<int> different = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        const Outcome outcome = run(program, "merge", arguments);
        if (told(outcome) != told(expected) || outcome.steps != expected.steps ||
            outcome.cells != expected.cells) {
          ++different;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(different == 0);
}

TEST_CASE("A script larger than the bound, or one of bytes that are no text, is refused") {
  CHECK(told_merge(std::string(kSourceBytesMax + 1, '#')) == "syntax at 0:0");
  CHECK(told_merge(std::string(kSourceBytesMax, '#')) == "no_function at 0:0");
  CHECK(told_merge("x = 1\ny = \"\xff\"") == "syntax at 2:6");
  CHECK(told_merge(std::string_view("x = 1\0", 6)) == "syntax at 1:6");
  CHECK(told_merge("\xef\xbb\xbfx = 1") == "syntax at 1:1");
}

TEST_CASE("Ends of lines may be those of Windows") {
  CHECK(told_merge("def merge():\r\n  x = 1\r\n\r\n  # note\r\n  return [x,\r\n 2]\r\n") ==
        "[1,2]");
  CHECK(told_merge("def merge(): return \"\"\"a\r\nb\"\"\"") == R"("a\nb")");
}

TEST_CASE("An argument whose string is not UTF-8 is the caller's mistake") {
  const Json lone = core::examine_json(R"("\ud800")").value;
  const Program program = Program::compile("def merge(x): return x");
  CHECK(error_code_of([&] { run(program, "merge", std::vector<Json>{lone}); }) ==
        ErrorCode::kInvalid);
}
