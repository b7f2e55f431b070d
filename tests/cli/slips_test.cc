// What people type by habit or by mistake, and what it is answered with.
#include "tests/cli/cli_test.h"

namespace isodb::testing {
namespace {

TEST_CASE("words of other programs are answered with those of this one") {
  const RepositoryRunner runner;
  runner.put("a.txt", "a");
  runner.put("a.txt", "b");
  const auto hint_of = [&](const std::vector<std::string>& words, int exit_code) {
    const Ran ran = runner.run(words);
    INFO(ran.err);
    CHECK(ran.exit_code == exit_code);
    CHECK(ran.out.empty());
    const std::size_t hint = ran.err.find("hint: ");
    return hint == std::string::npos ? ran.err : ran.err.substr(hint + 6);
  };
  CHECK(hint_of({"checkout", "main"}, 2) == "here it is 'isodb switch'\n");
  CHECK(hint_of({"version"}, 2) == "here it is 'isodb --version'\n");
  CHECK(hint_of({"show", "HEAD~1:a.txt"}, 1) == "the current branch is called '@'\n");
  CHECK(hint_of({"diff", "main..other"}, 1) ==
        "two revisions are two words: 'isodb diff main @'\n");
  CHECK(hint_of({"show", "@^"}, 1) == "the parent of a commit is REV~1\n");
  CHECK(hint_of({"cat", "@:a.txt"}, 1) == "'isodb show REV:PATH' prints a document\n");
  CHECK(hint_of({"diff", "a.txt"}, 1) ==
        "a path comes after two revisions: isodb diff @~1 @ a.txt\n");
  CHECK(hint_of({"log", "main"}, 1) == "a revision comes after --at: isodb log --at @~2\n");
  CHECK(hint_of({"log", "HEAD~2"}, 1) == "a revision comes after --at: isodb log --at @~2\n");
  CHECK(hint_of({"log", "-3"}, 2) == "did you mean '-n 3'? see 'isodb log --help'\n");
  CHECK(hint_of({"log", "-x"}, 2) == "see 'isodb log --help'\n");
}

TEST_CASE("a branch or tag gets no name that means something else, nor one that is there") {
  const RepositoryRunner runner;
  runner.put("a.txt", "a");
  const std::string refs = runner.must({"ref", "list"});
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"branch", "@"},
                                             {"branch", "--", "-x"},
                                             {"branch", "main", "-m", "@"},
                                             {"switch", "-c", "@"},
                                             {"switch", "-c", "main"},
                                             {"branch", "a b"},
                                             {"tag", "@"},
                                             {"tag", "--", "-x", "-m"},
                                             {"ref", "set", "main", "@"}}) {
    const Ran ran = runner.run(words);
    INFO(words[0] << " " << words[1] << ": " << ran.err);
    CHECK(ran.exit_code == 2);
  }
  CHECK(runner.must({"ref", "list"}) == refs);
  CHECK(contains(runner.run({"switch", "-c", "main"}).err, "the branch main exists already"));
  CHECK(contains(runner.run({"ref", "set", "main", "@"}).err, "heads/main"));
  CHECK(contains(runner.run({"branch", "a b"}).err,
                 "no ref name: 'heads/a b': a ref name must not contain ' '"));
}

TEST_CASE("a file that is not there is exit code 1, whatever reads it") {
  const RepositoryRunner runner;
  runner.put("a.json", "{}");
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"put", "b.txt", "absent"},
                                             {"patch", "a.json", "absent"},
                                             {"import", "absent.jsonl"},
                                             {"import", "csv", "absent"},
                                             {"import", "git", "absent"},
                                             {"import", "folder", "absent"},
                                             {"init", "other", "--key", "absent"}}) {
    const Ran ran = runner.run(words);
    INFO(words.front() << ": " << ran.err);
    CHECK(ran.exit_code == 1);
    CHECK(contains(ran.err, "absent"));
  }
  CHECK_FALSE(std::filesystem::exists(runner.folder() / "other"));
}

