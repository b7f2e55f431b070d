#include "tests/cli/cli_test.h"

namespace isodb::testing {
namespace {

/// A shell function that writes records 1 to $1 of a format.
std::string writer_of(const std::string& format) {
  const std::map<std::string, std::string> programs = {
      {"jsonl", "{ printf \"{\\\"id\\\":%d,\\\"n\\\":\\\"%s\\\"}\\n\", i, s }"},
      {"csv", "{ if (i == 1) print \"id,n\"; printf \"%d,%s\\n\", i, s }"},
      {"git",
       "{ printf \"commit refs/heads/main\\ncommitter A <a@b> %d +0000\\ndata 1\\nm\\n\", i; "
       "printf \"M 100644 inline %d\\ndata %d\\n%s\\n\\n\", i % 500, length(s), s }"}};
  return "records() { awk -v n=$1 'BEGIN { srand(7); for (i = 1; i <= n; ++i) { s = \"\"; "
         "while (length(s) < 300) s = s sprintf(\"%08x\", rand() * 2147483647); " +
         programs.at(format) + " } }'; }\n";
}

/// Refs with their history, documents and registered packs.
std::string state_of(const RepositoryRunner& runner) {
  const core::Json stats = json_line(runner.must({"stats", "--json"}));
  return runner.must({"ref", "list"}) + runner.must({"reflog", "--all"}) +
         runner.must({"ls", "-lr"}) + member(stats, "packs") + " " + member(stats, "loose_objects");
}

/// A script: an import is interrupted when it has read so many records and more are to come. It
/// prints how many packs were being written, the exit code, and how many seconds the end took.
std::string interrupted_import(const std::string& format, unsigned records,
                               const std::string& options) {
  return writer_of(format) +
         "set -m  # a background job ignores SIGINT otherwise\n"
         "mkfifo feed\n"
         "(records " +
         std::to_string(records) +
         "; touch fed; exec sleep 300) > feed & feeder=$!\n"
         "isodb import " +
         format + " feed " + options +
         " & import=$!\n"
         "for i in {1..6000}; do [ -e fed ] && break; sleep 0.01; done\n"
         "ls .isodb/packs | grep -c tmp-\n"
         "start=${EPOCHREALTIME/./}\n"
         "kill -INT $import; wait $import; echo $?\n"
         "echo $(((${EPOCHREALTIME/./} - start) / 1000000))\n"
         "kill -- -$feeder; wait $feeder; rm -f feed fed";
}

TEST_CASE(
    "an import that is interrupted ends at once with 130 and leaves the repository as it was") {
  const std::string format = GENERATE(as<std::string>{}, "git", "jsonl", "csv");
  const RepositoryRunner runner;
  if (format != "git") runner.put("a.txt", "text");
  const std::string before = state_of(runner);
  const Ran ran = runner.shell(interrupted_import(format, format == "git" ? 3000 : 20'000, ""));
  CAPTURE(format, ran.out, ran.err);
  const std::vector<std::string> lines = lines_of(ran.out);
  REQUIRE(lines.size() == 3);
  CHECK(lines[0] == "1");
  CHECK(lines[1] == "130");
  CHECK(std::stoi(lines[2]) < 5);
  CHECK(state_of(runner) == before);
  runner.must({"fsck"});
  const Ran again = runner.shell(writer_of(format) + "records 2000 | isodb import " + format);
  CAPTURE(again.err);
  CHECK(again.exit_code == 0);
  CHECK(lines_of(runner.must({"ls", "-r"})).size() == (format == "git" ? 500 : 2001));
  runner.must({"fsck"});
  runner.must({"verify"});
  // What the first one wrote so far is gone.
  CHECK_FALSE(contains(runner.shell("ls .isodb/packs").out, "tmp-"));
}

TEST_CASE("an import with --batch that is interrupted keeps the batches before") {
  const RepositoryRunner runner;
  const Ran ran = runner.shell(interrupted_import("jsonl", 5000, "--key /id --batch 500"));
  INFO(ran.out << ran.err);
  REQUIRE(lines_of(ran.out).size() == 3);
  CHECK(lines_of(ran.out)[1] == "130");
  const std::size_t documents = lines_of(runner.must({"ls"})).size();
  CHECK(documents % 500 == 0);
  CHECK(documents >= 500);
  CHECK(documents <= 5000);
  runner.must({"fsck"});
  runner.must({"verify"});
  runner.put("a.txt", "text");
}

TEST_CASE("an import of a folder is there whole or not at all, whenever it is interrupted") {
  const RepositoryRunner runner;
  REQUIRE(runner.shell("mkdir in; cd in; for i in {1..2000}; do echo $i > $i; done").exit_code ==
          0);
  std::string before = state_of(runner);
  for (const char* after : {"0.005", "0.01", "0.02", "0.05", "0.1", "0.2", "60"}) {
    const Ran ran = runner.shell("timeout --preserve-status -s INT " + std::string(after) +
                                 " isodb import folder in --prefix p" + after + " --json");
    CAPTURE(after, ran.out, ran.err);
    const std::string state = state_of(runner);
    if (ran.exit_code == 0) {
      CHECK(member(json_line(ran.out), "documents") == "2000");
    } else {
      CHECK(ran.exit_code == 130);
    }
    const Ran there = runner.shell("isodb ls -r | grep -c ^p" + std::string(after) + "/");
    CHECK(there.out == (state == before ? "0\n" : "2000\n"));
    before = state;
  }
  CHECK(lines_of(runner.must({"ls", "-r", "p60"})).size() == 2000);
  runner.must({"fsck"});
}

}  // namespace
}  // namespace isodb::testing
