#include <fstream>

#include "tests/cli/cli_test.h"

namespace isodb::testing {
namespace {

using Words = std::vector<std::string>;

/// The branches main and trial, apart since they wrote `base` under cows/ada.json.
class ApartRunner : public RepositoryRunner {
 public:
  explicit ApartRunner(const std::string& base = R"({"name":"Ada","weight":500,"visits":1})") {
    put("cows/ada.json", base);
    must({"branch", "trial"});
  }
  void put_on(const std::string& branch, const std::string& path, const std::string& bytes) const {
    must({"switch", branch});
    must({"put", path}, {.input = bytes});
  }
  std::string document() const { return must({"get", "cows/ada.json"}); }
};

void save(const ProgramRunner& runner, const std::string& name, const std::string& text) {
  std::ofstream(runner.folder() / name, std::ios::binary) << text;
}

std::string target(const ApartRunner& runner, const std::string& branch) {
  return member(json_line(runner.must({"ref", "get", "heads/" + branch, "--json"})), "target");
}

TEST_CASE("edits of different fields both survive, and both branches end with one merge id") {
  const ApartRunner runner;
  runner.put_on("trial", "cows/ada.json", R"({"name":"Ada","weight":510,"visits":1})");
  runner.put_on("main", "cows/ada.json", R"({"name":"Ada","weight":500,"visits":2})");
  const core::Json merged = json_line(runner.must({"merge", "trial", "--json"}));
  CHECK(keys_of(merged) == Words{"branch", "result", "before", "after", "heads", "peeled", "merged",
                                 "merged_conflicts", "conflicts"});
  CHECK(member(merged, "result") == "merged");
  CHECK(member(merged, "conflicts") == "0");
  CHECK(runner.document() == R"({"name":"Ada","weight":510,"visits":2})");
  const core::Json other = json_line(runner.must({"merge", "main", "--into", "trial", "--json"}));
  CHECK(member(other, "after") == member(merged, "after"));
  CHECK(target(runner, "trial") == target(runner, "main"));
  CHECK(runner.must({"cat", "@", "--type"}) == "merge\n");
  CHECK(member(json_line(runner.must({"merge", "trial", "--json"})), "result") == "up-to-date");
}

TEST_CASE(
    "one step back from a merge is the first by id of what it merges, and goes on from there") {
  const ApartRunner runner;
  runner.put_on("trial", "a.txt", "1\n");
  runner.put_on("main", "b.txt", "2\n");
  const std::string ours = target(runner, "main"), theirs = target(runner, "trial");
  runner.must({"merge", "trial"});
  REQUIRE(runner.must({"cat", "@", "--type"}) == "merge\n");
  const bool is_ours = ours < theirs;
  CHECK(contains(runner.must({"log", "-n", "1", "--at", "@~1"}), is_ours ? ours : theirs));
  CHECK(contains(runner.run({"diff", "@~1", "@", "--name-only"}).out, is_ours ? "a.txt" : "b.txt"));
  CHECK(runner.must({"diff", "@~2", "@{1}~1"}).empty());
}

TEST_CASE("a merge that only goes forward needs no merge object") {
  const ApartRunner runner;
  runner.put_on("trial", "new.txt", "new\n");
  const std::string ahead = runner.head();
  runner.must({"switch", "main"});
  const core::Json merged = json_line(runner.must({"merge", "trial", "--json"}));
  CHECK(member(merged, "result") == "fast-forward");
  CHECK(member(merged, "after") == ahead);
}

TEST_CASE(
    "two values for one field are a conflict that is shown, and that resolving ends for good") {
  const ApartRunner runner;
  runner.put_on("trial", "cows/ada.json", R"({"name":"Ada","weight":510,"visits":1})");
  runner.put_on("main", "cows/ada.json", R"({"name":"Ada","weight":520,"visits":1})");
  CHECK(runner.run({"merge", "trial"}).exit_code == 4);
  const Ran listed = runner.run({"conflicts", "--json"});
  CHECK(listed.exit_code == 4);
  const core::Json conflict = json_line(listed.out);
  CHECK(keys_of(conflict) == Words{"path", "content", "reasons", "versions"});
  const core::Json reason = conflict.find("reasons")->items().front();
  CHECK(member(reason, "part") == "content");
  CHECK(member(reason, "field") == "/weight");
  CHECK(member(reason, "reason") == "both-changed");
  CHECK(contains(runner.must({"get", "cows/ada.json"}), "520"));
  CHECK(contains(runner.must({"get", "cows/ada.json", "--version", "1"}), "510"));
  CHECK(runner.run({"get", "cows/ada.json", "--version", "3"}).exit_code == 1);
  CHECK(runner.run({"resolve", "cows/ada.json"}).exit_code == 2);
  CHECK(runner.run({"resolve", "cows/ada.json", "--take", "7"}).exit_code == 2);
  runner.must({"resolve", "cows/ada.json", "--take", "1"});
  CHECK(runner.run({"conflicts"}).exit_code == 0);
  CHECK(contains(runner.document(), "510"));
  CHECK(member(json_line(runner.must({"merge", "trial", "--json"})), "result") == "up-to-date");
  runner.must({"verify", "--again"});
  runner.must({"fsck"});
}

TEST_CASE("an edit beats a delete, visibly, and the deletion can be taken") {
  const ApartRunner runner;
  runner.must({"switch", "trial"});
  runner.must({"rm", "cows/ada.json"});
  runner.put_on("main", "cows/ada.json", R"({"name":"Ada","weight":520,"visits":1})");
  CHECK(runner.run({"merge", "trial"}).exit_code == 4);
  CHECK(contains(runner.document(), "520"));
  CHECK(contains(runner.run({"conflicts"}).out, "edit-and-delete"));
  const Words take = {"resolve", "cows/ada.json", "--take", "1"};
  runner.must(take);
  CHECK(runner.run({"get", "cows/ada.json"}).exit_code == 1);
}

TEST_CASE("rules count up counters and are refused with line and column when they are wrong") {
  const ApartRunner runner;
  const Ran refused = runner.run({"put", ".isodb/merge.json"},
                                 {.input = "{\"rules\": [\n  {\"match\": \"cows/**\", "
                                           "\"strategy\": \"wild\"}]}"});
  CHECK(refused.exit_code == 2);
  CHECK(contains(refused.err, ".isodb/merge.json"));
  CHECK(contains(refused.err, "line 2"));
  runner.must({"put", ".isodb/merge.json"},
              {.input = R"({"rules":[{"match":"cows/**","strategy":"json",)"
                        R"("fields":{"/visits":"counter","/weight":"latest"}}]})"});
  runner.must({"merge", "main", "--into", "trial"});
  runner.put_on("trial", "cows/ada.json", R"({"name":"Ada","weight":510,"visits":4})");
  runner.put_on("main", "cows/ada.json", R"({"name":"Ada","weight":520,"visits":3})");
  runner.must({"merge", "trial"});
  CHECK(runner.document() == R"({"name":"Ada","weight":520,"visits":6})");
  CHECK(runner.run({"conflicts"}).exit_code == 0);
}

constexpr const char* kHerdRules =
    "{\"rules\": [\n  {\"match\": \"cows/**\", \"strategy\": \"script\",\n"
    "   \"script\": \".isodb/merge/herd.star\"}]}";
constexpr const char* kHerdScript = R"(
def merge(base, left, right, context):
    result = isodb.json(base, left, right, ["/weight"])
    result["weight"] = max(left["weight"], right["weight"])
    return result
)";

TEST_CASE("a rule's script merges, and plan, blame, log, versions and verify know it") {
  const ApartRunner runner;
  runner.must({"put", ".isodb/merge/herd.star"}, {.input = kHerdScript});
  runner.must({"put", ".isodb/merge.json"}, {.input = kHerdRules});
  runner.must({"merge", "main", "--into", "trial"});
  runner.put_on("trial", "cows/ada.json", R"({"name":"Ada","weight":530,"visits":1})");
  runner.put_on("main", "cows/ada.json", R"({"name":"Ada","weight":520,"visits":2})");
  const std::string merged = R"({"name":"Ada","weight":530,"visits":2})";
  CHECK(contains(runner.must({"merge", "trial", "--plan"}), "530"));
  const core::Json here = json_line(runner.must({"merge", "trial", "--json"}));
  CHECK(member(here, "conflicts") == "0");
  CHECK(runner.document() == merged);
  const core::Json there = json_line(runner.must({"merge", "main", "--into", "trial", "--json"}));
  CHECK(member(there, "after") == member(here, "after"));
  CHECK(json_lines(runner.must({"versions", "cows/ada.json", "--json"})).size() == 2);
  CHECK(contains(runner.must({"blame", "cows/ada.json"}), "530"));
  CHECK(json_lines(runner.must({"log", "cows/ada.json", "--json"})).size() == 3);
  // On top of what the script made.
  runner.must({"put", "cows/eve.json"}, {.input = R"({"name":"Eve","weight":1,"visits":0})"});
  CHECK(contains(runner.must({"verify", "--again"}), "every commit holds"));
  runner.must({"fsck"});
}

TEST_CASE("a script that fails is a conflict that says why") {
  const ApartRunner runner;
  runner.must({"put", ".isodb/merge/herd.star"},
              {.input = "def merge(base, left, right, context):\n    fail('ask the vet')\n"});
  runner.must({"put", ".isodb/merge.json"}, {.input = kHerdRules});
  runner.must({"merge", "main", "--into", "trial"});
  runner.put_on("trial", "cows/ada.json", R"({"name":"Ada","weight":530,"visits":1})");
  runner.put_on("main", "cows/ada.json", R"({"name":"Ada","weight":500,"visits":2})");
  CHECK(runner.run({"merge", "trial"}).exit_code == 4);
  CHECK(runner.document() == R"({"name":"Ada","weight":530,"visits":2})");
  const Ran listed = runner.run({"conflicts"});
  CHECK(contains(listed.out, "script-failed"));
  CHECK(contains(listed.out, "the script: line 2, column"));
  CHECK(contains(listed.out, "ask the vet"));
  runner.must({"resolve", "cows/ada.json", "--accept"});
  CHECK(runner.run({"conflicts"}).exit_code == 0);
  runner.must({"verify", "--again"});
}

TEST_CASE("scripts that cannot be are refused before they are committed, with their place") {
  const RepositoryRunner runner;
  const auto refused = [&](const Words& words, const std::string& input) {
    const Ran ran = runner.run(words, {.input = input});
    CHECK(ran.exit_code == 2);
    return ran.err;
  };
  const std::string missing = refused({"put", ".isodb/merge.json"}, kHerdRules);
  CHECK(contains(missing, ".isodb/merge.json: line 3, column 14"));
  CHECK(contains(missing, "there is no script '.isodb/merge/herd.star'"));
  const std::string broken = refused({"put", ".isodb/merge/herd.star"}, "def merge(\n  x y):\n");
  CHECK(contains(broken, ".isodb/merge/herd.star: line 2, column 5"));
  CHECK(contains(refused({"put", ".isodb/merge/herd.star"}, "x = 1\n"), "no function merge"));
  // What no rule names may be anything, unless its name says that it is a script.
  runner.must({"put", ".isodb/merge/README"}, {.input = "no script"});
  runner.must({"put", ".isodb/merge/herd.star"}, {.input = kHerdScript});
  runner.must({"put", ".isodb/merge.json"}, {.input = kHerdRules});
  CHECK(contains(refused({"rm", ".isodb/merge/herd.star"}, ""), "there is no script"));
  CHECK(contains(refused({"mv", ".isodb/merge/herd.star", ".isodb/merge/h.star"}, ""),
                 "there is no script"));
  CHECK(contains(refused({"put", ".isodb/merge/herd.star"}, "def"), "line 1"));
  // Both in one commit.
  runner.must({"begin"});
  runner.must({"rm", ".isodb/merge/herd.star"});
  runner.must({"rm", ".isodb/merge.json"});
  runner.must({"commit"});
  runner.must({"begin"});
  runner.must({"put", ".isodb/merge.json"}, {.input = kHerdRules});
  runner.must({"put", ".isodb/merge/herd.star"}, {.input = kHerdScript});
  runner.must({"commit"});
}

TEST_CASE("a plan shows the merge and changes nothing") {
  const ApartRunner runner;
  runner.put_on("trial", "cows/ada.json", R"({"name":"Ada","weight":510,"visits":1})");
  runner.put_on("main", "cows/ada.json", R"({"name":"Ada","weight":500,"visits":2})");
  const std::string before = runner.head();
  const auto planned = json_lines(runner.must({"merge", "trial", "--plan", "--json"}));
  REQUIRE(planned.size() == 2);
  CHECK(member(planned[0], "path") == "cows/ada.json");
  CHECK(contains(runner.must({"merge", "trial", "--plan"}), "/weight"));
  CHECK(runner.head() == before);
  CHECK(member(json_line(runner.must({"merge", "trial", "--json"})), "after") ==
        member(planned[1], "after"));
}

TEST_CASE("a conflict that remains is in every merge's exit code and count, whoever merged it") {
  const ApartRunner runner;
  runner.put_on("trial", "cows/ada.json", R"({"name":"Ada","weight":510,"visits":1})");
  runner.put_on("main", "cows/ada.json", R"({"name":"Ada","weight":520,"visits":1})");
  CHECK(runner.run({"merge", "trial"}).exit_code == 4);
  const auto expect = [&](Words words, const std::string& result) {
    words.emplace_back("--json");
    const Ran ran = runner.run(words);
    CHECK(ran.exit_code == 4);
    const core::Json said = json_lines(ran.out).back();
    CHECK(member(said, "result") == result);
    CHECK(member(said, "conflicts") == "1");
  };
  expect({"merge", "trial"}, "up-to-date");
  expect({"merge", "trial", "--plan"}, "up-to-date");
  CHECK(contains(runner.run({"merge", "trial"}).err, "1 document in conflict"));
  expect({"merge", "main", "--into", "trial", "--plan"}, "merged");
  expect({"merge", "main", "--into", "trial"}, "merged");
  runner.put_on("trial", "cows/eve.json", "{}");
  runner.must({"switch", "main"});
  expect({"merge", "trial", "--plan"}, "fast-forward");
  const core::Json forward = json_line(runner.run({"merge", "trial", "--json"}).out);
  CHECK(member(forward, "merged_conflicts") == "0");
  CHECK(member(forward, "conflicts") == "1");
  runner.must({"resolve", "cows/ada.json", "--accept"});
  CHECK(member(json_line(runner.must({"merge", "trial", "--json"})), "conflicts") == "0");
}

TEST_CASE("a plan speaks of what would be, and shows a JSON Patch") {
  const ApartRunner runner;
  runner.put_on("trial", "cows/ada.json", R"({"name":"Ada","weight":510,"visits":1})");
  runner.put_on("main", "cows/ada.json", R"({"name":"Ada","weight":520,"visits":2})");
  Words words{"merge", "main", "--into", "trial", "--plan"};
  const Ran planned = runner.run(words);
  CHECK(planned.exit_code == 4);
  CHECK(contains(planned.out, "trial would become the merge "));
  CHECK(contains(planned.err, "1 document would be in conflict"));
  words.emplace_back("--patch");
  const Ran patch = runner.run(words);
  CHECK(patch.exit_code == 4);
  const core::Json operations = core::parse_json(patch.out);
  CHECK(operations.items().size() == 2);
  runner.put_on("main", "new.json", "{}");
  CHECK(runner.run(words).exit_code == 2);
  CHECK(runner.run({"merge", "main", "--into", "trial", "--stat"}).exit_code == 2);
}

TEST_CASE("resolve --edit edits a document in a folder and leaves no file behind") {
  const ApartRunner runner;
  runner.put_on("trial", "cows/ada.json", R"({"weight":510})");
  runner.put_on("main", "cows/ada.json", R"({"weight":520})");
  CHECK(runner.run({"merge", "trial"}).exit_code == 4);
  const Ran ran = runner.shell(
      "mkdir t; EDITOR='sed -i s/520/515/' TMPDIR=$PWD/t isodb -q resolve cows/ada.json --edit; "
      "echo code $?; ls t");
  INFO(ran.out << ran.err);
  CHECK(ran.out == "code 0\n");
  CHECK(runner.document() == R"({"weight":515})");
}

TEST_CASE("resolve refuses what it would have to ignore, and says what else a version takes back") {
  const ApartRunner runner;
  runner.put_on("trial", "cows/ada.json", R"({"weight":510,"visits":1})");
  runner.put_on("main", "cows/ada.json", R"({"weight":520,"visits":1})");
  CHECK(runner.run({"merge", "trial"}).exit_code == 4);
  for (const char* which : {"0", "two", "-1", "1x", ""}) {
    CHECK(runner.run({"resolve", "cows/ada.json", "--take", which}).exit_code == 2);
  }
  CHECK(runner.run({"resolve", "cows/ada.json", "--take", "3"}).exit_code == 2);
  CHECK(runner.run({"resolve", "--all", "--take", "x"}).exit_code == 2);
  const Ran taken = runner.run({"resolve", "cows/ada.json", "--take", "1"});
  CHECK(taken.exit_code == 0);
  CHECK_FALSE(contains(taken.err, "went back"));
  save(runner, "file.json", "{}");
  CHECK(runner.run({"resolve", "cows/ada.json", "--file", "file.json"}).exit_code == 1);
  CHECK(runner.run({"resolve", "cows/ada.json", "--take", "1"}).exit_code == 1);
  CHECK(runner.run({"resolve", "cows/ada.json", "--accept"}).exit_code == 0);
  runner.put_on("trial", "cows/eve.json", R"({"weight":1,"name":"Eve","visits":7})");
  runner.put_on("main", "cows/eve.json", R"({"weight":2,"name":"Eve"})");
  CHECK(runner.run({"merge", "trial"}).exit_code == 4);
  const Ran other = runner.run({"resolve", "cows/eve.json", "--take", "last"});
  CHECK(other.exit_code == 0);
  INFO(other.err);
  CHECK(contains(other.err, "1 field not in conflict went back too: /visits"));
}

TEST_CASE("resolve --all settles everything below a prefix in one commit") {
  const ApartRunner runner;
  for (const std::string path : {"a/1.txt", "a/2.txt", "b/1.txt"}) {
    runner.put_on("trial", path, "from trial\n");
    runner.put_on("main", path, "from main\n");
  }
  CHECK(runner.run({"merge", "trial"}).exit_code == 4);
  runner.must({"resolve", "--all", "a/", "--take", "first"});
  CHECK(runner.must({"get", "a/2.txt"}) == "from trial\n");
  CHECK(json_lines(runner.run({"conflicts", "--json"}).out).size() == 1);
  runner.must({"resolve", "--all", "--accept"});
  CHECK(runner.run({"conflicts"}).exit_code == 0);
}

TEST_CASE("merge-file merges three files and says by its exit code whether it had to choose") {
  const ProgramRunner runner;
  save(runner, "base.json", R"({"a":1,"b":1})");
  save(runner, "left.json", R"({"a":2,"b":1})");
  save(runner, "right.json", R"({"a":1,"b":3})");
  save(runner, "other.json", R"({"a":9,"b":1})");
  CHECK(runner.must({"merge-file", "base.json", "left.json", "right.json"}) == R"({"a":2,"b":3})");
  const Ran conflict = runner.run({"merge-file", "base.json", "left.json", "other.json"});
  CHECK(conflict.exit_code == 4);
  CHECK(conflict.out == R"({"a":9,"b":1})");
  CHECK(contains(conflict.err, "/a: both-changed"));
  save(runner, "rules.json",
       R"({"rules":[{"match":"**","strategy":"json","fields":{"/a":"counter"}}]})");
  CHECK(runner.must({"merge-file", "base.json", "left.json", "other.json", "--rules",
                     "rules.json"}) == R"({"a":10,"b":1})");
  CHECK(runner.run({"merge-file", "base.json", "left.json"}).exit_code == 2);
  for (const Words& wrong :
       {Words{"--path", ""}, Words{"--path", "../x"}, Words{"--script", "x"}}) {
    Words words{"merge-file", "base.json", "left.json", "right.json"};
    words.insert(words.end(), wrong.begin(), wrong.end());
    CHECK(runner.run(words).exit_code == 2);
  }
  CHECK(runner.run({"merge-file", "base.json", "left.json", "none.json"}).exit_code == 1);
}

TEST_CASE(
    "merge-file runs the script that a rule names, from beside the rules or where it is said") {
  const ProgramRunner runner;
  save(runner, "base.json", R"({"name":"Ada","weight":500})");
  save(runner, "left.json", R"({"name":"Ada","weight":530})");
  save(runner, "right.json", R"({"name":"Ada","weight":520})");
  save(runner, "rules.json", kHerdRules);
  Words words{"merge-file", "base.json",     "left.json", "right.json",
              "--path",     "cows/ada.json", "--rules",   "rules.json"};
  CHECK(runner.run(words).exit_code == 1);
  std::filesystem::create_directory(runner.folder() / "merge");
  save(runner, "merge/herd.star", kHerdScript);
  CHECK(runner.must(words) == R"({"name":"Ada","weight":530})");
  save(runner, "other.star", "def merge(base, left, right, context):\n    fail('no')\n");
  words.insert(words.end(), {"--script", "other.star"});
  const Ran failed = runner.run(words);
  CHECK(failed.exit_code == 4);
  CHECK(contains(failed.err, "the document: script-failed"));
  CHECK(contains(failed.err, "the script: "));
  CHECK(contains(failed.err, "no"));
  save(runner, "other.star", "def merge(\n");
  CHECK(runner.run(words).exit_code == 2);
}

TEST_CASE("members are added, listed, given roles and revoked") {
  const RepositoryRunner runner;
  const std::string key =
      "ed25519:d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
  runner.must({"member", "add", key, "tablet", "--prefix", "barn/"});
  CHECK(runner.run({"member", "add", key, "again"}).exit_code == 2);
  CHECK(runner.run({"member", "add", "no-key", "x"}).exit_code == 2);
  auto members = json_lines(runner.must({"member", "list", "--json"}));
  REQUIRE(members.size() == 2);
  const auto tablet = [&] {
    for (const core::Json& one : json_lines(runner.must({"member", "--json"}))) {
      if (member(one, "name") == "tablet") return one;
    }
    return core::Json();
  };
  CHECK(keys_of(tablet()) == Words{"name", "fingerprint", "key", "role", "prefixes", "revoked"});
  CHECK(member(tablet(), "role") == "writer");
  runner.must({"member", "role", "tablet", "reader"});
  CHECK(member(tablet(), "role") == "reader");
  runner.must({"member", "remove", "tablet"});
  CHECK(member(tablet(), "revoked") == "true");
  const Ran unknown = runner.run({"member", "remove", "tabley"});
  CHECK(unknown.exit_code == 1);
  CHECK(contains(unknown.err, "tablet"));
  runner.must({"verify"});
}

TEST_CASE("a member keeps its prefixes unless others are named, and a revoked key gets no role") {
  const RepositoryRunner runner;
  const std::string key =
      "ed25519:d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
  for (const char* prefix : {"/barn", "", "a//b", "../x"}) {
    CHECK(runner.run({"member", "add", key, "tablet", "--prefix", prefix}).exit_code == 2);
  }
  runner.must({"member", "add", key, "tablet", "--prefix", "barn/"});
  runner.must({"member", "role", "tablet", "reader"});
  runner.must({"member", "role", "tablet", "writer"});
  CHECK(contains(runner.must({"member", "list"}), "tablet  barn/"));
  CHECK(runner.run({"member", "role", "tablet", "writer", "--everywhere", "--prefix", "x"})
            .exit_code == 2);
  runner.must({"member", "role", "tablet", "writer", "--prefix", "cows/"});
  CHECK(contains(runner.must({"member", "list"}), "tablet  cows/"));
  runner.must({"member", "role", "tablet", "writer", "--everywhere"});
  CHECK(contains(runner.must({"member", "list"}), "writer  tablet\n"));
  runner.must({"member", "remove", "tablet"});
  CHECK(contains(runner.run({"member", "role", "tablet", "admin"}).err, "is revoked"));
  CHECK(contains(runner.run({"member", "add", key, "again"}).err, "is revoked"));
}

TEST_CASE("what was verified is remembered, and --again checks it all the same") {
  const ApartRunner runner;
  CHECK(contains(runner.must({"verify"}), "every commit holds"));
  CHECK(contains(runner.must({"verify"}), "every commit holds"));
  CHECK(contains(runner.must({"verify", "--again", "--since", "@~1"}), "every commit holds"));
  CHECK(runner.run({"verify", "--since", "nowhere"}).exit_code == 1);
}

/// An office that lets a tablet write below barn/.
class TwoDevices : public ProgramRunner {
 public:
  TwoDevices() {
    must({"init", "office"});
    at("office", {"put", "barn/hay.json"}, R"({"bales":10,"place":"loft"})");
    const core::Json tablet = json_line(must({"clone", "office", "tablet", "--json"}));
    at("office", {"member", "add", member(tablet, "key"), "tablet", "--prefix", "barn/"});
    meet();
  }
  std::string at(const std::string& device, Words words, const std::string& input = {}) const {
    words.insert(words.begin(), {"-C", device});
    return must(words, {.input = input});
  }
  Ran try_at(const std::string& device, Words words, const std::string& input = {}) const {
    words.insert(words.begin(), {"-C", device});
    return run(words, {.input = input});
  }
  /// Each fetches from the other and merges.
  void meet() const {
    for (const auto& [here, there] : {std::pair("tablet", "office"), {"office", "tablet"}}) {
      at(here, {"fetch", there, "--as", there});
      const Ran merged = try_at(here, {"merge", "remotes/" + std::string(there) + "/main"});
      CHECK((merged.exit_code == 0 || merged.exit_code == 4));
    }
  }
  std::string head(const std::string& device) const {
    return member(json_line(at(device, {"ref", "get", "heads/main", "--json"})), "target");
  }
};

TEST_CASE("two repositories that edit apart meet and hold the same merge id") {
  const TwoDevices devices;
  CHECK(devices.head("office") == devices.head("tablet"));
  devices.at("office", {"put", "barn/hay.json"}, R"({"bales":12,"place":"loft"})");
  devices.at("tablet", {"put", "barn/hay.json"}, R"({"bales":10,"place":"shed"})");
  devices.meet();
  CHECK(devices.at("tablet", {"get", "barn/hay.json"}) == R"({"bales":12,"place":"shed"})");
  CHECK(devices.head("office") == devices.head("tablet"));
  CHECK(devices.at("tablet", {"cat", "@", "--type"}) == "merge\n");
  for (const char* device : {"office", "tablet"}) {
    devices.at(device, {"verify", "--again"});
    devices.at(device, {"fsck"});
  }
}

TEST_CASE("scripts merge alike wherever commits arrived by another route") {
  const TwoDevices devices;
  devices.at("office", {"put", ".isodb/merge/herd.star"}, R"(
def merge(base, left, right, context):
    return {"bales": max(0, left["bales"] + right["bales"] - base["bales"]),
            "by": left.get("by", []) + [context["right"]["commit"]]}
)");
  devices.at("office", {"put", ".isodb/merge.json"},
             R"({"rules":[{"match":"barn/**","strategy":"script",)"
             R"("script":".isodb/merge/herd.star"}]})");
  const core::Json phone = json_line(devices.must({"clone", "office", "phone", "--json"}));
  devices.at("office", {"member", "add", member(phone, "key"), "phone"});
  const auto pull = [&](const std::string& here, const std::string& there) {
    devices.at(here, {"fetch", there, "--as", there});
    devices.try_at(here, {"merge", "remotes/" + there + "/main"});
  };
  for (const char* device : {"tablet", "phone"}) pull(device, "office");
  for (const auto& [device, bales] : {std::pair("office", "7"), {"tablet", "8"}, {"phone", "1"}}) {
    devices.at(device, {"put", "barn/hay.json"}, R"({"bales":)" + std::string(bales) + "}");
  }
  // The tablet's goes to the office by way of the phone, the phone's to the tablet by the office.
  pull("phone", "tablet");
  devices.at("phone", {"put", "barn/new.json"}, "{}");
  pull("office", "phone");
  pull("tablet", "office");
  pull("phone", "office");
  CHECK(devices.head("office") == devices.head("tablet"));
  CHECK(devices.head("office") == devices.head("phone"));
  CHECK(contains(devices.at("tablet", {"get", "barn/hay.json"}), R"({"bales":0,"by":[)"));
  // A late clone reads it all in the order of the pack.
  devices.must({"clone", "tablet", "late"});
  CHECK(devices.head("late") == devices.head("office"));
  for (const char* device : {"office", "tablet", "phone", "late"}) {
    devices.at(device, {"verify", "--again"});
    devices.at(device, {"fsck"});
  }
}

TEST_CASE("a commit outside its author's prefixes is refused, by the rule's name, and stays out") {
  const TwoDevices devices;
  CHECK(devices.try_at("tablet", {"put", "house/door.json"}, "{}").exit_code == 7);
  CHECK(devices.try_at("tablet", {"put", ".isodb/epoch"}, "1\n").exit_code == 7);
}

TEST_CASE("what a revoked device wrote without knowing is set aside, on every device alike") {
  const TwoDevices devices;
  devices.at("tablet", {"put", "barn/ghost.json"}, "{}");
  devices.at("office", {"member", "remove", "tablet"});
  devices.at("office", {"fetch", "tablet", "--as", "tablet"});
  const core::Json merged =
      json_line(devices.at("office", {"merge", "remotes/tablet/main", "--json"}));
  CHECK(merged.find("peeled")->items().size() == 1);
  CHECK(contains(devices.at("office", {"merge", "remotes/tablet/main"}), "1 commit set aside"));
  CHECK(devices.try_at("office", {"get", "barn/ghost.json"}).exit_code == 1);
  devices.at("tablet", {"fetch", "office", "--as", "office"});
  devices.at("tablet", {"merge", "remotes/office/main"});
  CHECK(devices.try_at("tablet", {"get", "barn/ghost.json"}).exit_code == 1);
  CHECK(devices.head("office") == devices.head("tablet"));
}

TEST_CASE("of a line of commits that was set aside one ref is kept, that of its last") {
  const TwoDevices devices;
  devices.at("tablet", {"put", "barn/ghost.json"}, "{}");
  devices.at("office", {"member", "remove", "tablet"});
  std::string refs;
  for (const std::size_t commits : {1, 2, 3}) {
    devices.at("office", {"fetch", "tablet", "--as", "tablet"});
    const core::Json merged =
        json_line(devices.at("office", {"merge", "remotes/tablet/main", "--json"}));
    CHECK(merged.find("peeled")->items().size() == commits);
    refs = devices.at("office", {"ref", "list", "peeled/"});
    CHECK(std::count(refs.begin(), refs.end(), '\n') == 1);
    CHECK(refs.starts_with(devices.head("tablet")));
    devices.at("tablet", {"put", "barn/ghost.json"}, std::to_string(commits));
  }
}

TEST_CASE("a repository with another root is no clone and is refused") {
  const TwoDevices devices;
  devices.must({"init", "stranger"});
  const Ran refused = devices.try_at("office", {"fetch", "stranger"});
  CHECK(refused.exit_code == 2);
  CHECK(contains(refused.err, "another repository"));
  CHECK(devices.run({"clone", "nowhere", "copy"}).exit_code == 1);
  CHECK(devices.run({"clone", "office", "tablet"}).exit_code == 2);
}

}  // namespace
}  // namespace isodb::testing