TEST_CASE("an empty name of a folder names no repository, and -C is where init makes one") {
  const ProgramRunner runner;
  runner.must({"init"});
  CHECK(runner.run({"-C", "", "put", "a.txt"}, {.input = "a"}).exit_code == 2);
  CHECK(runner.run({"init", ""}).exit_code == 2);
  CHECK(runner.must({"ls"}).empty());
  runner.must({"-C", "other", "init"});
  runner.must({"-C", "other", "put", "a.txt"}, {.input = "a"});
  CHECK(runner.must({"ls"}).empty());
  runner.must({"init"}, {.environment = {{"ISODB_DIR", "third"}}});
  CHECK(runner.must({"-C", "third", "ls"}).empty());
}

TEST_CASE(
    "an empty path is a mistake in every command that takes one, and means everything in none") {
  const RepositoryRunner runner;
  runner.put("a.json", "{}");
  const std::string head = runner.head();
  const std::string all = R"(get ''
put ''
rm a.json ''
rm -r ''
mv '' b
cp a.json ''
edit ''
patch ''
log ''
diff @~1 @ ''
blame ''
versions ''
resolve ''
resolve --all --accept ''
conflicts ''
ls ''
ls -r ''
stats --prefix ''
erase '' --reason x
export jsonl --prefix ''
export jsonl --prefix=
import jsonl --prefix ''
import folder . --mirror --prefix ''
clone . c --path ''
fetch --add-path ''
show @:
diff @ ''
diff ''
log --at ''
verify --since ''
tag v1 '')";
  for (const std::string& words : lines_of(all)) {
    const Ran ran = runner.shell("isodb " + words);
    INFO(words << ": " << ran.out << ran.err);
    CHECK(ran.exit_code == 2);
    CHECK(ran.out.empty());
    CHECK(contains(ran.err, "empty"));
  }
  CHECK(runner.head() == head);
}

TEST_CASE("init with a file that holds no key makes nothing, and names the file") {
  const ProgramRunner runner;
  spill(runner.folder() / "no.key", "something else\n");
  const Ran ran = runner.run({"init", "other", "--key", "no.key"});
  CHECK(ran.exit_code == 2);
  CHECK(contains(ran.err, "isodb: no.key: "));
  CHECK_FALSE(std::filesystem::exists(runner.folder() / "other"));
}

TEST_CASE("rm takes a path twice, and a document of a folder that goes too") {
  const RepositoryRunner runner;
  for (const char* path : {"a.txt", "d/b.txt", "d/c.txt", "e.txt"}) runner.put(path, "x");
  runner.must({"rm", "-r", "a.txt", "a.txt", "d", "d/b.txt"});
  CHECK(runner.must({"ls", "-r"}) == "e.txt\n");
  CHECK(runner.run({"rm", "e.txt", "f.txt"}).exit_code == 1);
  CHECK(runner.must({"ls", "-r"}) == "e.txt\n");
}

TEST_CASE("what cannot be read as JSON is named, and the advice fits the command") {
  const RepositoryRunner runner;
  runner.put("a.json", "{}");
  runner.put("a.txt", "text");
  const Ran meta = runner.run({"put", "b.txt", "--meta", "x"}, {.input = "b"});
  CHECK(meta.exit_code == 2);
  CHECK(contains(meta.err, "metadata is no JSON: line 1, column 1"));
  for (const char* path : {"a.json", "a.txt"}) {
    const Ran patch = runner.run({"patch", "--merge", path}, {.input = "x"});
    CHECK(patch.exit_code == 2);
    CHECK_FALSE(contains(patch.err, "--type"));
  }
  CHECK(contains(runner.run({"put", "a.json"}, {.input = "x"}).err, "--type text/plain"));
  const Ran column = runner.run({"import", "csv", "--key", "ID"}, {.input = "id,name\n1,a\n"});
  CHECK(column.exit_code == 2);
  CHECK(contains(column.err, "hint: it has: 'id', 'name'\n"));
}

TEST_CASE("a name stays on its line, whatever it holds") {
  const ProgramRunner runner;
  runner.must({"init", "--name", "Anna\nDate:   1970-01-01\x1b[2J"});
  runner.must({"put", "a.txt"}, {.input = "a\n"});
  const std::string name = "Anna\\x0aDate:   1970-01-01\\x1b[2J";
  CHECK(contains(runner.must({"log"}), "Author: " + name));
  CHECK(contains(runner.must({"blame", "a.txt"}), name));
}

}  // namespace
}  // namespace isodb::testing
