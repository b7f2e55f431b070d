#include "tests/cli/cli_test.h"

namespace isodb::testing {
namespace {

/// An editor that runs a sed script on its file.
Call editor(const std::string& sed) {
  return {.environment = {{"EDITOR", "sed -i " + sed}}};
}

TEST_CASE("edit changes a document with the editor of ui.editor, VISUAL or EDITOR") {
  const RepositoryRunner runner;
  runner.put("a.json", "{\"n\":1}\n");
  CHECK(contains(runner.must({"edit", "a.json"}, editor("s/1/2/")), "] edit a.json\n"));
  CHECK(runner.must({"get", "a.json"}) == "{\"n\":2}\n");
  runner.must({"edit", "a.json"},
              {.environment = {{"EDITOR", "false"}, {"VISUAL", "sed -i s/2/3/"}}});
  CHECK(runner.must({"get", "a.json"}) == "{\"n\":3}\n");
  runner.must({"config", "set", "ui.editor", "sed -i s/3/4/"});
  runner.must({"edit", "a.json"}, {.environment = {{"VISUAL", "false"}}});
  CHECK(runner.must({"get", "a.json"}) == "{\"n\":4}\n");
}

TEST_CASE("edit leaves nothing behind, and an unchanged text is no commit") {
  const RepositoryRunner runner;
  runner.put("a.txt", "x\n");
  CHECK(runner.must({"edit", "a.txt"}, editor("s/y/z/")) == "nothing changed\n");
  runner.must({"edit", "a.txt"}, editor("s/x/y/"));
  CHECK(runner.shell("ls -A $TMPDIR").out.empty());
}

TEST_CASE("edit makes a new document, whose file has the document's name") {
  const RepositoryRunner runner;
  runner.must({"edit", "notes/new.md"},
              {.environment = {{"EDITOR", "sh -c 'basename $1 > $1' sh"}}});
  CHECK(runner.must({"get", "notes/new.md"}) == "new.md\n");
}

TEST_CASE("a text that is refused is kept, and the hint says where") {
  const RepositoryRunner runner;
  runner.put("a.json", "{\"n\":1}\n");
  const std::string head = runner.head();
  const Ran ran = runner.run({"edit", "a.json"}, editor("s/1/oops/"));
  CHECK(ran.exit_code == 2);
  CHECK(contains(ran.err, "line 1, column"));
  CHECK(runner.head() == head);
  const std::size_t begin =
      ran.err.find("'isodb put a.json ") + std::string("'isodb put a.json ").size();
  const std::string file = ran.err.substr(begin, ran.err.find('\'', begin) - begin);
  CHECK(slurp(file) == "{\"n\":oops}\n");
}

TEST_CASE("an editor that fails changes nothing") {
  const RepositoryRunner runner;
  runner.put("a.txt", "x\n");
  const Ran ran = runner.run({"edit", "a.txt"}, {.environment = {{"EDITOR", "false"}}});
  CHECK(ran.exit_code == 7);
  CHECK(contains(ran.err, "editor"));
  CHECK(runner.run({"edit", "a.txt"}, {.environment = {{"EDITOR", "no-such-editor"}}}).exit_code ==
        7);
  CHECK(runner.shell("ls -A $TMPDIR").out.empty());
}

TEST_CASE("a document that changes while it is edited is stale, and the text is kept") {
  const RepositoryRunner runner;
  runner.put("a.txt", "x\n");
  spill(runner.folder() / "slow-editor",
        "#!/bin/sh\necho other | isodb put -q a.txt\necho mine > \"$1\"\n");
  REQUIRE(runner.shell("chmod +x slow-editor").exit_code == 0);
  const Ran ran = runner.run({"edit", "a.txt"}, {.environment = {{"EDITOR", "./slow-editor"}}});
  CHECK(ran.exit_code == 3);
  CHECK(contains(ran.err, "your text is kept"));
  CHECK(runner.must({"get", "a.txt"}) == "other\n");
}

TEST_CASE("changes to other documents during an edit do not disturb it") {
  const RepositoryRunner runner;
  runner.put("a.txt", "x\n");
  spill(runner.folder() / "slow-editor",
        "#!/bin/sh\necho other | isodb put -q b.txt\necho mine > \"$1\"\n");
  REQUIRE(runner.shell("chmod +x slow-editor").exit_code == 0);
  runner.must({"edit", "a.txt"}, {.environment = {{"EDITOR", "./slow-editor"}}});
  CHECK(runner.must({"get", "a.txt"}) == "mine\n");
  CHECK(runner.must({"get", "b.txt"}) == "other\n");
}

TEST_CASE("patch applies a JSON Patch, keeping layout, order and numbers") {
  const RepositoryRunner runner;
  runner.put("a.json", "{\n    \"n\": 1.50,\n    \"crop\": \"oats\"\n}\n");
  runner.must({"patch", "a.json"}, {.input = R"([{"op":"replace","path":"/crop","value":"rye"}])"});
  CHECK(runner.must({"get", "a.json"}) == "{\n    \"n\": 1.50,\n    \"crop\": \"rye\"\n}\n");
  runner.put("b.json", "{\"a\":1}");
  spill(runner.folder() / "p.json", R"([{"op":"add","path":"/b","value":[1,2]}])");
  runner.must({"patch", "b.json", "p.json"});
  CHECK(runner.must({"get", "b.json"}) == "{\"a\":1,\"b\":[1,2]}");
}

TEST_CASE("patch --merge applies a JSON Merge Patch") {
  const RepositoryRunner runner;
  runner.put("a.json", R"({"a":1,"b":{"c":2}})");
  runner.must({"patch", "--merge", "a.json"}, {.input = R"({"a":null,"b":{"d":3}})"});
  CHECK(runner.must({"get", "a.json"}) == R"({"b":{"c":2,"d":3}})");
  CHECK(runner.must({"patch", "--merge", "a.json"}, {.input = "{}"}) == "nothing changed\n");
}

TEST_CASE("a patch that does not fit changes nothing, and its exit code says why") {
  const RepositoryRunner runner;
  runner.put("a.json", R"({"a":1})");
  runner.put("b.txt", "text");
  const std::string head = runner.head();
  const auto code = [&](const std::string& path, const std::string& patch) {
    return runner.run({"patch", path}, {.input = patch}).exit_code;
  };
  CHECK(code("a.json", R"([{"op":"test","path":"/a","value":2}])") == 3);
  CHECK(code("a.json", R"([{"op":"remove","path":"/b"}])") == 1);
  CHECK(code("a.json", R"([{"op":"replace","path":"/a","value":2},{"op":"remove","path":"/b"}])") ==
        1);
  CHECK(code("a.json", R"([{"op":"conjure","path":"/b"}])") == 2);
  CHECK(code("a.json", R"({"a":2})") == 2);
  CHECK(code("a.json", "[") == 2);
  CHECK(code("absent.json", "[]") == 1);
  CHECK(code("b.txt", "[]") == 2);
  CHECK(runner.head() == head);
}

}  // namespace
}  // namespace isodb::testing
