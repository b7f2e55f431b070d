// Any bytes, as the text of a merge script: compiling and running it ends within its budget, twice
// in the same way.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "core/json_writer.h"
#include "merge/script/script.h"

namespace {

using isodb::core::Json;
using isodb::script::Budget;
using isodb::script::Helper;
using isodb::script::HelperMeter;
using isodb::script::Helpers;
using isodb::script::Outcome;
using isodb::script::Program;

const Helpers& helpers() {
  static const Helpers all(std::vector<Helper>{
      {"first", 1, 3, 10, [](std::span<const Json> values, HelperMeter&) { return values[0]; }}});
  return all;
}

const std::vector<Json>& arguments() {
  static const std::vector<Json> all = {
      isodb::core::parse_json(R"({"a":1,"b":[1.10,2e5],"c":"é","d":null})"),
      isodb::core::parse_json(R"({"a":-12345678901234567890,"b":[],"c":"\u0000"})"),
      isodb::core::parse_json(R"([true,{"":{}}])"), isodb::core::parse_json(R"("text")")};
  return all;
}

void check_same(const Outcome& a, const Outcome& b) {
  const bool same =
      a.steps == b.steps && a.cells == b.cells && a.failure == b.failure &&
      a.printed == b.printed && a.value.has_value() == b.value.has_value() &&
      (!a.value || isodb::core::write_json(*a.value) == isodb::core::write_json(*b.value)) &&
      a.value.has_value() != a.failure.has_value();
  if (!same) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  try {
    const Program program = Program::compile(source);
    const Budget budget{.steps = 20'000, .cells = 20'000};
    const Outcome outcome = run(program, "merge", arguments(), helpers(), budget);
    check_same(outcome, run(program, "merge", arguments(), helpers(), budget));
  } catch (const isodb::script::ScriptError&) {
    // No script: what was to be found out.
  }
  return 0;
}
