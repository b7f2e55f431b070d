#include "tests/cli/cli_test.h"

namespace isodb::testing {
namespace {

using Words = std::vector<std::string>;

Words names_of(const std::string& json, const std::string& key) {
  Words names;
  for (const core::Json& line : json_lines(json)) names.push_back(member(line, key));
  return names;
}

TEST_CASE("branch makes, lists, renames and deletes branches") {
  const RepositoryRunner runner;
  runner.put("a.txt", "1");
  CHECK(runner.must({"branch", "trial", "@~1"}).starts_with("branch trial begins at "));
  CHECK(names_of(runner.must({"branch", "--json"}), "branch") == Words{"main", "trial"});
  CHECK(contains(runner.must({"branch"}), "* main  "));
  CHECK(runner.run({"branch", "trial"}).exit_code == 2);
  runner.must({"branch", "trial", "-m", "attempt"});
  CHECK(names_of(runner.must({"branch", "--json"}), "branch") == Words{"attempt", "main"});
  runner.must({"branch", "main", "-m", "trunk"});
  CHECK(member(json_lines(runner.must({"status", "--json"})).front(), "branch") == "heads/trunk");
  runner.must({"branch", "-d", "attempt"});
  CHECK(names_of(runner.must({"branch", "--json"}), "branch") == Words{"trunk"});
  CHECK(runner.run({"branch", "-d", "trunk"}).exit_code == 2);
  const Ran unknown = runner.run({"branch", "-d", "trnk"});
  CHECK(unknown.exit_code == 1);
  CHECK(contains(unknown.err, "did you mean 'trunk'?"));
  CHECK(runner.run({"branch", "bad..name//"}).exit_code == 2);
}

TEST_CASE("a branch whose commits no other ref has is deleted by force only, and not lost") {
  const RepositoryRunner runner;
  runner.must({"switch", "-c", "trial"});
  runner.put("a.txt", "1");
  const std::string head = runner.head();
  runner.must({"switch", "main"});
  CHECK(runner.run({"branch", "-d", "trial"}).exit_code == 2);
  runner.must({"branch", "-d", "trial", "--force"});
  const auto moves = json_lines(runner.must({"reflog", "heads/trial", "--json"}));
  CHECK(member(moves.front(), "after") == "null");
  CHECK(member(moves.front(), "before") == head);
  runner.must({"branch", "again", head});
  CHECK(runner.must({"get", "a.txt", "--at", "again"}) == "1");
}

TEST_CASE("switch changes what @ means and where changes go") {
  const RepositoryRunner runner;
  runner.put("a.txt", "main");
  runner.must({"switch", "-c", "trial", "@~1"});
  CHECK(runner.run({"get", "a.txt"}).exit_code == 1);
  runner.put("a.txt", "trial");
  const auto said = json_line(runner.must({"switch", "main", "--json"}));
  CHECK(keys_of(said) == Words{"branch", "ref", "commit"});
  CHECK(runner.must({"get", "a.txt"}) == "main");
  CHECK(runner.must({"get", "a.txt", "--at", "trial"}) == "trial");
  CHECK(runner.run({"switch", "tiral"}).exit_code == 1);
  CHECK(runner.run({"switch", "-c", "trial"}).exit_code == 2);
  runner.must({"begin"});
  CHECK(runner.run({"switch", "trial"}).exit_code == 2);
}

TEST_CASE("tag makes plain and signed tags, lists and deletes them") {
  const RepositoryRunner runner;
  runner.put("a.txt", "1");
  const std::string head = runner.head();
  runner.must({"tag", "v1"});
  runner.must({"tag", "v2", "@~1", "-m", "as handed over"});
  const auto tags = json_lines(runner.must({"tag", "--json"}));
  REQUIRE(tags.size() == 2);
  CHECK(keys_of(tags[0]) == Words{"tag", "ref", "target", "signed"});
  CHECK(member(tags[0], "target") == head);
  CHECK(keys_of(tags[1]) ==
        Words{"tag", "ref", "target", "signed", "object", "time", "key", "message"});
  CHECK(member(tags[1], "signed") == "true");
  CHECK(contains(runner.must({"cat", member(tags[1], "object")}), "\n\nas handed over\n"));
  CHECK(contains(runner.must({"show", "v2"}), "tag v2\nTagger: "));
  CHECK(runner.run({"get", "a.txt", "--at", "v2"}).exit_code == 1);
  CHECK(runner.must({"get", "a.txt", "--at", "v1"}) == "1");
  CHECK(contains(runner.must({"log", "--oneline", "-n", "1"}), "(main, tags/v1)"));
  CHECK(names_of(runner.must({"tag", "-l", "v2", "--json"}), "tag") == Words{"v2"});
  CHECK(runner.run({"tag", "v1"}).exit_code == 2);
  CHECK(runner.run({"tag", "v1", "-m", "again"}).exit_code == 2);
  CHECK(runner.run({"tag", "-m", "no name"}).exit_code == 2);
  runner.must({"tag", "-d", "v1"});
  CHECK(names_of(runner.must({"tag", "--json"}), "tag") == Words{"v2"});
  CHECK(runner.run({"tag", "-d", "v1"}).exit_code == 1);
}

TEST_CASE("reflog lists where a ref stood, and its names are revisions") {
  const RepositoryRunner runner;
  runner.put("a.txt", "1");
  runner.put("a.txt", "2");
  const auto moves = json_lines(runner.must({"reflog", "--json"}));
  REQUIRE(moves.size() == 3);
  CHECK(keys_of(moves[0]) == Words{"number", "ref", "before", "after", "time", "key", "reason"});
  CHECK(member(moves[0], "before") == member(moves[1], "after"));
  CHECK(member(moves[0], "after") == runner.head());
  const auto lines = lines_of(runner.must({"reflog"}));
  CHECK(contains(lines[1], " main@{1} "));
  CHECK(runner.must({"get", "a.txt", "--at", "main@{1}"}) == "1");
  CHECK(lines_of(runner.must({"reflog", "--all", "-n", "2"})).size() == 2);
  CHECK(runner.run({"reflog", "mian"}).exit_code == 1);
}

TEST_CASE("ref set is a compare-and-swap") {
  const RepositoryRunner runner;
  const std::string first = runner.head();
  runner.put("a.txt", "1");
  const std::string second = runner.head();
  CHECK(runner.must({"ref", "get", "heads/main"}) == second + "\n");
  const Ran unknown = runner.run({"ref", "get", "main"});
  CHECK(unknown.exit_code == 1);
  CHECK(contains(unknown.err, "did you mean 'heads/main'?"));
  CHECK(runner.must({"ref", "set", "heads/main", first, "--expect", second}) == first + "\n");
  const Ran lost = runner.run({"ref", "set", "heads/main", second, "--expect", second, "--json"});
  CHECK(lost.exit_code == 3);
  const core::Json error = json_line(lost.err);
  CHECK(member(error, "error") == "stale");
  CHECK(member(error, "actual") == first);
  CHECK(runner.must({"ref", "get", "heads/main"}) == first + "\n");
  runner.must({"ref", "set", "locks/harvest", second, "--expect", "none"});
  CHECK(runner.run({"ref", "set", "locks/harvest", second, "--expect", "none"}).exit_code == 3);
  CHECK(names_of(runner.must({"ref", "list", "--json"}), "ref") ==
        Words{"heads/main", "locks/harvest"});
  CHECK(lines_of(runner.must({"ref", "list", "locks/"})) == Words{second + " locks/harvest"});
  runner.must({"ref", "set", "locks/harvest", "none", "--expect", second});
  CHECK(runner.run({"ref", "get", "locks/harvest"}).exit_code == 1);
  CHECK(runner.run({"ref", "set", "heads/main", "none"}).exit_code == 2);
  const std::string tree = runner.must({"cat", "@"}).substr(5, 64);
  CHECK(runner.run({"ref", "set", "heads/x", tree}).exit_code == 2);
  CHECK(runner.run({"ref", "set", "../x", second}).exit_code == 2);
}

TEST_CASE("one of many that take a lock by ref set gets it") {
  const RepositoryRunner runner;
  const Ran ran = runner.shell(
      "for i in 1 2 3 4 5; do (isodb ref set locks/a @ --expect none >/dev/null 2>&1; echo $?) & "
      "done; wait");
  auto codes = lines_of(ran.out);
  std::sort(codes.begin(), codes.end());
  CHECK(codes == Words{"0", "3", "3", "3", "3"});
}

TEST_CASE("verify and fsck pass on a healthy repository and say so") {
  const RepositoryRunner runner;
  runner.put("a.json", "{}");
  CHECK(runner.must({"verify"}) ==
        "every commit holds: signature, clock, sequence, parents, rights, merges\n");
  CHECK(runner.must({"fsck"}) == "every object is there and is what its id says\n");
  for (const char* command : {"verify", "fsck"}) {
    const core::Json sum = json_line(runner.must({command, "--json"}));
    CHECK(keys_of(sum) == Words{"ok", "findings", "contents_not_held", "merges_not_computed",
                                "contents_erased", "merges_of_erased"});
    CHECK(member(sum, "ok") == "true");
  }
  CHECK(runner.run({"verify", "mian"}).exit_code == 1);
}

TEST_CASE("gc keeps what is there and stats counts it") {
  const RepositoryRunner runner;
  for (int i = 0; i < 5; ++i) runner.put("a.json", "{\"n\":" + std::to_string(i) + "}");
  const core::Json before = json_line(runner.must({"stats", "--json"}));
  CHECK(keys_of(before) == Words{"branch", "commits", "documents", "document_bytes",
                                 "loose_objects", "loose_bytes", "packs", "packed_objects",
                                 "pack_bytes", "database_bytes", "documents_not_held",
                                 "documents_erased", "scope"});
  CHECK(member(before, "commits") == "6");
  const core::Json collected = json_line(runner.must({"gc", "--json"}));
  CHECK(keys_of(collected) ==
        Words{"objects_dropped", "bytes_before", "bytes_after", "moves_forgotten", "held_micros"});
  const core::Json after = json_line(runner.must({"stats", "--json"}));
  CHECK(member(after, "commits") == "6");
  CHECK(member(after, "document_bytes") == member(before, "document_bytes"));
  CHECK(runner.must({"get", "a.json", "--at", "@~4"}) == "{\"n\":0}");
  runner.must({"fsck"});
  CHECK(contains(runner.must({"stats"}), "6 commits"));
}

TEST_CASE("gc --expire-now drops what only former moves led to, and says so") {
  const RepositoryRunner runner;
  runner.put("a.txt", "1");
  runner.must({"branch", "side"});
  runner.must({"switch", "side"});
  runner.put("b.txt", "only there");
  const std::string id = member(json_line(runner.must({"get", "b.txt", "--json"})), "content");
  runner.must({"switch", "main"});
  runner.must({"branch", "-d", "side", "--force"});
  CHECK(member(json_line(runner.must({"stats", "--garbage", "--json"})), "garbage_objects") == "0");
  runner.must({"gc"});
  CHECK(runner.must({"cat", id}) == "only there");
  const std::string said = runner.must({"gc", "--expire-now"});
  CHECK(contains(said, "forgot "));
  CHECK(contains(said, " moves of refs; dropped "));
  CHECK(runner.run({"cat", id}).exit_code == 1);
  CHECK(runner.must({"get", "a.txt"}) == "1");
  runner.must({"fsck"});
}

TEST_CASE("stats says what takes the space, by kind, by prefix, and what is garbage") {
  const RepositoryRunner runner;
  runner.put("farm/a.txt", "12345");
  runner.put("farm/b/c.txt", "123");
  runner.put("top.txt", "1");
  const auto kinds = json_lines(runner.must({"stats", "--kinds", "--json"}));
  REQUIRE_FALSE(kinds.empty());
  CHECK(keys_of(kinds.front()) == Words{"kind", "objects", "bytes", "plain_bytes"});
  CHECK(member(kinds.front(), "kind") == "blob");
  CHECK(contains(runner.must({"stats", "--kinds"}), "commit"));
  const auto parts = json_lines(runner.must({"stats", "--prefix", "--json"}));
  bool found = false;
  for (const core::Json& part : parts) {
    CHECK(keys_of(part) == Words{"prefix", "documents", "bytes"});
    if (member(part, "prefix") != "farm/") continue;
    found = true;
    CHECK(member(part, "documents") == "2");
    CHECK(member(part, "bytes") == "8");
  }
  CHECK(found);
  CHECK(contains(runner.must({"stats", "--prefix", "farm/"}), "farm/b/"));
  const auto garbage = json_line(runner.must({"stats", "--garbage", "--json"}));
  CHECK(keys_of(garbage) == Words{"garbage_objects", "garbage_bytes", "garbage_moves"});
  CHECK(contains(runner.must({"stats", "--garbage"}), "0 objects"));
}

TEST_CASE("gc leaves a smaller repository, and writes nothing when there is nothing to do") {
  const RepositoryRunner runner;
  std::mt19937_64 random(5);
  for (int i = 0; i < 20; ++i) runner.put("a.bin", random_bytes(random, 20'000));
  const auto first = json_line(runner.must({"gc", "--json"}));
  CHECK(std::stoull(member(first, "bytes_after")) < std::stoull(member(first, "bytes_before")));
  const std::string list = "ls -l --time-style=full-iso .isodb/packs | grep pack$; ls -s .isodb";
  const std::string before = runner.shell(list).out;
  REQUIRE(contains(before, ".pack"));
  const auto second = json_line(runner.must({"gc", "--json"}));
  CHECK(member(second, "bytes_after") == member(second, "bytes_before"));
  CHECK(runner.shell(list).out == before);
  runner.must({"fsck"});
  runner.put("b.txt", "more");
}

TEST_CASE("fsck names the file that is damaged") {
  const RepositoryRunner runner;
  std::mt19937_64 random(6);
  runner.put("a.bin", random_bytes(random, 20'000));
  runner.must({"gc"});
  const Ran damage = runner.shell(
      "cd .isodb/packs && pack=$(ls *.pack) && echo $pack && "
      "printf x | dd of=$pack bs=1 seek=5000 conv=notrunc status=none");
  REQUIRE(damage.exit_code == 0);
  const Ran ran = runner.run({"fsck", "--json"});
  CHECK(ran.exit_code == 5);
  std::vector<std::string> places;
  for (const core::Json& line : json_lines(ran.out)) {
    if (line.find("where") != nullptr) places.push_back(member(line, "where"));
  }
  REQUIRE(places.size() == 3);
  CHECK(places[0] == "packs/" + lines_of(damage.out).front());
  CHECK(places[1] == member(json_line(runner.must({"ls", "a.bin", "--json"})), "content"));
  const std::string commit = member(json_line(runner.must({"log", "-n", "1", "--json"})), "commit");
  CHECK(places[2] == "commit " + commit + " path a.bin");
  CHECK(contains(runner.run({"get", "a.bin"}).err, "hint: 'isodb fsck' lists all"));
}

}  // namespace
}  // namespace isodb::testing
