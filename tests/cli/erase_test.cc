// Erasing from the command line: what it says, and what every other command then says.
#include "tests/cli/cli_test.h"

namespace isodb::testing {
namespace {

constexpr const char* kReason = "request of 3 March";

struct Erased : RepositoryRunner {
  Erased() {
    put("people/ada.json", R"({"name":"Ada","born":"1815"})");
    put("people/ada.json", R"({"name":"Ada","born":"1815","note":"private"})");
    put("people/bob.json", R"({"name":"Bob"})");
    must({"erase", "people/ada.json", "--history", "--reason", kReason});
  }
};

TEST_CASE("erase says what is gone, and every other command goes on and says so") {
  const Erased runner;
  const Ran get = runner.run({"get", "people/ada.json"});
  CHECK(get.exit_code == 10);
  CHECK(contains(get.err, "'people/ada.json': erased by "));
  CHECK(contains(get.err, std::string(": ") + kReason));
  CHECK(contains(runner.must({"ls", "people"}), "people/ada.json  (erased)"));
  CHECK(contains(runner.must({"ls", "people", "--json"}), "\"erased\":true"));
  CHECK(contains(runner.must({"log", "people/ada.json"}), "commit"));
  CHECK(runner.run({"diff", "@~3", "@~2"}).exit_code == 1);
  CHECK(runner.run({"blame", "people/ada.json"}).exit_code == 10);
  CHECK(contains(runner.must({"versions", "people/ada.json"}), "ada"));
  CHECK(contains(runner.must({"fsck"}), "2 contents erased for good"));
  for (const char* command : {"verify", "stats", "gc", "status", "conflicts"}) {
    INFO(command);
    CHECK(runner.run({command}).exit_code == 0);
  }
  CHECK(contains(runner.must({"erase", "--list"}), kReason));
  const std::string id =
      member(json_lines(runner.must({"erase", "--list", "--json"}))[0], "content");
  CHECK(runner.run({"cat", id}).exit_code == 10);
  CHECK(runner.run({"mv", "people/ada.json", "people/eve.json"}).exit_code == 10);
  CHECK(runner.run({"put", "again.json"}, {.input = R"({"name":"Ada","born":"1815"})"}).exit_code ==
        10);
  runner.put("people/ada.json", R"({"name":"Ada"})");
  CHECK(runner.must({"get", "people/ada.json"}) == R"({"name":"Ada"})");
}

TEST_CASE("exports leave out what is erased, and say so") {
  const Erased runner;
  const Ran folder = runner.run({"export", "folder", "out"});
  CHECK(folder.exit_code == 0);
  CHECK(contains(folder.err, "left out: people/ada.json"));
  const Ran lines = runner.run({"export", "jsonl", "-"});
  CHECK(lines.exit_code == 0);
  CHECK(contains(lines.out, "Bob"));
  CHECK_FALSE(contains(lines.out, "Ada"));
  const Ran git = runner.run({"export", "git", "-"});
  CHECK(git.exit_code == 0);
  CHECK_FALSE(contains(git.out, "private"));
  CHECK(contains(git.err, "people/ada.json"));
}

TEST_CASE("what is to be erased is named, with a reason") {
  const RepositoryRunner runner;
  runner.put("a", "text");
  CHECK(runner.run({"erase", "a"}).exit_code == 2);
  CHECK(runner.run({"erase"}).exit_code == 2);
  CHECK(runner.run({"erase", "no/such", "--reason", "x"}).exit_code == 1);
  CHECK(runner.run({"erase", ".isodb/repository.json", "--reason", "x"}).exit_code == 2);
  const auto done = json_line(runner.must({"erase", "a", "--reason", "x", "--json"}));
  CHECK(done.find("contents")->size() == 1);
  CHECK(runner.run({"erase", "a", "--reason", "x"}).exit_code == 2);
}

}  // namespace
}  // namespace isodb::testing
