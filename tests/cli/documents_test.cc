#include "tests/cli/cli_test.h"

namespace isodb::testing {
namespace {

TEST_CASE("init makes a repository, in .isodb or in the folder named") {
  const ProgramRunner runner;
  const core::Json made = json_line(runner.must({"init", "--json"}));
  CHECK(keys_of(made) ==
        std::vector<std::string>{"folder", "repository", "branch", "key", "fingerprint"});
  CHECK(member(made, "branch") == "heads/main");
  CHECK(member(made, "folder") == (runner.folder() / ".isodb").string());
  CHECK(contains(runner.must({"init", "farm.isodb", "--branch", "trunk", "--name", "barn"}),
                 "made a repository in"));
  CHECK(member(json_lines(runner.must({"status", "--json", "-C", "farm.isodb"})).front(),
               "branch") == "heads/trunk");
  CHECK(runner.must({"init", "-q", "quiet.isodb"}).empty());
}

TEST_CASE("init refuses a folder that holds a repository or other files") {
  const RepositoryRunner runner;
  CHECK(runner.run({"init"}).exit_code == 2);
  std::filesystem::create_directory(runner.folder() / "full");
  spill(runner.folder() / "full/file", "x");
  CHECK(runner.run({"init", "full"}).exit_code == 2);
  CHECK(slurp(runner.folder() / "full/file") == "x");
}

TEST_CASE("init --key signs with an existing key") {
  const ProgramRunner runner;
  const std::string seed(64, '7');
  spill(runner.folder() / "device.key", "isodb-secret-key ed25519 " + seed + "\n");
  const auto one = json_line(runner.must({"init", "one", "--key", "device.key", "--json"}));
  const auto two = json_line(runner.must({"init", "two", "--key", "device.key", "--json"}));
  CHECK(member(one, "key") == member(two, "key"));
  CHECK(runner.run({"init", "three", "--key", "absent"}).exit_code != 0);
  spill(runner.folder() / "bad.key", "no key\n");
  CHECK(runner.run({"init", "four", "--key", "bad.key"}).exit_code == 2);
}

TEST_CASE("put and get carry any bytes unchanged, from files and standard input") {
  const RepositoryRunner runner;
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  runner.put("a.bin", bytes);
  CHECK(runner.must({"get", "a.bin"}) == bytes);
  spill(runner.folder() / "file", bytes + bytes);
  runner.must({"put", "folder/b.bin", "file"});
  CHECK(runner.must({"get", "folder/b.bin"}) == bytes + bytes);
  runner.must({"put", "empty", "-"});
  CHECK(runner.must({"get", "empty"}).empty());
  std::mt19937_64 random(7);
  const std::string large = random_bytes(random, 1'000'000);
  runner.must({"put", "large.bin"}, {.input = large});
  CHECK(runner.must({"get", "large.bin"}) == large);
}

TEST_CASE("put says which commit it made, and that nothing changed") {
  const RepositoryRunner runner;
  const std::string said = runner.must({"put", "a.txt"}, {.input = "x"});
  CHECK(said.starts_with("[main "));
  CHECK(contains(said, "] put a.txt\n"));
  CHECK(runner.must({"put", "a.txt"}, {.input = "x"}) == "nothing changed\n");
  CHECK(runner.must({"put", "a.txt", "-q"}, {.input = "y"}).empty());
  const auto made = json_line(runner.must({"put", "a.txt", "--json"}, {.input = "z"}));
  CHECK(keys_of(made) == std::vector<std::string>{"commit", "branch", "changes", "message"});
  CHECK(member(made, "commit") == runner.head());
  CHECK(member(made, "changes") == "1");
  const auto same = json_line(runner.must({"put", "a.txt", "--json"}, {.input = "z"}));
  CHECK(member(same, "commit") == "null");
}

TEST_CASE("the option -m is the commit's message, and a message cannot steer the terminal") {
  const RepositoryRunner runner;
  const std::string said =
      runner.must({"put", "a", "-m", "red \x1b[31m alert\nsecond line"}, {.input = "x"});
  CHECK(contains(said, "red \\x1b[31m alert\n"));
  CHECK_FALSE(contains(said, "second"));
  CHECK(contains(runner.must({"cat", "@"}), "red \x1b[31m alert\nsecond line"));
}

TEST_CASE("put refuses what is no JSON under a JSON type, with line and column") {
  const RepositoryRunner runner;
  const std::string head = runner.head();
  const Ran ran = runner.run({"put", "a.json"}, {.input = "{\n  \"a\": 1,\n}"});
  CHECK(ran.exit_code == 2);
  CHECK(contains(ran.err, "line 3, column 1"));
  CHECK(contains(ran.err, "hint: "));
  CHECK(runner.head() == head);
  runner.must({"put", "a.json", "--type", "text/plain"}, {.input = "{\n  \"a\": 1,\n}"});
  CHECK(runner.run({"put", "a", "--type", "application/json"}, {.input = "{"}).exit_code == 2);
  const Ran twice = runner.run({"put", "b.json"}, {.input = "{\"a\":1,\"a\":2}"});
  CHECK(twice.exit_code == 0);
  CHECK(contains(twice.err, "line 1, column"));
  CHECK(runner.must({"get", "b.json"}) == "{\"a\":1,\"a\":2}");
}

TEST_CASE("JSON documents keep their bytes, spaces and number spellings included") {
  const RepositoryRunner runner;
  const std::string text = "{ \"n\" : 1.0e+2,\r\n\t\"big\": 123456789012345678901234567890 }\n";
  runner.put("n.json", text);
  CHECK(runner.must({"get", "n.json"}) == text);
  const std::string json = runner.must({"get", "n.json", "--json"});
  CHECK(contains(json, "\"value\":{\"n\":1.0e+2,\"big\":123456789012345678901234567890}"));
  CHECK(runner.must({"get", "n.json", "--canonical"}) ==
        "{\"big\":1.2345678901234568e+29,\"n\":100}");
}

TEST_CASE("the options --if-absent and --if-content refuse as stale, with the actual value") {
  const RepositoryRunner runner;
  runner.must({"put", "a", "--if-absent"}, {.input = "1"});
  const Ran there = runner.run({"put", "a", "--if-absent", "--json"}, {.input = "2"});
  CHECK(there.exit_code == 3);
  const std::string content = member(json_line(runner.must({"get", "a", "--json"})), "content");
  CHECK(member(json_line(there.err), "actual") == content);
  CHECK(member(json_line(there.err), "error") == "stale");
  runner.must({"put", "a", "--if-content", content}, {.input = "2"});
  const Ran stale = runner.run({"put", "a", "--if-content", content}, {.input = "3"});
  CHECK(stale.exit_code == 3);
  const std::string now = member(json_line(runner.must({"get", "a", "--json"})), "content");
  runner.must({"put", "a", "--if-content", now.substr(0, 12)}, {.input = "3"});
  CHECK(runner.must({"get", "a"}) == "3");
  CHECK(runner.run({"put", "b", "--if-content", now}, {.input = "3"}).exit_code == 3);
}

TEST_CASE("media type comes from --type, the path or the version before, and metadata stays") {
  const RepositoryRunner runner;
  const auto type_of = [&](const std::string& path) {
    return member(json_line(runner.must({"get", path, "--json"})), "type");
  };
  runner.put("a.json", "{}");
  CHECK(type_of("a.json") == "application/json");
  runner.must({"put", "b", "--type", "application/x-herd", "--meta", "{\"by\": \"ann\"}"},
              {.input = "1"});
  runner.put("b", "2");
  CHECK(type_of("b") == "application/x-herd");
  CHECK(json_line(runner.must({"get", "b", "--meta"})) == core::parse_json("{\"by\":\"ann\"}"));
  CHECK(runner.must({"get", "a.json", "--meta"}) == "{}\n");
  CHECK(runner.run({"put", "c", "--meta", "[1]"}, {.input = "1"}).exit_code == 2);
  CHECK(runner.run({"put", "c", "--meta", "{"}, {.input = "1"}).exit_code == 2);
}

TEST_CASE("a bad path is exit code 2 and says which rule it breaks") {
  const RepositoryRunner runner;
  for (const std::string& path :
       {std::string(""), std::string("/a"), std::string("a//b"), std::string("a/../b"),
        std::string("a/"), std::string("a\nb"), std::string("\xff"), std::string(1025, 'x')}) {
    INFO(path);
    const Ran ran = runner.run({"put", path}, {.input = "x"});
    CHECK(ran.exit_code == 2);
    CHECK(contains(ran.err, "isodb: "));
    CHECK(runner.run({"get", path}).exit_code == 2);
  }
  runner.put(std::string(1024, 'x'), "long");
  CHECK(runner.must({"get", std::string(1024, 'x')}) == "long");
}

TEST_CASE("get of a document that is not there is exit code 1 and names the nearest") {
  const RepositoryRunner runner;
  runner.put("farm/field-7.json", "{}");
  runner.put("farm/deep/x", "");
  const Ran near = runner.run({"get", "farm/feild-7.json"});
  CHECK(near.exit_code == 1);
  CHECK(contains(near.err, "hint: did you mean 'farm/field-7.json'?"));
  const Ran folder = runner.run({"get", "farm"});
  CHECK(folder.exit_code == 1);
  CHECK(contains(folder.err, "isodb ls farm"));
  CHECK(runner.run({"get", "farm/zzzzzzzzzzzzzzzzzz"}).exit_code == 1);
  CHECK(runner.run({"put", "x", "no-such-file"}).exit_code == 1);
  CHECK(runner.run({"put", "x", "."}).exit_code == 7);
}

TEST_CASE("get --at reads any revision, and an unknown one is exit code 1 with the nearest names") {
  const RepositoryRunner runner;
  runner.put("a", "1");
  const std::string first = runner.head();
  runner.put("a", "2");
  CHECK(runner.must({"get", "a", "--at", "@~1"}) == "1");
  CHECK(runner.must({"get", "a", "--at", "main~1"}) == "1");
  CHECK(runner.must({"get", "a", "--at", first.substr(0, 10)}) == "1");
  CHECK(runner.must({"get", "a", "--at", "heads/main"}) == "2");
  const Ran unknown = runner.run({"get", "a", "--at", "mian"});
  CHECK(unknown.exit_code == 1);
  CHECK(contains(unknown.err, "main"));
  CHECK(runner.run({"get", "a", "--at", "@~99"}).exit_code == 1);
  CHECK(runner.run({"get", "a", "--at", "@{nonsense}"}).exit_code == 2);
}

TEST_CASE("get --field prints one field, and names the nearest when there is none") {
  const RepositoryRunner runner;
  runner.put("a.json", R"({"crop":"rye","list":[1,{"x/y":2.50}],"sub":{"b":1,"a":2}})");
  CHECK(runner.must({"get", "a.json", "--field", "/crop"}) == "\"rye\"\n");
  CHECK(runner.must({"get", "a.json", "--field", "/list/1/x~1y"}) == "2.50\n");
  CHECK(runner.must({"get", "a.json", "--field", "/sub", "--canonical"}) == "{\"a\":2,\"b\":1}");
  CHECK(runner.must({"get", "a.json", "--field="}) == runner.must({"get", "a.json"}) + "\n");
  const Ran ran = runner.run({"get", "a.json", "--field", "/corp"});
  CHECK(ran.exit_code == 1);
  CHECK(contains(ran.err, "did you mean '/crop'?"));
  CHECK(runner.run({"get", "a.json", "--field", "crop"}).exit_code == 2);
  runner.put("b.txt", "no json");
  CHECK(runner.run({"get", "b.txt", "--canonical"}).exit_code == 2);
  const auto json = json_line(runner.must({"get", "a.json", "--field", "/crop", "--json"}));
  CHECK(member(json, "field") == "/crop");
  CHECK(member(json, "value") == "rye");
}

TEST_CASE("get --json says what the document is and holds it") {
  const RepositoryRunner runner;
  runner.put("a.json", "{\n \"a\": 1\n}\n");
  const auto json = json_line(runner.must({"get", "a.json", "--json"}));
  CHECK(keys_of(json) == std::vector<std::string>{"path", "content", "size", "type", "time",
                                                  "writer", "conflict", "metadata", "commit",
                                                  "value"});
  CHECK(member(json, "commit") == runner.head());
  CHECK(member(json, "size") == "12");
  const std::string time = member(json, "time");
  CHECK(time.size() == std::string("2026-11-20T08:00:00.000Z").size());
  CHECK(time.ends_with("Z"));
  runner.put("b.bin", "\xff\xfe");
  CHECK(member(json_line(runner.must({"get", "b.bin", "--json"})), "text_base64") == "//4=");
  runner.put("c.txt", "t\xc3\xa4xt\n");
  CHECK(member(json_line(runner.must({"get", "c.txt", "--json"})), "text") == "t\xc3\xa4xt\n");
}

TEST_CASE("get --output writes the file complete or not at all") {
  const RepositoryRunner runner;
  runner.put("a.txt", "text");
  CHECK(runner.must({"get", "a.txt", "-o", "out"}).empty());
  CHECK(slurp(runner.folder() / "out") == "text");
  CHECK(runner.run({"get", "absent", "-o", "out"}).exit_code == 1);
  CHECK(slurp(runner.folder() / "out") == "text");
  CHECK(runner.run({"get", "a.txt", "-o", "no/such/folder"}).exit_code == 7);
  CHECK(runner.run({"get", "a.txt", "-o", "/dev/full"}).exit_code == 7);
  runner.must({"get", "a.txt", "-o", "/dev/null"});
  const auto left = runner.shell("ls -A");
  CHECK(left.out == ".isodb\nout\n");
}

TEST_CASE("ls lists folder by folder, in the order of the paths' bytes") {
  const RepositoryRunner runner;
  for (const char* path : {"a", "a.json", "a/b", "a/c/d", "a0", "z/y"}) runner.put(path, "{}");
  CHECK(runner.must({"ls"}) == "a\na.json\na/\na0\nz/\n");
  CHECK(runner.must({"ls", "a/"}) == "a/b\na/c/\n");
  CHECK(runner.must({"ls", "z"}) == "z/y\n");
  CHECK(runner.must({"ls", "a0"}) == "a0\n");
  CHECK(runner.must({"ls", "-r", "a/"}) == "a/b\na/c/d\n");
  CHECK(runner.must({"ls", "-r"}) == "a\na.json\na/b\na/c/d\na0\nz/y\n");
  CHECK(runner.must({"ls", "--at", "@~1"}) == "a\na.json\na/\na0\n");
  CHECK(runner.run({"ls", "nothing"}).exit_code == 1);
  const auto long_list = lines_of(runner.must({"ls", "-l", "a/"}));
  REQUIRE(long_list.size() == 2);
  CHECK(contains(long_list[0], "Z  "));
  CHECK(long_list[0].ends_with("  a/b"));
  CHECK(contains(long_list[1], "1 document "));
}

TEST_CASE("ls --json describes documents and folders") {
  const RepositoryRunner runner;
  runner.put("a.json", "{}");
  runner.put("f/x", "1");
  runner.put("f/y", "2");
  const auto items = json_lines(runner.must({"ls", "--json"}));
  REQUIRE(items.size() == 2);
  CHECK(keys_of(items[0]) == std::vector<std::string>{"path", "kind", "content", "size", "type",
                                                      "time", "writer", "conflict", "erased",
                                                      "metadata"});
  CHECK(keys_of(items[1]) == std::vector<std::string>{"path", "kind", "documents"});
  CHECK(member(items[1], "path") == "f/");
  CHECK(member(items[1], "documents") == "2");
}

TEST_CASE("rm removes all or nothing, folders only with -r") {
  const RepositoryRunner runner;
  for (const char* path : {"a", "b", "f/x", "f/g/y", "f.txt"}) runner.put(path, "1");
  const Ran missing = runner.run({"rm", "a", "bb"});
  CHECK(missing.exit_code == 1);
  CHECK(contains(missing.err, "did you mean"));
  CHECK(runner.run({"rm", "f"}).exit_code == 2);
  CHECK(runner.must({"ls", "-r"}) == "a\nb\nf.txt\nf/g/y\nf/x\n");
  const auto made = json_line(runner.must({"rm", "a", "b", "--json"}));
  CHECK(member(made, "changes") == "2");
  CHECK(member(made, "message") == "rm a b");
  runner.must({"rm", "-r", "f/"});
  CHECK(runner.must({"ls", "-r"}) == "f.txt\n");
  CHECK(runner.must({"get", "a", "--at", "@~2"}) == "1");
  CHECK(runner.run({"rm", "-r", "f"}).exit_code == 1);
}

TEST_CASE(
    "mv and cp take documents and folders, with type and metadata, and replace with --force only") {
  const RepositoryRunner runner;
  runner.must({"put", "a.json", "--meta", "{\"k\":1}"}, {.input = "{}"});
  for (const char* path : {"f/x", "f/g/y"}) runner.put(path, path);
  runner.must({"cp", "a.json", "b"});
  const auto copy = json_line(runner.must({"get", "b", "--json"}));
  CHECK(member(copy, "type") == "application/json");
  CHECK(runner.must({"get", "b", "--meta"}) == runner.must({"get", "a.json", "--meta"}));
  runner.must({"mv", "b", "f"});
  CHECK(runner.must({"ls", "-r"}) == "a.json\nf/b\nf/g/y\nf/x\n");
  runner.must({"cp", "f", "copy"});
  runner.must({"mv", "f", "moved/"});
  CHECK(runner.must({"ls", "-r"}) ==
        "a.json\ncopy/b\ncopy/g/y\ncopy/x\nmoved/f/b\nmoved/f/g/y\nmoved/f/x\n");
  CHECK(runner.must({"get", "moved/f/g/y"}) == "f/g/y");
  CHECK(runner.run({"mv", "a.json", "copy/b"}).exit_code == 2);
  runner.must({"mv", "-f", "a.json", "copy/b"});
  CHECK(runner.run({"mv", "absent", "x"}).exit_code == 1);
  CHECK(runner.run({"mv", "copy", "copy/inside"}).exit_code == 2);
  CHECK(runner.run({"cp", "copy/b", "copy/b"}).exit_code == 2);
}

}  // namespace
}  // namespace isodb::testing
