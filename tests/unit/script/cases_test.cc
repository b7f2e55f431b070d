#include <catch2/catch.hpp>
#include <filesystem>
#include <optional>
#include <sstream>

#include "tests/support/places.h"
#include "tests/support/testing.h"
#include "tests/unit/script/support.h"

using namespace isodb;
using namespace isodb::script;
using isodb::testing::slurp;

namespace {

/// Stands before each case: eq() fails where two values differ, in type or order too.
constexpr std::string_view kPrelude =
    "eq = lambda a, b: None if a == b and type(a) == type(b) and repr(a) == repr(b) else "
    "fail(repr(a) + \" is not \" + repr(b))\n";

struct Case {
  std::string source;
  std::size_t line = 0;     // of the file that it begins at
  std::size_t failing = 0;  // the line that fails; 0 for none
  std::string reason;
};

/// A file's cases, between lines of "---"; "### reason" ends the line that fails.
std::vector<Case> read_cases(const std::filesystem::path& path) {
  std::istringstream text(slurp(path));
  std::vector<Case> cases(1);
  cases.back().line = 1;
  std::size_t line = 0;
  for (std::string row; std::getline(text, row);) {
    ++line;
    if (row == "---") {
      cases.emplace_back();
      cases.back().line = line + 1;
      continue;
    }
    if (const std::size_t mark = row.find("### "); mark != std::string::npos) {
      cases.back().failing = line;
      cases.back().reason = row.substr(mark + 4);
    }
    cases.back().source += row + "\n";
  }
  return cases;
}

std::optional<Failure> failure_of(const Case& one) {
  try {
    const Program program =
        Program::compile(std::string(kPrelude) + one.source + "\ndef merge(): return None\n");
    return run(program, "merge", {}).failure;
  } catch (const ScriptError& error) {
    return error.failure();
  }
}

}  // namespace

TEST_CASE("Every case of the language does what its file says") {
  std::size_t files = 0, cases = 0;
  for (const auto& entry : std::filesystem::directory_iterator(isodb::testing::kScriptCases)) {
    if (entry.path().extension() != ".star") continue;
    ++files;
    for (const Case& one : read_cases(entry.path())) {
      ++cases;
      const auto failure = failure_of(one);
      INFO(entry.path().filename().string() << ", case from line " << one.line);
      if (one.failing == 0) {
        if (failure) FAIL_CHECK("line " << failure->line - 2 + one.line << ": " << failure->text());
        continue;
      }
      if (!failure) {
        FAIL_CHECK("line " << one.failing << " should fail: " << one.reason);
        continue;
      }
      INFO(failure->text());
      CHECK(std::string(reason_name(failure->reason)) == one.reason);
      // A text that ends too early is blamed where it begins or where it ends.
      if (one.reason != "syntax") CHECK(failure->line - 2 + one.line == one.failing);
    }
  }
  CHECK(files >= 3);
  CHECK(cases > 150);
}

TEST_CASE("A case that fails is seen to fail") {
  CHECK(failure_of({"eq(1, 2)\n"})->reason == Reason::kFail);
  CHECK(failure_of({"eq(1, 1.0)\n"})->reason == Reason::kFail);
  CHECK_FALSE(failure_of({"eq(1, 1)\n"}).has_value());
}
