#include "tests/cli/cli_test.h"

using namespace isodb;
using namespace isodb::testing;

namespace {

constexpr const char* kStream =
    "blob\nmark :1\ndata 3\n{}\n\n"
    "commit refs/heads/trunk\nmark :2\nauthor Ann <ann@example.org> 1200000000 +0100\ncommitter "
    "Ann <ann@example.org> 1200000000 +0100\n"
    "data 6\nfirst\n\nM 100644 :1 a.json\n\n"
    "tag v1\nfrom :2\ntagger Ann <ann@example.org> 1200000001 +0100\ndata 3\nv1\n\n";

/// A runner whose folder holds an empty repository.
struct EmptyRunner : ProgramRunner {
  EmptyRunner() { must({"init"}); }
};

}  // namespace

TEST_CASE("import of a git stream shows commits and refs, and log the history") {
  const EmptyRunner runner;
  const std::string out = runner.must({"import", "git"}, {.input = kStream});
  CHECK(contains(out, "imported 1 commit (0 merges), 1 document version and 1 tag from"));
  CHECK(contains(out, "the current branch is now trunk\n"));
  CHECK(contains(runner.must({"log"}), "Ann <ann@example.org>"));
  CHECK(runner.must({"get", "a.json"}) == "{}\n");
}

TEST_CASE("export of a git stream gives back people, times and messages") {
  const EmptyRunner runner;
  runner.must({"import", "git"}, {.input = kStream});
  const std::string out = runner.must({"export", "git"});
  CHECK(contains(out, "committer Ann <ann@example.org> 1200000000 +0100\ndata 6\nfirst\n\n"));
  CHECK(contains(out, "tag v1\n"));
  CHECK(contains(out, "tagger Ann <ann@example.org> 1200000001 +0100\n"));
  CHECK_FALSE(contains(out, ".isodb"));
}

TEST_CASE("import --json tells what was read") {
  const EmptyRunner runner;
  const std::string out = runner.must({"import", "git", "--json"}, {.input = kStream});
  CHECK(contains(out, "\"format\":\"git\""));
  CHECK(contains(out, "\"commits\":1,\"merges\":0,\"tags\":1,\"documents\":1"));
  CHECK(contains(out, "\"branch\":\"heads/trunk\""));
}

TEST_CASE("import says how many documents took the place of others with the same key") {
  const EmptyRunner runner;
  const std::string lines = "{\"id\":1}\n{\"id\":2}\n{\"id\":1,\"n\":2}\n";
  const Ran ran = runner.run({"import", "jsonl", "--key", "/id"}, {.input = lines});
  CHECK(ran.exit_code == 0);
  CHECK(contains(ran.err, "1 document took the place of one before with the same /id"));
  const Ran csv =
      runner.run({"import", "csv", "--key", "id", "--json"}, {.input = "id\n3\n3\n3\n"});
  CHECK(member(json_line(csv.out), "replaced") == "2");
  const Ran once = runner.run({"import", "jsonl", "--key", "/id"}, {.input = "{\"id\":1}\n"});
  CHECK(once.err.empty());
}

TEST_CASE("the format is known by the file's name") {
  const EmptyRunner runner;
  spill(runner.folder() / "p.jsonl", "{\"id\":1,\"n\":\"x\"}\n{\"id\":2,\"n\":\"y\"}\n");
  runner.must({"import", "p.jsonl", "--key", "/id", "--prefix", "p"});
  CHECK(runner.must({"get", "p/2"}) == "{\"id\":2,\"n\":\"y\"}");
  runner.must({"export", "p.csv", "--prefix", "p"});
  CHECK(slurp(runner.folder() / "p.csv") == "id,n\r\n1,x\r\n2,y\r\n");
  runner.must({"export", "out/"});
  CHECK(slurp(runner.folder() / "out/p/1") == "{\"id\":1,\"n\":\"x\"}");
  const Ran unknown = runner.run({"import", "p.xyz"});
  CHECK(unknown.exit_code == 2);
  CHECK(contains(unknown.err, "hint: name it before the file: git, folder, jsonl or csv"));
}

TEST_CASE("import of a folder holding the repository leaves the repository out") {
  const EmptyRunner runner;
  spill(runner.folder() / "a.txt", "1");
  runner.must({"import", "folder", "."});
  CHECK(runner.must({"ls"}) == "a.txt\n");
}

TEST_CASE("an option that means nothing for the format is refused") {
  const EmptyRunner runner;
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"import", "git", "--key", "/id"},
                                             {"import", "jsonl", "--types"},
                                             {"import", "csv", "--mirror"},
                                             {"export", "git", "--prefix", "p"},
                                             {"export", "csv", "--ref", "main"},
                                             {"export", "folder"},
                                             {"import", "folder"},
                                             {"import", "csv", "--separator", "ab"},
                                             {"import", "jsonl", "--batch", "0"},
                                             {"export", "jsonl", "--json"}}) {
    CAPTURE(words);
    CHECK(runner.run(words).exit_code == 2);
  }
}

TEST_CASE("a bad line is named, and nothing is imported") {
  const EmptyRunner runner;
  const std::string before = runner.must({"ref", "list"});
  const Ran ran = runner.run({"import", "jsonl"}, {.input = "{}\n{]\n"});
  CHECK(ran.exit_code == 2);
  CHECK(contains(ran.err, "standard input: line 2: column 2"));
  CHECK(contains(ran.err, "hint: with --skip-bad"));
  CHECK(runner.must({"ref", "list"}) == before);
  const std::string skipped =
      runner.must({"import", "jsonl", "--skip-bad", "--json"}, {.input = "{}\n{]\n"});
  CHECK(contains(skipped, "\"documents\":1"));
  CHECK(contains(skipped, "\"skipped\":1,\"skipped_items\":[{\"what\":\"line 2\""));
}

TEST_CASE("an export that fails leaves no file") {
  const EmptyRunner runner;
  runner.must({"put", "a.txt"}, {.input = "text"});
  CHECK(runner.run({"export", "jsonl", "out.jsonl"}).exit_code == 7);
  CHECK_FALSE(std::filesystem::exists(runner.folder() / "out.jsonl"));
}

TEST_CASE("a ref that would lose commits is exit code 3") {
  const EmptyRunner runner;
  runner.must({"import", "git"}, {.input = kStream});
  const Ran ran = runner.run({"import", "git"}, {.input = kStream});
  CHECK(ran.exit_code == 3);
  CHECK(contains(ran.err, "hint: --force moves it all the same"));
  runner.must({"import", "git", "--force"}, {.input = kStream});
}
