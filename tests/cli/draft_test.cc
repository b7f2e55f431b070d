#include "tests/cli/cli_test.h"

namespace isodb::testing {
namespace {

TEST_CASE("a draft collects changes of every command and becomes one commit") {
  const RepositoryRunner runner;
  runner.put("old.txt", "1");
  runner.put("gone.txt", "1");
  const std::string head = runner.head();
  CHECK(contains(runner.must({"begin"}), "opened a draft on main"));
  CHECK(contains(runner.must({"put", "a.json"}, {.input = "{\"n\":1}"}), "staged: put a.json"));
  runner.must({"patch", "--merge", "a.json"}, {.input = "{\"n\":2}"});
  runner.must({"mv", "old.txt", "new.txt"});
  runner.must({"rm", "gone.txt"});
  CHECK(runner.head() == head);
  CHECK(runner.must({"ls"}) == "gone.txt\nold.txt\n");
  const std::string status = runner.must({"status"});
  CHECK(contains(status, "a draft is open with 4 changes"));
  CHECK(contains(status, "  A a.json\n  D gone.txt\n  A new.txt\n  D old.txt\n"));
  CHECK(runner.must({"get", "--draft", "a.json"}) == "{\"n\":2}");
  CHECK(runner.run({"get", "--draft", "old.txt"}).exit_code == 1);
  const auto made = json_line(runner.must({"commit", "-m", "four at once", "--json"}));
  CHECK(member(made, "changes") == "4");
  CHECK(member(made, "message") == "four at once");
  CHECK(member(made, "commit") == runner.head());
  CHECK(runner.must({"ls"}) == "a.json\nnew.txt\n");
  CHECK(contains(runner.must({"status"}), "no draft is open"));
}

TEST_CASE("status --json gives the branch first, then each change") {
  const RepositoryRunner runner;
  runner.put("a", "1");
  auto state = json_lines(runner.must({"status", "--json"}));
  REQUIRE(state.size() == 1);
  CHECK(keys_of(state[0]) ==
        std::vector<std::string>{"branch", "head", "draft", "scope", "unfinished_clone", "parked"});
  runner.must({"begin"});
  runner.put("a", "2");
  runner.put("b", "1");
  state = json_lines(runner.must({"status", "--json"}));
  REQUIRE(state.size() == 3);
  CHECK(member(state[0], "changes") == "2");
  CHECK(keys_of(state[1]) == std::vector<std::string>{"path", "change", "before", "after"});
  CHECK(member(state[1], "change") == "changed");
  CHECK(member(state[2], "change") == "added");
  CHECK(member(state[2], "before") == "null");
}

TEST_CASE("rollback drops the draft") {
  const RepositoryRunner runner;
  runner.must({"begin", "--json"});
  runner.put("a", "1");
  const auto dropped = json_line(runner.must({"rollback", "--json"}));
  CHECK(member(dropped, "dropped") == "1");
  CHECK(runner.must({"ls"}).empty());
  CHECK(runner.run({"rollback"}).exit_code == 1);
}

TEST_CASE("commands that need a draft, or none, say so") {
  const RepositoryRunner runner;
  CHECK(runner.run({"commit"}).exit_code == 1);
  CHECK(runner.run({"get", "--draft", "a"}).exit_code == 1);
  runner.must({"begin"});
  CHECK(runner.run({"begin"}).exit_code == 2);
  CHECK(runner.run({"commit"}).exit_code == 2);
  runner.must({"commit", "--allow-empty"});
  CHECK(contains(runner.must({"status"}), "no draft is open"));
}

TEST_CASE("the default message of a draft names what changed") {
  const RepositoryRunner runner;
  runner.put("b", "1");
  runner.must({"begin"});
  runner.put("a", "1");
  runner.must({"rm", "b"});
  CHECK(member(json_line(runner.must({"commit", "--json"})), "message") == "put a, rm b");
  runner.must({"begin"});
  for (const char* path : {"1", "2", "3", "4"}) runner.put(path, "x");
  CHECK(member(json_line(runner.must({"commit", "--json"})), "message") == "change 4 documents");
}

TEST_CASE("conditions hold in a draft too") {
  const RepositoryRunner runner;
  runner.must({"begin"});
  runner.must({"put", "a", "--if-absent"}, {.input = "1"});
  CHECK(runner.run({"put", "a", "--if-absent"}, {.input = "2"}).exit_code == 3);
  CHECK(runner.must({"get", "--draft", "a"}) == "1");
}

}  // namespace
}  // namespace isodb::testing
