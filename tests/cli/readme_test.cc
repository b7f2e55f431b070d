#include "tests/cli/cli_test.h"
#include "tests/support/places.h"

namespace isodb::testing {
namespace {

/// The commands of a document: its lines that begin with a prompt, however far they are indented.
std::vector<std::string> commands_of(const std::string& document) {
  const std::string prompt = "    $ ";
  std::vector<std::string> commands;
  for (const std::string& line : lines_of(slurp(std::string(kDocs) + "/" + document))) {
    const std::size_t at = line.find_first_not_of(' ');
    if (at == std::string::npos || at < 4 || line.compare(at - 4, prompt.size(), prompt) != 0) {
      continue;
    }
    commands.push_back(line.substr(at - 4 + prompt.size()));
  }
  return commands;
}

/// One after the other, in one shell, until one fails.
Ran run_commands(const std::vector<std::string>& commands) {
  std::string script = "set -o pipefail\n";
  for (const std::string& command : commands) {
    // diff says by its exit code that there is a difference.
    const std::string expected = command.starts_with("isodb diff") ? "1" : "0";
    script += command + "\n";
    script += "[ $? = " + expected + " ] || { echo \"failed: line $LINENO\" >&2; exit 9; }\n";
  }
  const ProgramRunner runner;
  Ran ran = runner.shell(script);
  INFO(script << ran.out << ran.err);
  CHECK(ran.exit_code == 0);
  return ran;
}

TEST_CASE("the commands of the README work as they stand there, one after the other") {
  const std::vector<std::string> commands = commands_of("../README.md");
  REQUIRE(commands.size() > 15);
  CHECK(contains(run_commands(commands).out, "  ~ /weight  500 -> 512"));
}

TEST_CASE("the commands of docs/keys.md work as they stand there, one after the other") {
  const std::vector<std::string> commands = commands_of("keys.md");
  REQUIRE(commands.size() > 25);
  const Ran ran = run_commands(commands);
  CHECK(contains(ran.out, "on disk      under a passphrase"));
  CHECK(contains(ran.out, "and the old key is revoked. Sync."));
  CHECK(ran.out.ends_with("{\"n\":2}\n"));
}

}  // namespace
}  // namespace isodb::testing
