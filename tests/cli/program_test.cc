#include <algorithm>
#include <fstream>

#include "tests/cli/cli_test.h"
#include "tests/support/places.h"

namespace isodb::testing {
namespace {

std::vector<std::string> candidates(const ProgramRunner& runner, std::vector<std::string> words) {
  words.insert(words.begin(), {"complete", "--"});
  std::vector<std::string> found;
  for (const std::string& line : lines_of(runner.must(words))) {
    found.push_back(line.substr(0, line.find('\t')));
  }
  return found;
}

/// What docs/cli.md says about a command: its section, and the one on every command's options.
std::string documentation_of(const std::string& docs, const std::string& command) {
  const std::size_t common = docs.find("## Options of every command");
  std::string text = docs.substr(common, docs.find("\n## ", common) - common);
  for (std::size_t at = docs.find("\n### "); at != std::string::npos;
       at = docs.find("\n### ", at + 1)) {
    const std::string section = docs.substr(at, docs.find("\n##", at + 1) - at);
    const std::string heading = section.substr(0, section.find('\n', 1)) + " ";
    if (contains(heading, " " + command + " ")) return text + section;
  }
  FAIL("docs/cli.md has no section on " << command);
  return {};
}

TEST_CASE("the option --version prints the version alone") {
  const ProgramRunner runner;
  const std::string out = runner.must({"--version"});
  CHECK(out.starts_with("isodb "));
  CHECK(lines_of(out).size() == 1);
  CHECK(keys_of(json_line(runner.must({"--version", "--json"}))) ==
        std::vector<std::string>{"version"});
}

TEST_CASE("without a command the program prints its help and ends as a usage error") {
  const ProgramRunner runner;
  const Ran ran = runner.run({});
  CHECK(ran.exit_code == 2);
  CHECK(ran.out == runner.must({"help"}));
  CHECK(ran.out == runner.must({"--help"}));
}

TEST_CASE("every command has a summary, two examples and a section in docs/cli.md") {
  const ProgramRunner runner;
  const std::string docs = slurp(std::string(kDocs) + "/cli.md");
  const std::string list = runner.must({"help"});
  const auto commands = candidates(runner, {""});
  REQUIRE(commands.size() >= 17);
  for (const std::string& command : commands) {
    INFO("command " << command);
    CHECK(contains(list, "\n  " + command + " "));
    const std::string help = runner.must({command, "--help"});
    CHECK(help.starts_with("isodb " + command + ": "));
    CHECK(help == runner.must({"help", command}));
    const std::size_t examples = help.find("\nexamples\n");
    REQUIRE(examples != std::string::npos);
    CHECK(std::ranges::count(help.substr(examples), '#') >= 2);
    const std::string documented = documentation_of(docs, command);
    for (const std::string& option : candidates(runner, {command, "-"})) {
      INFO("option " << option);
      CHECK(contains(documented, "`" + option));
    }
  }
}

TEST_CASE(
    "no line of any command's help is longer than a terminal's 80 columns, but for examples") {
  const ProgramRunner runner;
  for (const std::string& command : candidates(runner, {""})) {
    const std::string help = runner.must({command, "--help"});
    for (const std::string& line : lines_of(help.substr(0, help.find("\nexamples\n")))) {
      INFO(command << ": " << line);
      CHECK(line.size() <= 84);  // the dashes and quotes of UTF-8 are longer than their columns
    }
  }
}

TEST_CASE("docs/isodb.1 is what 'isodb man_page' prints, and mandoc finds no fault in it") {
  const ProgramRunner runner;
  INFO("run: isodb man_page > docs/isodb.1");
  const bool up_to_date = runner.must({"man_page"}) == slurp(std::string(kDocs) + "/isodb.1");
  CHECK(up_to_date);
  if (runner.shell("command -v mandoc").exit_code != 0) {
    WARN("SKIPPED: no mandoc");
    return;
  }
  const Ran lint = runner.shell("isodb man_page | mandoc -Tlint | grep -v outdated");
  CHECK(lint.out.empty());
}

TEST_CASE("an unknown command is a usage error that names the nearest ones") {
  const ProgramRunner runner;
  const Ran ran = runner.run({"rollbcak"});
  CHECK(ran.exit_code == 2);
  CHECK(ran.out.empty());
  CHECK(ran.err ==
        "isodb: 'isodb' has no command 'rollbcak'\n"
        "hint: did you mean 'rollback'? see 'isodb --help'\n");
  CHECK(runner.run({"config", "gte", "ui.pager"}).exit_code == 2);
  CHECK(runner.run({"help", "rollbcak"}).exit_code == 1);
}

TEST_CASE("a wrong command line is exit code 2 and changes nothing") {
  const RepositoryRunner runner;
  const std::string head = runner.head();
  const std::vector<std::vector<std::string>> wrong = {
      {"put"},
      {"put", "a", "b", "c"},
      {"put", "a", "--bogus"},
      {"put", "a", "--type"},
      {"put", "a", "--if-absent", "--if-content", "abcd"},
      {"put", "a", "--if-content", "xyz"},
      {"put", "a", "--json=yes"},
      {"get"},
      {"rm"},
      {"mv", "a"},
      {"cp", "a"},
      {"patch"},
      {"edit"},
      {"cat"},
      {"config", "get"},
      {"config", "set", "ui.pager"},
      {"begin", "now"},
      {"commit", "-m"},
      {"completion"},
      {"completion", "csh"},
      {"ls", "--color", "mauve"},
      {"-C"},
  };
  for (const auto& words : wrong) {
    const Ran ran = runner.run(words, {.input = "x"});
    INFO("isodb " << words.front() << ": " << ran.err);
    CHECK(ran.exit_code == 2);
    CHECK(ran.out.empty());
    CHECK(ran.err.starts_with("isodb: "));
  }
  CHECK(runner.head() == head);
}

TEST_CASE("options stand before, between and after the arguments, and values may be empty") {
  const RepositoryRunner runner;
  runner.put("a.txt", "x");
  const std::string expected = runner.must({"get", "a.txt", "--json"});
  CHECK(runner.must({"--json", "get", "a.txt"}) == expected);
  CHECK(runner.must({"get", "--json", "a.txt", "--at=@"}) == expected);
  CHECK(runner.must({"-C", ".isodb", "get", "a.txt", "--json", "--at", "main"}) == expected);
  runner.must({"put", "b.txt", "--meta={\"k\":1}", "-m", "-", "--type="}, {.input = "y"});
  CHECK(member(json_line(runner.must({"get", "b.txt", "--json"})), "text") == "y");
}

TEST_CASE("two dashes end the options, and words that look like lists are one word") {
  const RepositoryRunner runner;
  runner.must({"put", "--", "-odd"}, {.input = "x"});
  CHECK(runner.must({"get", "--", "-odd"}) == "x");
  runner.put("[a,b]", "y");
  CHECK(runner.must({"get", "[a,b]"}) == "y");
  runner.must({"rm", "[a,b]", "--", "-odd"});
  CHECK(runner.must({"ls"}).empty());
}

TEST_CASE("errors with --json are one object on standard error") {
  const RepositoryRunner runner;
  const Ran ran = runner.run({"get", "nothing", "--json"});
  CHECK(ran.exit_code == 1);
  CHECK(ran.out.empty());
  const core::Json error = json_line(ran.err);
  CHECK(keys_of(error) == std::vector<std::string>{"error", "message", "hint", "exit"});
  CHECK(member(error, "error") == "not_found");
  CHECK(member(error, "exit") == "1");
  CHECK(member(json_line(runner.run({"put", "--json"}).err), "error") == "invalid");
}

TEST_CASE("the repository is the one of -C, then of ISODB_DIR, then found upward") {
  const ProgramRunner runner;
  const auto repository_of = [&](const Call& call, std::vector<std::string> words) {
    words.insert(words.begin(), {"key", "--json"});
    return member(json_line(runner.must(words, call)), "writer");
  };
  runner.must({"init", "one.isodb"});
  runner.must({"init", "two.isodb"});
  std::filesystem::create_directories(runner.folder() / "one.isodb/deep");
  std::filesystem::create_directories(runner.folder() / "sub/deeper");
  runner.must({"init"}, {.working_folder = "sub"});
  const std::string one = repository_of({}, {"-C", "one.isodb"});
  const std::string two = repository_of({}, {"-C", "two.isodb"});
  const std::string sub = repository_of({}, {"-C", "sub"});
  CHECK(one != two);
  CHECK(repository_of({.environment = {{"ISODB_DIR", "two.isodb"}}}, {}) == two);
  CHECK(repository_of({.environment = {{"ISODB_DIR", "two.isodb"}}}, {"-C", "one.isodb"}) == one);
  CHECK(repository_of({.working_folder = "one.isodb"}, {}) == one);
  CHECK(repository_of({.working_folder = "one.isodb/deep"}, {}) == one);
  CHECK(repository_of({.working_folder = "sub/deeper"}, {}) == sub);
}

TEST_CASE("a missing repository is exit code 1, and a named one is not looked for further up") {
  const ProgramRunner runner;
  const Ran none = runner.run({"ls"});
  CHECK(none.exit_code == 1);
  CHECK(contains(none.err, "isodb: no repository in "));
  CHECK(contains(none.err, "hint: make one with 'isodb init'"));
  runner.must({"init"});
  std::filesystem::create_directory(runner.folder() / "empty");
  CHECK(runner.run({"ls", "-C", "empty"}).exit_code == 1);
  CHECK(runner.run({"ls", "-C", "absent"}).exit_code == 1);
  CHECK(runner.run({"ls"}, {.working_folder = "empty"}).exit_code == 0);

  // As a clone leaves it that was not let in.
  std::filesystem::create_directories(runner.folder() / "begun" / "keys");
  std::ofstream(runner.folder() / "begun" / "keys" / "device.key") << "x";
  const Ran begun = runner.run({"ls", "-C", "begun"});
  CHECK(begun.exit_code == 1);
  CHECK(contains(begun.err, "has a key and no repository yet"));
  CHECK(contains(begun.err, "run the same 'isodb clone'"));
}

TEST_CASE("a full disk under standard output is an error, not silence") {
  const RepositoryRunner runner;
  runner.put("a.txt", "some text\n");
  runner.must({"put", "large.bin"}, {.input = std::string(300'000, 'x')});
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"get", "a.txt"}, {"get", "large.bin"}, {"ls"}, {"help"}, {"status", "--json"}}) {
    const Ran ran = runner.run(words, {.out_file = "/dev/full"});
    INFO(words.front());
    CHECK(ran.exit_code == 7);
    CHECK(contains(ran.err, "cannot write standard output: No space left on device"));
  }
}

TEST_CASE("a reader that goes away ends the program as SIGPIPE does, without a word") {
  const RepositoryRunner runner;
  runner.must({"put", "large.bin"}, {.input = std::string(3'000'000, 'x')});
  const Ran ran = runner.shell("isodb get large.bin | head -c 1; echo ${PIPESTATUS[0]}");
  CHECK(ran.out == "x141\n");
  CHECK(ran.err.empty());
  // Also where the parent ignores the signal.
  const Ran ignored =
      runner.shell("trap '' PIPE; isodb get large.bin | head -c 1; echo ${PIPESTATUS[0]}");
  CHECK(ignored.out == "x141\n");
  CHECK(ignored.err.empty());
}

TEST_CASE("colours are for terminals, and NO_COLOR and --color decide otherwise") {
  const RepositoryRunner runner;
  runner.put("folder/a.txt", "x");
  const std::string escape = "\x1b[";
  const std::map<std::string, std::string> plain = {{"ISODB_PAGER", "cat"}};
  CHECK_FALSE(contains(runner.must({"ls"}), escape));
  CHECK(contains(runner.must({"ls", "--color", "always"}), escape));
  CHECK(contains(runner.on_terminal({"ls"}, {.environment = plain}).out, escape));
  CHECK_FALSE(
      contains(runner.on_terminal({"ls", "--color=never"}, {.environment = plain}).out, escape));
  auto no_color = plain;
  no_color["NO_COLOR"] = "1";
  CHECK_FALSE(contains(runner.on_terminal({"ls"}, {.environment = no_color}).out, escape));
  CHECK_FALSE(contains(runner.on_terminal({"lss"}, {.environment = no_color}).out, escape));
  CHECK(contains(runner.on_terminal({"lss"}, {.environment = plain}).out, escape));
  auto dumb = plain;
  dumb["TERM"] = "dumb";
  CHECK_FALSE(contains(runner.on_terminal({"ls"}, {.environment = dumb}).out, escape));
  runner.must({"config", "set", "ui.color", "never"});
  CHECK_FALSE(contains(runner.on_terminal({"ls"}, {.environment = plain}).out, escape));
}

TEST_CASE(
    "the pager runs on a terminal only, chosen by ISODB_PAGER, ui.pager, PAGER in this order") {
  const RepositoryRunner runner;
  runner.put("a.txt", "x");
  const auto paged = [&](const std::string& out) { return lines_of(out).front(); };
  const std::map<std::string, std::string> common = {{"PAGER", "sed s/^/P:/"}};
  CHECK(paged(runner.on_terminal({"ls"}, {.environment = common}).out) == "P:a.txt");
  CHECK(paged(runner.must({"ls"}, {.environment = common})) == "a.txt");
  CHECK(paged(runner.on_terminal({"ls", "--no-pager"}, {.environment = common}).out) == "a.txt");
  CHECK(paged(runner.on_terminal({"ls", "--json"}, {.environment = common}).out).starts_with("{"));
  runner.must({"config", "set", "ui.pager", "sed s/^/S:/"});
  CHECK(paged(runner.on_terminal({"ls"}, {.environment = common}).out) == "S:a.txt");
  auto own = common;
  own["ISODB_PAGER"] = "sed s/^/I:/";
  CHECK(paged(runner.on_terminal({"ls"}, {.environment = own}).out) == "I:a.txt");
}

TEST_CASE("a pager that is quit early ends the program quietly") {
  const RepositoryRunner runner;
  REQUIRE(runner.shell("seq 3000 | isodb import jsonl").exit_code == 0);
  REQUIRE(runner.must({"ls", "-lr"}).size() > 100'000);  // more than a pipe holds
  const Ran ran = runner.on_terminal({"ls", "-lr"}, {.environment = {{"PAGER", "head -n 1"}}});
  CHECK(lines_of(ran.out).size() == 1);
}

TEST_CASE("a signal leaves no temporary file, and the output file complete or as it was") {
  const RepositoryRunner runner;
  const std::string large(20'000'000, 'x');
  runner.must({"put", "large.txt"}, {.input = large});
  for (const char* wait : {"0.005", "0.01", "0.02", "0.04"}) {
    const Ran ran = runner.shell("echo before > out; isodb get large.txt -o out & sleep " +
                                 std::string(wait) + "; kill -TERM $!; wait $!; ls -A");
    CHECK(ran.out == ".isodb\nout\n");
    const std::string out = slurp(runner.folder() / "out");
    CHECK((out == "before\n" || out == large));
  }
}

TEST_CASE("a put that is interrupted changes nothing") {
  const RepositoryRunner runner;
  const std::string head = runner.head();
  const Ran ran = runner.shell(
      "mkfifo feed; (echo half; sleep 1) > feed & isodb put a.txt feed & sleep 0.2; "
      "kill -TERM $!; wait $!; echo $?");
  CHECK(ran.out.starts_with("143\n"));
  CHECK(runner.head() == head);
  CHECK(runner.must({"ls"}).empty());
}

TEST_CASE("what takes longer than a second shows its rate on a terminal, and wipes it") {
  const RepositoryRunner runner;
  const std::string script =
      "lines() { awk 'BEGIN { s = sprintf(\"%1000s\", \"\"); "
      "for (i = 0; i < 1500; ++i) print \"\\\"\" s \"\\\"\" }'; }; "
      "mkfifo feed; (lines; sleep 1.3; lines) > feed & isodb import jsonl feed";
  const Ran shown = runner.shell_on_terminal(script);
  INFO(shown.out);
  CHECK(shown.exit_code == 0);
  CHECK(contains(shown.out, "/s"));
  CHECK(contains(shown.out, "\r\x1b[K"));
  const Ran quiet = runner.shell("rm feed; " + script);
  CHECK(quiet.exit_code == 0);
  CHECK_FALSE(contains(quiet.err, "/s"));
}

TEST_CASE("the option -q leaves out every sentence about what was done") {
  const RepositoryRunner runner;
  const Ran ran = runner.shell(
      "set -e; echo x | isodb put -q a; isodb cp -q a b; isodb mv -q b c; isodb rm -q c; "
      "isodb begin -q; echo y | isodb put -q a; isodb commit -q; isodb begin -q; isodb rollback "
      "-q; "
      "seq 3 | isodb import jsonl -q --prefix p; "
      "isodb export jsonl out.jsonl -q --prefix p; isodb config set ui.pager "
      "x");
  CHECK(ran.exit_code == 0);
  CHECK(ran.out.empty());
  CHECK(ran.err.empty());
}

}  // namespace
}  // namespace isodb::testing
