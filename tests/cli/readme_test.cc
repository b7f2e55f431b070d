#include "tests/cli/cli_test.h"
#include "tests/support/places.h"

namespace isodb::testing {
namespace {

/// The commands of the README: its lines that begin with a prompt.
std::vector<std::string> readme_commands() {
  const std::string prompt = "    $ ";
  std::vector<std::string> commands;
  for (const std::string& line : lines_of(slurp(std::string(kDocs) + "/../README.md"))) {
    if (line.starts_with(prompt)) commands.push_back(line.substr(prompt.size()));
  }
  return commands;
}

TEST_CASE("the commands of the README work as they stand there, one after the other") {
  const std::vector<std::string> commands = readme_commands();
  REQUIRE(commands.size() > 15);
  std::string script = "set -o pipefail\n";
  for (const std::string& command : commands) {
    // diff says by its exit code that there is a difference.
    const std::string expected = command.starts_with("isodb diff") ? "1" : "0";
    script += command + "\n";
    script += "[ $? = " + expected + " ] || { echo \"failed: line $LINENO\" >&2; exit 9; }\n";
  }
  const ProgramRunner runner;
  const Ran ran = runner.shell(script);
  INFO(script << ran.out << ran.err);
  CHECK(ran.exit_code == 0);
  CHECK(contains(ran.out, "  ~ /weight  500 -> 512"));
}

}  // namespace
}  // namespace isodb::testing
