#include "tests/unit/script/hostile_scripts.h"

#include <cstddef>
#include <sstream>
#include <string_view>

#include "tests/support/places.h"
#include "tests/support/testing.h"
#include "tests/unit/script/support.h"

namespace isodb::script::testing {

namespace {

std::string repeat(std::string_view part, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += part;
  return text;
}

/// `part` with each % replaced by 0, 1, 2, …
std::string numbered(std::string_view part, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) {
    for (const char c : part) text += c == '%' ? std::to_string(i) : std::string(1, c);
  }
  return text;
}

/// Blocks within each other.
std::string nested(std::string_view head, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += std::string(i, ' ') + std::string(head) + "\n";
  return text + std::string(times, ' ') + "pass\n";
}

std::string deepening(std::size_t lines) {
  std::string text = "if 1:\n";
  for (std::size_t i = 1; i < lines; ++i) text += std::string(i, ' ') + "x = 1\n";
  return text;
}

void add_part_1(std::vector<HostileScript>& all) {
  all.push_back({"a megabyte of (", std::string(1048576, '(')});
  all.push_back({"a megabyte of [", std::string(1048576, '[')});
  all.push_back({"a megabyte of {", std::string(1048576, '{')});
  all.push_back({"a megabyte of -", "x = " + std::string(1048000, '-') + "1"});
  all.push_back({"a megabyte of ~", "x = " + std::string(1048000, '~') + "1"});
  all.push_back({"many not", "x = " + repeat("not ", 200000) + "1"});
  all.push_back({"many lambdas", "x = " + repeat("lambda: ", 100000) + "1"});
  all.push_back({"many conditions", "x = " + repeat("1 if 1 else ", 80000) + "1"});
  all.push_back({"closed parentheses", "x = " + std::string(90, '(') + "1" + std::string(90, ')') +
                                           "\ndef merge(): return x"});
  all.push_back({"too many closed parentheses",
                 "x = " + std::string(200, '(') + "1" + std::string(200, ')')});
  all.push_back({"lists in lists", "x = " + std::string(300, '[') + std::string(300, ']')});
  all.push_back({"dicts in dicts", "x = " + repeat("{1:", 300) + "1" + std::string(300, '}')});
  all.push_back({"calls in calls", "x = " + repeat("len(", 300) + "1" + std::string(300, ')')});
  all.push_back({"indexes in indexes", "x = " + repeat("a[", 300) + "1" + std::string(300, ']')});
  all.push_back({"a long sum", "def merge(): return 1" + repeat(" + 1", 200000)});
  all.push_back({"a long chain of and", "def merge(): return 1" + repeat(" and 1", 150000)});
  all.push_back({"a long chain of or", "def merge(): return 0" + repeat(" or 0", 150000)});
  all.push_back({"a long chain of calls", "def f(): return f\ndef merge(): return 1 if f" +
                                              repeat("()", 300000) + " else 2"});
}

void add_part_2(std::vector<HostileScript>& all) {
  all.push_back({"a long chain of indexes", "def merge():\n x = []\n x.append(x)\n return len(x" +
                                                repeat("[0]", 300000) + ")"});
  all.push_back({"a long chain of attributes", "def merge(): return merge" + repeat(".a", 400000)});
  all.push_back({"a long list", "def merge(): return len([" + repeat("1,", 400000) + "])"});
  all.push_back({"a long tuple", "def merge(): return len((" + repeat("1,", 400000) + "))"});
  all.push_back({"a long dict", "def merge(): return len({" + numbered("%:1,", 80000) + "})"});
  all.push_back({"a long call", "def merge(): return max(" + repeat("1,", 400000) + ")"});
  all.push_back({"many names", numbered("x%=1\n", 80000) + "def merge(): return x79999"});
  all.push_back({"many functions", numbered("def f%(): pass\n", 40000) + "def merge(): return 1"});
  all.push_back({"many parameters", "def f(" + numbered("a%,", 50000) + "): pass"});
  all.push_back({"many arguments by name", "dict(" + numbered("a%=1,", 50000) + ")"});
  all.push_back({"many targets", numbered("a%,", 100000) + "z = 1"});
  all.push_back({"many assignments in a chain", repeat("a=", 400000) + "1\ndef merge(): return a"});
  all.push_back({"many elifs", "x = 5\nif x == 0: pass\n" + repeat("elif x == 1: pass\n", 50000) +
                                   "def merge(): return x"});
  all.push_back({"ifs in ifs", nested("if 1:", 300)});
  all.push_back({"defs in defs", nested("def f():", 300)});
  all.push_back({"fors in fors", nested("for i in x:", 300)});
  all.push_back({"many clauses", "x = [1 for a in [1]" + repeat(" for a in [1]", 50000) + "]"});
  all.push_back({"clauses of work",
                 "x = [1" + repeat(" for a in range(9)", 50) + "]\ndef merge(): return 1"});
}

void add_part_3(std::vector<HostileScript>& all) {
  all.push_back({"comprehensions in comprehensions",
                 "x = " + repeat("[", 300) + "1" + repeat(" for a in b]", 300)});
  all.push_back({"a long line of spaces", std::string(1000000, ' ') + "x"});
  all.push_back({"a long comment", "#" + std::string(1000000, 'x') + "\ndef merge(): return 1"});
  all.push_back(
      {"a long string", "def merge(): return len(\"" + std::string(1000000, 'x') + "\")"});
  all.push_back({"a long name", "def merge(): return " + std::string(1000000, 'x')});
  all.push_back({"a long integer", "x = 1" + std::string(1000000, '0')});
  all.push_back({"a long float", "x = 0." + std::string(1000000, '1') + "\ndef merge(): return x"});
  all.push_back({"many long integers",
                 repeat("x = 0x" + std::string(4096, 'f') + "\n", 250) + "def merge(): return 1"});
  all.push_back({"many long decimal integers",
                 repeat("x = " + std::string(4096, '9') + "\n", 250) + "def merge(): return 1"});
  all.push_back({"many semicolons", std::string(1000000, ';')});
  all.push_back({"many empty lines", std::string(1000000, '\n') + "def merge(): return 1"});
  all.push_back(
      {"many continued lines", "x = \\\n" + repeat("\\\n", 300000) + "1\ndef merge(): return x"});
  all.push_back({"indentation that deepens", deepening(1000)});
  all.push_back({"NUL bytes", std::string(100, '\0')});
  all.push_back({"bytes that are no UTF-8", std::string(100, '\xff')});
  all.push_back({"half a character", std::string("x = \"\xc3")});
  all.push_back({"half a character at the end of a string", std::string("x = \"\xc3\"")});
  all.push_back({"an overlong character", std::string("x = \"\xc0\x80\"")});
}

void add_part_4(std::vector<HostileScript>& all) {
  all.push_back({"a surrogate", std::string("x = \"\xed\xa0\x80\"")});
  all.push_back({"only quotation marks", std::string(999999, '"')});
  all.push_back({"only backslashes", std::string(1000000, '\\')});
  all.push_back({"nothing", std::string()});
  all.push_back(
      {"many string escapes", "def merge(): return len(\"" + repeat("\\n", 400000) + "\")"});
}

}  // namespace

std::vector<HostileScript> hostile_scripts() {
  std::vector<HostileScript> all;
  std::istringstream lines(
      isodb::testing::slurp(std::string(isodb::testing::kScriptCases) + "/hostile.txt"));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# ")) {
      all.push_back({line.substr(2), ""});
    } else if (line != "---") {
      all.back().source += line + "\n";
    }
  }
  add_part_1(all);
  add_part_2(all);
  add_part_3(all);
  add_part_4(all);
  return all;
}

std::string ending_of(const std::string& source) {
  try {
    const Outcome outcome = run_merge(source);
    std::string text = told(outcome);
    if (text.size() > 60) text = std::to_string(text.size()) + " bytes of JSON";
    return text + ", " + std::to_string(outcome.steps) + " steps, " +
           std::to_string(outcome.cells) + " cells";
  } catch (const ScriptError& error) {
    const Failure& failure = error.failure();
    return std::string(reason_name(failure.reason)) + " at " + std::to_string(failure.line) + ":" +
           std::to_string(failure.column) + ", not run";
  }
}

}  // namespace isodb::script::testing
