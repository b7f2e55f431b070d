#include "merge/line_diff.h"

#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <random>

#include "tests/support/testing.h"

using namespace isodb;
using namespace isodb::merge;
using isodb::testing::slurp;
using isodb::testing::spill;
using isodb::testing::TemporaryFolder;

namespace {

std::string lines(std::initializer_list<int> numbers) {
  std::string text;
  for (const int number : numbers) text += std::to_string(number) + "\n";
  return text;
}

}  // namespace

TEST_CASE("Lines keep their line feeds, and nothing has no lines") {
  CHECK(split_lines("").empty());
  CHECK(split_lines("a\n\nb") == std::vector<ByteView>{"a\n", "\n", "b"});
  CHECK(split_lines("a\n") == std::vector<ByteView>{"a\n"});
}

TEST_CASE("A unified diff of equal texts is empty") {
  CHECK(unified_diff("", "").empty());
  CHECK(unified_diff("a\nb", "a\nb").empty());
}

TEST_CASE("A unified diff shows hunks with three lines of context") {
  const std::string before = lines({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15});
  const std::string after = lines({1, 2, 3, 4, 50, 6, 7, 8, 9, 10, 11, 12, 14, 15});
  CHECK(unified_diff(before, after) ==
        "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+50\n 6\n 7\n 8\n"
        "@@ -10,6 +10,5 @@\n 10\n 11\n 12\n-13\n 14\n 15\n");
  CHECK(unified_diff(before, after, {.context_lines = 0}) ==
        "@@ -5 +5 @@\n-5\n+50\n@@ -13 +12,0 @@\n-13\n");
  const std::string joined = unified_diff(before, after, {.context_lines = 4});
  CHECK(joined.starts_with("@@ -1,15 +1,14 @@\n"));
  CHECK(joined.find("@@ -", 1) == std::string::npos);
}

TEST_CASE("A unified diff tells a missing last line feed") {
  CHECK(unified_diff("a\nb", "a\nb\n") ==
        "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n");
  CHECK(unified_diff("a", "b") ==
        "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n");
  CHECK(unified_diff("", "a\n") == "@@ -0,0 +1 @@\n+a\n");
  CHECK(unified_diff("a\n", "") == "@@ -1 +0,0 @@\n-a\n");
}

TEST_CASE("patch(1) turns the old text into the new one by a unified diff") {
  if (std::system("patch --version >/dev/null 2>&1") != 0) {
    WARN("SKIPPED: no patch program");
    return;
  }
  const TemporaryFolder folder;
  std::mt19937_64 random(3);
  for (int round = 0; round < 40; ++round) {
    std::string before, after;
    for (int i = 0; i < 60; ++i) {
      const std::string line = "line " + std::to_string(random() % 12) + "\n";
      const auto what = random() % 10;
      if (what != 0) before += line;
      if (what != 1) after += line;
    }
    if (random() % 2 == 0) before += "no line feed";
    if (random() % 2 == 0) after += "no line feed either";
    spill(folder / "text", before);
    spill(folder / "diff", "--- text\n+++ text\n" + unified_diff(before, after));
    const std::string command =
        "cd '" + folder.path().string() + "' && patch --silent --force text diff >/dev/null 2>&1";
    REQUIRE(std::system(command.c_str()) == 0);
    REQUIRE(slurp(folder / "text") == after);
  }
}
