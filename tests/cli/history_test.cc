#include "tests/cli/cli_test.h"

namespace isodb::testing {
namespace {

using Words = std::vector<std::string>;

/// Three versions of one document, one of another, and one that is gone.
class FarmRunner : public RepositoryRunner {
 public:
  FarmRunner() {
    put("cows/17.json", R"({"name":"Bella","weight":512.5,"tags":["brown"]})");
    put("notes.txt", "one\ntwo\nthree\n");
    put("cows/17.json", R"({"name":"Bella","weight":530,"tags":["brown","milk"]})");
    put("gone.json", "{}");
    must({"rm", "gone.json", "-m", "sold \x1b[31m"});
    put("notes.txt", "one\n2\nthree\nfour\n");
  }
};

std::vector<std::string> subjects(const std::string& json) {
  std::vector<std::string> all;
  for (const core::Json& commit : json_lines(json)) all.push_back(member(commit, "message"));
  return all;
}

/// Two branches that part at the first commit and come together in the last, as git writes them.
constexpr const char* kMergedStream =
    "blob\nmark :1\ndata 2\n1\n\n"
    "commit refs/heads/main\nmark :2\nauthor Ann <ann@example.org> 1700000000 +0100\n"
    "committer Ann <ann@example.org> 1700000000 +0100\ndata 5\nfirst\nM 100644 :1 a.txt\n\n"
    "commit refs/heads/side\nmark :3\ncommitter Bob <bob@example.org> 1700000100 +0000\n"
    "data 4\nside\nfrom :2\nM 100644 :1 side.txt\n\n"
    "commit refs/heads/main\nmark :4\ncommitter Ann <ann@example.org> 1700000200 +0000\n"
    "data 4\nmain\nfrom :2\nM 100644 :1 main.txt\n\n"
    "commit refs/heads/main\nmark :5\ncommitter Ann <ann@example.org> 1700000300 +0000\n"
    "data 5\nmerge\nfrom :4\nmerge :3\nM 100644 :1 side.txt\n\n";

TEST_CASE("log lists commits newest first, with stable keys and its messages made harmless") {
  const FarmRunner runner;
  CHECK(subjects(runner.must({"log", "--json"})) ==
        Words{"put notes.txt", "sold \x1b[31m", "put gone.json", "put cows/17.json",
              "put notes.txt", "put cows/17.json", "isodb init"});
  const core::Json newest = json_lines(runner.must({"log", "-n", "1", "--json"})).front();
  CHECK(keys_of(newest) == Words{"commit", "tree", "parents", "time", "clock", "author", "key",
                                 "writer", "seq", "refs", "message"});
  CHECK(member(newest, "commit") == runner.head());
  const std::string text = runner.must({"log"});
  CHECK(contains(text, "commit " + runner.head() + " (main)\nAuthor: "));
  CHECK(contains(text, "sold \\x1b[31m"));
  CHECK_FALSE(contains(text, "\x1b"));
}

TEST_CASE("log of a path lists only what wrote or removed it, also when it is gone") {
  const FarmRunner runner;
  const auto changes = json_lines(runner.must({"log", "cows/17.json", "--json"}));
  REQUIRE(changes.size() == 2);
  CHECK(member(changes[0], "change") == "changed");
  CHECK(member(changes[1], "change") == "added");
  CHECK(member(changes[1], "before") == "null");
  CHECK(member(changes[1], "after") == member(changes[0], "before"));
  CHECK(subjects(runner.must({"log", "gone.json", "--json"})) ==
        Words{"sold \x1b[31m", "put gone.json"});
  CHECK(subjects(runner.must({"log", "cows", "--json"})).size() == 2);
  const Ran unknown = runner.run({"log", "cows/18.json"});
  CHECK(unknown.exit_code == 1);
  CHECK(contains(unknown.err, "did you mean 'cows/17.json'?"));
}

TEST_CASE("log is narrowed by number, revision and time") {
  const FarmRunner runner;
  CHECK(lines_of(runner.must({"log", "--oneline", "-n", "2"})).size() == 2);
  CHECK(runner.must({"log", "--oneline", "-n", "0"}).empty());
  CHECK(subjects(runner.must({"log", "--at", "@~5", "--json"})) ==
        Words{"put cows/17.json", "isodb init"});
  // The root has no time of its own: it comes before everything.
  CHECK(subjects(runner.must({"log", "--since", "1h", "--json"})).size() == 6);
  CHECK(runner.must({"log", "--since", "2999-01-01"}).empty());
  CHECK(subjects(runner.must({"log", "--until", "2001-01-01T10:00", "--json"})) ==
        Words{"isodb init"});
  CHECK(subjects(runner.must({"log", "--until", "2999-12-31", "--json"})).size() == 7);
  for (const char* bad : {"yesterday", "2026-13-01", "2026-11-31", "5", "2026-11-20T25:00"}) {
    CHECK(runner.run({"log", "--since", bad}).exit_code == 2);
  }
  CHECK(runner.run({"log", "--at", "mian"}).exit_code == 1);
}

TEST_CASE("log shows who wrote imported commits, and their origin") {
  const RepositoryRunner runner;
  runner.must({"import", "git", "-"}, {.input = kMergedStream});
  const auto commits = json_lines(runner.must({"log", "--at", "main", "--json"}));
  REQUIRE(commits.size() == 5);
  CHECK(member(commits[3], "author") == "Ann <ann@example.org>");
  CHECK(member(commits[3], "time") == "2023-11-14T22:13:20.000Z");
  CHECK(commits[3].find("origin")->size() > 0);
  CHECK(commits[0].find("parents")->size() == 2);
  CHECK(contains(runner.must({"log", "--at", "main"}),
                 "Author: Ann <ann@example.org>, imported by "));
}

TEST_CASE("log --graph draws branches that part and come together") {
  const RepositoryRunner runner;
  runner.must({"import", "git", "-"}, {.input = kMergedStream});
  std::vector<std::string> drawn;
  for (const std::string& line :
       lines_of(runner.must({"log", "--graph", "--oneline", "--at", "main"}))) {
    drawn.push_back(line.substr(0, line.find_first_not_of("*|\\/_ ")));
    while (drawn.back().ends_with(' ')) drawn.back().pop_back();
  }
  CHECK(drawn.size() == 7);
  CHECK(std::count(drawn.begin(), drawn.end(), "|\\") == 1);
  CHECK(std::count(drawn.begin(), drawn.end(), "|/") == 1);
  CHECK(drawn.front() == "*");
  CHECK(drawn.back() == "*");
  // Only commits of the path; what lies between them is left out, and so are its lanes.
  const auto path =
      lines_of(runner.must({"log", "side.txt", "--graph", "--oneline", "--at", "main"}));
  CHECK(path.front().starts_with("* "));
  CHECK(path.size() >= 2);
}

TEST_CASE("show prints a commit and what it did, field by field and line by line") {
  const FarmRunner runner;
  const std::string fields = runner.must({"show", "@~3"});
  CHECK(contains(fields,
                 "    put cows/17.json\n\nM cows/17.json\n"
                 "  ~ /weight  512.5 -> 530\n  + /tags/1  \"milk\"\n"));
  const std::string lines = runner.must({"show"});
  CHECK(contains(lines,
                 "M notes.txt\n--- a/notes.txt\n+++ b/notes.txt\n@@ -1,3 +1,4 @@\n one\n"
                 "-two\n+2\n three\n+four\n"));
  CHECK(contains(runner.must({"show", "@~1"}), "D gone.json\n--- a/gone.json\n+++ /dev/null\n"));
  CHECK(contains(runner.must({"show", "@~6"}), "\nA .isodb/members/"));
  CHECK(contains(runner.must({"show", "@", "--stat"}),
                 "M notes.txt  +2 -1 lines\n"
                 "1 document changed, 0 added, 0 removed\n"));
}

TEST_CASE("show REV:PATH prints a document as a revision has it") {
  const FarmRunner runner;
  CHECK(runner.must({"show", "@~4:notes.txt"}) == "one\ntwo\nthree\n");
  CHECK(runner.must({"show", ":notes.txt"}) == "one\n2\nthree\nfour\n");
  CHECK(member(json_line(runner.must({"show", "@:notes.txt", "--json"})), "text") ==
        "one\n2\nthree\nfour\n");
  CHECK(runner.run({"show", "@~6:notes.txt"}).exit_code == 1);
  CHECK(runner.must({"show", "@{0}:notes.txt"}) == "one\n2\nthree\nfour\n");
  const Ran blob = runner.run(
      {"show", member(json_line(runner.must({"get", "notes.txt", "--json"})), "content")});
  CHECK(blob.exit_code == 2);
  CHECK(contains(blob.err, "hint: print it with 'isodb cat "));
}

TEST_CASE("diff ends with 1 where there is a difference and 0 where there is none") {
  const FarmRunner runner;
  const Ran ran = runner.run({"diff", "@~6", "@"});
  CHECK(ran.exit_code == 1);
  CHECK(contains(ran.out, "A cows/17.json\n"));
  CHECK(contains(ran.out, "A notes.txt\n"));
  CHECK_FALSE(contains(ran.out, "gone.json"));
  const Ran same = runner.run({"diff", "@", "@"});
  CHECK(same.exit_code == 0);
  CHECK(same.out.empty());
  CHECK(runner.run({"diff", "@~1"}).out == runner.run({"diff", "@~1", "@"}).out);
  CHECK(runner.run({"diff", "@~6", "@", "notes.txt", "--name-only"}).out == "notes.txt\n");
  CHECK(runner.run({"diff", "@~6", "@", "cows", "--name-only"}).out == "cows/17.json\n");
  CHECK(runner.run({"diff", "@~6", "@", "cow"}).exit_code == 1);
  CHECK(contains(runner.run({"diff", "@~6", "@", "cow"}).err, "isodb: no document cow"));
  CHECK(runner.run({"diff", "@~6", "@", "--stat", "--name-only"}).exit_code == 2);
  CHECK(runner.run({"diff"}).exit_code == 1);
}

TEST_CASE("diff --json has an object for each document") {
  const FarmRunner runner;
  const auto changes = json_lines(runner.run({"diff", "@~5", "@", "--json"}).out);
  REQUIRE(changes.size() == 2);
  CHECK(keys_of(changes[0]) == Words{"path", "change", "before", "after", "type", "size_before",
                                     "size_after", "kind", "fields"});
  CHECK(member(changes[0], "kind") == "json");
  const core::Json& fields = *changes[0].find("fields");
  REQUIRE(fields.size() == 2);
  CHECK(keys_of(fields.items()[0]) == Words{"pointer", "before", "after"});
  CHECK(member(fields.items()[0], "before") == "512.5");
  CHECK(keys_of(fields.items()[1]) == Words{"pointer", "after"});
  CHECK(member(changes[1], "kind") == "text");
  CHECK(member(changes[1], "change") == "added");
  CHECK(member(changes[1], "hunks") == "@@ -0,0 +1,4 @@\n+one\n+2\n+three\n+four\n");
  const auto sums = json_lines(runner.run({"diff", "@~5", "@", "--json", "--stat"}).out);
  CHECK(member(sums[0], "fields_changed") == "2");
  CHECK(member(sums[1], "lines_added") == "4");
}

TEST_CASE("diff --patch gives a JSON Patch that patch applies") {
  const FarmRunner runner;
  const std::string patch = runner.run({"diff", "@~5", "@", "cows/17.json", "--patch"}).out;
  CHECK(core::parse_json(patch).size() == 2);
  runner.must({"put", "copy.json"}, {.input = runner.must({"show", "@~5:cows/17.json"})});
  runner.must({"patch", "copy.json"}, {.input = patch});
  CHECK(core::parse_json(runner.must({"get", "copy.json"})) ==
        core::parse_json(runner.must({"get", "cows/17.json"})));
  CHECK(runner.run({"diff", "@~5", "@", "--patch"}).exit_code == 2);
  CHECK(runner.run({"diff", "@~5", "@", "notes.txt", "--patch"}).exit_code == 2);
  const auto all = json_lines(runner.run({"diff", "@~6", "@", "--patch", "--json"}).out);
  CHECK(all.size() == 3);
}

TEST_CASE("diff tells binary documents, layout, types and fields beside a document") {
  const RepositoryRunner runner;
  runner.put("a.bin", std::string("\0\1\2", 3));
  runner.put("b.json", R"({"a":1,"b":[1,2]})");
  const std::string before = runner.head();
  runner.put("a.bin", std::string("\0\1\2\3\4", 5));
  runner.put("b.json", "{ \"b\": [1.0, 2], \"a\": 1 }\n");
  runner.must({"put", "c.txt", "--meta", R"({"by":"Ann"})"}, {.input = "c"});
  const std::string between = runner.head();
  runner.must({"put", "c.txt", "--meta", R"({"by":"Bob"})"}, {.input = "c"});
  const std::string out = runner.run({"diff", before, between}).out;
  CHECK(contains(out, "M a.bin\n  binary: 3 B -> 5 B\n"));
  CHECK(contains(out, "M b.json\n  only the layout differs\n"));
  CHECK(runner.run({"diff", between, "@"}).out ==
        "M c.txt\n  fields beside the document:\n  ~ /by  \"Ann\" -> \"Bob\"\n");
}

TEST_CASE("diff without a revision shows what the draft changes") {
  const FarmRunner runner;
  runner.must({"begin"});
  CHECK(runner.run({"diff"}).exit_code == 0);
  runner.put("cows/17.json", R"({"name":"Bella","weight":531,"tags":["brown","milk"]})");
  runner.must({"rm", "notes.txt"});
  const Ran ran = runner.run({"diff"});
  CHECK(ran.exit_code == 1);
  CHECK(contains(ran.out, "M cows/17.json\n  ~ /weight  530 -> 531\n"));
  CHECK(contains(ran.out, "D notes.txt\n"));
  CHECK(runner.run({"diff", "--name-only"}).out == "cows/17.json\nnotes.txt\n");
}

TEST_CASE("blame names the commit that gave each field or line its value") {
  const FarmRunner runner;
  const auto commits = json_lines(runner.must({"log", "--json"}));
  const auto fields = json_lines(runner.must({"blame", "cows/17.json", "--json"}));
  REQUIRE(fields.size() == 4);
  CHECK(keys_of(fields[0]) ==
        Words{"field", "value", "commit", "time", "author", "key", "or_before"});
  const auto by = [&](const core::Json& item) { return member(item, "commit"); };
  CHECK(member(fields[0], "field") == "/name");
  CHECK(by(fields[0]) == by(commits[5]));
  CHECK(member(fields[1], "value") == "530");
  CHECK(by(fields[1]) == by(commits[3]));
  CHECK(by(fields[2]) == by(commits[5]));
  CHECK(by(fields[3]) == by(commits[3]));
  const auto lines = json_lines(runner.must({"blame", "notes.txt", "--json"}));
  REQUIRE(lines.size() == 4);
  CHECK(member(lines[0], "line") == "1");
  CHECK(by(lines[0]) == by(commits[4]));
  CHECK(by(lines[1]) == by(commits[0]));
  CHECK(by(lines[2]) == by(commits[4]));
  CHECK(member(lines[3], "text") == "four");
  CHECK(lines_of(runner.must({"blame", "notes.txt", "--at", "@~1"})).size() == 3);
  CHECK(contains(runner.must({"blame", "cows/17.json"}), "/weight  530\n"));
  CHECK(runner.run({"blame", "cows"}).exit_code == 1);
}

TEST_CASE("revert undoes a commit by a new one, and does nothing where documents changed since") {
  const FarmRunner runner;
  runner.must({"revert", "@~1"});
  CHECK(runner.must({"get", "gone.json"}) == "{}");
  CHECK(subjects(runner.must({"log", "-n", "1", "--json"}))
            .front()
            .starts_with("revert \"sold \x1b[31m\"\n\nUndoes commit "));
  const std::string head = runner.head();
  const Ran changed = runner.run({"revert", "@~5"});
  CHECK(changed.exit_code == 4);
  CHECK(contains(changed.out, "changed since: notes.txt\n"));
  CHECK(runner.head() == head);
  const auto told = json_lines(runner.run({"revert", "@~5", "--json"}).out);
  CHECK(member(told.front(), "path") == "notes.txt");
  runner.must({"revert", "@"});
  CHECK(runner.run({"get", "gone.json"}).exit_code == 1);
}

TEST_CASE("revert --skip-changed undoes the rest") {
  const RepositoryRunner runner;
  runner.must({"begin"});
  runner.put("a.txt", "1");
  runner.put("b.txt", "1");
  runner.must({"commit", "-m", "both"});
  runner.put("a.txt", "2");
  CHECK(runner.run({"revert", "@~1", "--skip-changed"}).exit_code == 4);
  CHECK(runner.must({"get", "a.txt"}) == "2");
  CHECK(runner.run({"get", "b.txt"}).exit_code == 1);
}

/// 400 commits, of which those that 100 divides change old.txt.
std::string long_stream() {
  std::string stream;
  for (int i = 1; i <= 400; ++i) {
    const std::string text = "c" + std::to_string(i);
    const std::string size = std::to_string(text.size());
    stream += "commit refs/heads/main\nmark :" + std::to_string(i) +
              "\ncommitter Ann <ann@example.org> " + std::to_string(1'700'000'000 + i) +
              " +0000\ndata " + size + "\n" + text + "\n";
    stream += i % 100 == 0 ? "M 100644 inline a/old.txt\n" : "M 100644 inline new.txt\n";
    stream += "data " + size + "\n" + text + "\n";
  }
  return stream;
}

TEST_CASE("log of a path finds the same in a long history with its index and without") {
  const RepositoryRunner runner;
  runner.must({"import", "git", "-"}, {.input = long_stream()});
  const auto index = runner.folder() / ".isodb/history";
  const Words old{"c400", "c300", "c200", "c100"};
  CHECK(subjects(runner.must({"log", "new.txt", "-n", "5", "--json"})).size() == 5);
  CHECK_FALSE(std::filesystem::exists(index));  // near enough to be walked to
  for (const char* path : {"a/old.txt", "a", "a/"}) {
    CHECK(subjects(runner.must({"log", path, "--json"})) == old);
    CHECK(std::filesystem::exists(index));
  }
  runner.must({"put", "a/old.txt"}, {.input = "mine"});
  CHECK(subjects(runner.must({"log", "a/old.txt", "-n", "2", "--json"})) ==
        Words{"put a/old.txt", "c400"});
  runner.must({"gc"});
  CHECK(subjects(runner.must({"log", "a/old.txt", "--at", "@~1", "--json"})) == old);
  std::filesystem::remove_all(index);
  CHECK(subjects(runner.must({"log", "a", "--at", "@~1", "--json"})) == old);
}

TEST_CASE("merge-base tells where two branches parted, near and far") {
  const RepositoryRunner runner;
  runner.must({"import", "git", "-"}, {.input = long_stream()});
  runner.must({"branch", "far", "@~390"});
  runner.must({"put", "here"}, {.input = "1"});
  const auto bases = [&](const std::string& a, const std::string& b) {
    return subjects(runner.must({"merge-base", a, b, "--json"}));
  };
  CHECK(bases("far", "main") == Words{"c10"});
  runner.must({"switch", "far"});
  runner.must({"put", "there"}, {.input = "1"});
  CHECK(bases("far", "main") == Words{"c10"});
  CHECK(bases("main", "main") == Words{"put here"});
  CHECK(contains(runner.must({"merge-base", "main", "far"}), " c10\n"));
  CHECK(runner.run({"merge-base", "main", "nowhere"}).exit_code == 1);
}

}  // namespace
}  // namespace isodb::testing
