// A copy that holds some of the documents only: what it says of the others.
#include "tests/support/partial.h"

#include "tests/cli/cli_test.h"

namespace isodb::testing {
namespace {

/// A copy of the cows, beside the repository with all.
class PartialRunner : public RepositoryRunner {
 public:
  PartialRunner() {
    put("cows/1.json", R"({"weight":1,"name":"Ada"})");
    put("pigs/1.json", R"({"weight":2})");
    put("cows/1.json", R"({"weight":3,"name":"Ada"})");
    Repository whole = Repository::open(folder() / ".isodb");
    partial_copy(whole, folder() / "cows", {{"cows"}, {}});
    partial_copy(whole, folder() / "new", {{}, {whole.resolve_commit("@")}});
  }
  Ran in(const std::string& copy, std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"-C", copy});
    return run(arguments);
  }
};

TEST_CASE("what a partial copy does not hold ends with exit code 9 and what to do") {
  const PartialRunner runner;
  CHECK(runner.in("cows", {"get", "cows/1.json"}).out == R"({"weight":3,"name":"Ada"})");
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"get", "pigs/1.json"},
           {"rm", "pigs/1.json"},
           {"mv", "pigs/1.json", "cows/2.json"},
           {"cp", "pigs/1.json", "cows/2.json"},
           {"put", "pigs/2.json", "/dev/null", "--type", "text/plain"},
           {"blame", "pigs/1.json"},
           {"show", "@:pigs/1.json"},
           {"export", "jsonl"},
           {"export", "git"}}) {
    const Ran ran = runner.in("cows", arguments);
    INFO(arguments[0] << ": " << ran.err);
    CHECK(ran.exit_code == 9);
    CHECK(contains(ran.err, "hint: isodb fetch "));
  }
  const Ran ran = runner.in("cows", {"get", "pigs/1.json", "--json"});
  CHECK(ran.exit_code == 9);
  CHECK(member(json_line(ran.err), "error") == "not_held");
  CHECK(member(json_line(ran.err), "exit") == "9");
  CHECK(runner.in("cows", {"ls", "-l", "-r"}).exit_code == 0);
}

TEST_CASE("history and differences of a partial copy show what is held and mark the rest") {
  const PartialRunner runner;
  const Ran log = runner.in("cows", {"log"});
  CHECK(log.exit_code == 0);
  const Ran diff = runner.in("cows", {"diff", "@~2", "@"});
  CHECK(diff.exit_code == 1);
  CHECK(contains(diff.out, "~ /weight  1 -> 3"));
  CHECK(contains(diff.out, "A pigs/1.json\n  not held by this copy: nothing -> 12 B"));
  const auto json = json_lines(runner.in("cows", {"diff", "@~2", "@", "--json"}).out);
  REQUIRE(json.size() == 2);
  CHECK(member(json[0], "kind") == "json");
  CHECK(member(json[1], "kind") == "not_held");
  CHECK(runner.in("cows", {"diff", "@~2", "@", "pigs/1.json", "--patch"}).exit_code != 0);
  CHECK(runner.in("cows", {"show", "@~1"}).exit_code == 0);

  const Ran blame = runner.in("new", {"blame", "cows/1.json"});
  CHECK(blame.exit_code == 0);
  CHECK(contains(blame.out, "^ "));
  for (const core::Json& line :
       json_lines(runner.in("new", {"blame", "cows/1.json", "--json"}).out)) {
    CHECK(member(line, "or_before") == "true");
  }
}

TEST_CASE("checks and numbers of a partial copy say how much is not held") {
  const PartialRunner runner;
  const Ran fsck = runner.in("cows", {"fsck"});
  INFO(fsck.out << fsck.err);
  CHECK(fsck.exit_code == 0);
  CHECK(contains(fsck.out, "1 content not held, for this copy has only cows: "));
  const core::Json last = json_lines(runner.in("cows", {"fsck", "--json"}).out).back();
  CHECK(member(last, "ok") == "true");
  CHECK(member(last, "contents_not_held") == "1");
  CHECK(runner.in("cows", {"verify"}).exit_code == 0);
  CHECK(runner.in("cows", {"gc"}).exit_code == 0);
  CHECK(runner.in("cows", {"fsck"}).exit_code == 0);

  const core::Json stats = json_line(runner.in("cows", {"stats", "--json"}).out);
  CHECK(member(stats, "documents_not_held") == "1");
  CHECK(contains(runner.in("cows", {"stats"}).out, "partial     cows; 1 document not held"));
  CHECK(contains(runner.in("cows", {"status"}).out, "this copy is partial: it holds cows\n"));
  const core::Json status = json_line(runner.in("new", {"status", "--json"}).out);
  REQUIRE(status.find("scope"));
  CHECK(status.find("scope")->find("prefixes")->size() == 0);
  CHECK(status.find("scope")->find("boundary")->items().front().as_string() == runner.head());
  CHECK(member(json_line(runner.must({"status", "--json"})), "scope") == "null");
}

TEST_CASE("a partial copy exports what it holds") {
  const PartialRunner runner;
  const Ran lines = runner.in("cows", {"export", "jsonl", "--prefix", "cows"});
  CHECK(lines.out == "{\"weight\":3,\"name\":\"Ada\"}\n");
  CHECK(runner.in("cows", {"export", "jsonl", "--skip-bad"}).out == lines.out);
  const Ran folder = runner.in("cows", {"export", "folder", "out", "--skip-unsupported"});
  INFO(folder.err);
  CHECK(folder.exit_code == 0);
  CHECK(std::filesystem::exists(runner.folder() / "out/cows/1.json"));
  CHECK_FALSE(std::filesystem::exists(runner.folder() / "out/pigs/1.json"));
}

}  // namespace
}  // namespace isodb::testing
