#include "tests/cli/cli_test.h"

namespace isodb::testing {
namespace {

std::vector<std::string> words_for(const ProgramRunner& runner, std::vector<std::string> words) {
  words.insert(words.begin(), {"complete", "--"});
  std::vector<std::string> found;
  for (const std::string& line : lines_of(runner.must(words))) {
    found.push_back(line.substr(0, line.find('\t')));
  }
  return found;
}

using Words = std::vector<std::string>;

TEST_CASE("commands, options, documents, revisions and settings are completed") {
  const RepositoryRunner runner;
  runner.put("farm/a.json", "{}");
  runner.put("farm/sub/b.json", "{}");
  runner.put("other", "x");
  CHECK(words_for(runner, {"rollb"}) == Words{"rollback"});
  CHECK(words_for(runner, {"get", ""}) == Words{"farm/", "other"});
  CHECK(words_for(runner, {"get", "farm/"}) == Words{"farm/a.json", "farm/sub/"});
  CHECK(words_for(runner, {"get", "other", "--at", "m"}) == Words{"main"});
  CHECK(words_for(runner, {"get", "--can"}) == Words{"--canonical"});
  CHECK(words_for(runner, {"config", ""}) == Words{"get", "set", "unset", "list"});
  CHECK(words_for(runner, {"config", "get", "ui.e"}) == Words{"ui.editor"});
  CHECK(words_for(runner, {"--color", "a"}) == Words{"auto", "always"});
  CHECK(words_for(runner, {"put", "a", ""}) == Words{":files"});
  CHECK(words_for(runner, {"init", ""}) == Words{":folders"});
  CHECK(words_for(runner, {"-C", ".isodb", "rm", "oth"}) == Words{"other"});
  CHECK(words_for(runner, {"rm", "other", "fa"}) == Words{"farm/"});
}

TEST_CASE("completion without a repository is silent") {
  const ProgramRunner runner;
  const Ran ran = runner.run({"complete", "--", "get", ""});
  CHECK(ran.exit_code == 0);
  CHECK(ran.out.empty());
  CHECK(ran.err.empty());
}

TEST_CASE("the bash script completes") {
  const RepositoryRunner runner;
  runner.put("farm/two words.txt", "x");
  const Ran ran = runner.shell(
      "source <(isodb completion bash)\n"
      "ask() { COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _isodb 2>/dev/null; "
      "printf '%s;' \"${COMPREPLY[@]}\"; echo; }\n"
      "ask isodb rollb\nask isodb get farm/\n");
  CHECK(ran.out == "rollback;\nfarm/two\\ words.txt;\n");
}

TEST_CASE("the zsh and fish scripts are accepted by their shells") {
  const ProgramRunner runner;
  for (const std::string shell : {"zsh", "fish"}) {
    if (runner.shell("command -v " + shell).exit_code != 0) {
      WARN("SKIPPED: no " << shell);
      continue;
    }
    const Ran ran =
        runner.shell("isodb completion " + shell + " > script && " + shell + " -n script");
    INFO(shell << ": " << ran.err);
    CHECK(ran.exit_code == 0);
  }
}

TEST_CASE("fish completes with descriptions") {
  const RepositoryRunner runner;
  if (runner.shell("command -v fish").exit_code != 0) {
    WARN("SKIPPED: no fish");
    return;
  }
  const Ran ran = runner.shell(
      "fish --no-config -c 'isodb completion fish | source; complete -C \"isodb rollb\"'");
  CHECK(ran.out == "rollback\tdrop the draft and its changes\n");
}

}  // namespace
}  // namespace isodb::testing
