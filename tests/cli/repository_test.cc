#include "core/hash.h"
#include "tests/cli/cli_test.h"

namespace isodb::testing {
namespace {

TEST_CASE("cat prints an object as hashed, so that anyone can compute its id") {
  const RepositoryRunner runner;
  runner.put("a.txt", "hello\n");
  const std::string id = member(json_line(runner.must({"get", "a.txt", "--json"})), "content");
  CHECK(runner.must({"cat", id}) == "hello\n");
  CHECK(runner.must({"cat", id.substr(0, 8), "--type"}) == "blob\n");
  CHECK(runner.must({"cat", id, "--size"}) == "6\n");
  const Ran sum = runner.shell("(printf 'blob %s\\0' $(isodb cat --size " + id + "); isodb cat " +
                               id + ") | sha256sum");
  CHECK(sum.out.starts_with(id));
  const std::string commit = runner.must({"cat", "@"});
  CHECK(commit.starts_with("tree "));
  CHECK(contains(commit, "\n\nput a.txt\n"));
  CHECK(runner.must({"cat", "@", "--type"}) == "commit\n");
}

TEST_CASE("cat --pretty shows trees and lists as text") {
  const RepositoryRunner runner;
  std::mt19937_64 random(11);
  runner.must({"put", "large.bin"}, {.input = random_bytes(random, 400'000)});
  runner.put("a.json", "{}");
  const std::string commit = runner.must({"cat", "@"});
  const std::string tree = commit.substr(5, 64);
  const std::string shown = runner.must({"cat", "--pretty", tree});
  CHECK(contains(shown, "a.json"));
  CHECK(contains(shown, "application/json"));
  const auto large = json_line(runner.must({"ls", "large.bin", "--json"}));
  const std::string list = member(large, "content");
  CHECK(runner.must({"cat", "--type", list}) == "list\n");
  std::uint64_t sum = 0;
  for (const std::string& line : lines_of(runner.must({"cat", "--pretty", list}))) {
    if (line.starts_with("blob ")) sum += std::stoull(line.substr(line.rfind(' ') + 1));
  }
  CHECK(sum == 400'000);
}

TEST_CASE("cat --json carries any payload") {
  const RepositoryRunner runner;
  runner.put("a.txt", "hello\n");
  const auto object = json_line(runner.must({"cat", "@", "--json"}));
  CHECK(keys_of(object) == std::vector<std::string>{"id", "type", "size", "payload"});
  const std::string tree = member(object, "payload").substr(5, 64);
  CHECK(keys_of(json_line(runner.must({"cat", tree, "--json"}))).back() == "payload_base64");
  CHECK(keys_of(json_line(runner.must({"cat", tree, "--json", "--type"}))).back() == "size");
}

TEST_CASE("cat of an unknown or ambiguous id is an error") {
  const RepositoryRunner runner;
  CHECK(runner.run({"cat", std::string(64, '0')}).exit_code == 1);
  CHECK(runner.run({"cat", "zzzz"}).exit_code == 1);
}

TEST_CASE("key shows the public half only") {
  const RepositoryRunner runner;
  const auto shown = json_line(runner.must({"key", "--json"}));
  CHECK(keys_of(shown) ==
        std::vector<std::string>{"key", "fingerprint", "writer", "protected", "next"});
  const std::string key = runner.must({"key", "export"});
  CHECK(key == member(shown, "key") + "\n");
  CHECK(key.starts_with("ed25519:"));
  CHECK(runner.must({"key", "fingerprint"}) == member(shown, "fingerprint") + "\n");
  CHECK(runner.must({"key", "show"}) == runner.must({"key"}));
  const std::string secret = slurp(runner.folder() / ".isodb/keys/device.key");
  const std::string seed = secret.substr(secret.rfind(' ') + 1, 64);
  CHECK_FALSE(contains(runner.must({"key"}), seed));
}

TEST_CASE("config keeps known settings and refuses others") {
  const RepositoryRunner runner;
  CHECK(runner.run({"config", "get", "ui.pager"}).exit_code == 1);
  runner.must({"config", "set", "ui.pager", "more"});
  CHECK(runner.must({"config", "get", "ui.pager"}) == "more\n");
  CHECK(contains(runner.must({"config", "list"}), "ui.pager = more\n"));
  CHECK(runner.must({"config"}) == runner.must({"config", "list"}));
  runner.must({"config", "unset", "ui.pager"});
  CHECK(runner.run({"config", "get", "ui.pager"}).exit_code == 1);
  const Ran unknown = runner.run({"config", "set", "ui.pagre", "x"});
  CHECK(unknown.exit_code == 2);
  CHECK(contains(unknown.err, "did you mean 'ui.pager'?"));
  CHECK(runner.run({"config", "set", "ui.color", "mauve"}).exit_code == 2);
  CHECK(runner.run({"config", "get", "repository.root"}).exit_code == 2);
  runner.must({"config", "set", "reflog.keep-days", "30"});
  runner.must({"config", "set", "reflog.keep-days", "forever"});
  CHECK(runner.run({"config", "set", "reflog.keep-days", "soon"}).exit_code == 2);
  CHECK(runner.run({"config", "set", "reflog.keep-days", "-1"}).exit_code == 2);
  CHECK(runner.run({"config", "set", "gc.auto", "perhaps"}).exit_code == 2);
  const auto items = json_lines(runner.must({"config", "--json"}));
  REQUIRE_FALSE(items.empty());
  CHECK(keys_of(items.front()) == std::vector<std::string>{"key", "value"});
}

TEST_CASE("a damaged repository file is exit code 5 or 7, never a crash") {
  const RepositoryRunner runner;
  runner.put("a.txt", "x");
  spill(runner.folder() / ".isodb/repo.db", std::string(8192, 'x'));
  const Ran ran = runner.run({"get", "a.txt"});
  CHECK((ran.exit_code == 5 || ran.exit_code == 7));
  CHECK(ran.err.starts_with("isodb: "));
}

TEST_CASE("writers at the same time lose nothing: each put is there or refused as stale") {
  const RepositoryRunner runner;
  const Ran ran = runner.shell(
      "for w in 1 2 3; do (for i in $(seq 12); do echo $w-$i | isodb put -q w$w/$i || echo $?; "
      "done) & done; wait; isodb ls -r | wc -l");
  CHECK(ran.out == "36\n");
  CHECK(ran.err.empty());
}

}  // namespace
}  // namespace isodb::testing
