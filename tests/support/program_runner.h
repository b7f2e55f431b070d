#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tests/support/places.h"
#include "tests/support/testing.h"

namespace isodb::testing {

/// What a process did.
struct Ran {
  int exit_code = -1;  ///< 128 + signal when a signal ended it
  std::string out, err;
};

/// How a process is started.
struct Call {
  std::string input;                               ///< standard input
  std::map<std::string, std::string> environment;  ///< beside the runner's own
  std::string working_folder;  ///< below the runner's folder; "" for that itself
  std::string out_file;        ///< where standard output goes instead: "/dev/full"
};

/// Runs the program as people do, in a folder of its own, with an environment that holds nothing
/// of the machine's. Owns the folder. One thread.
class ProgramRunner {
 public:
  explicit ProgramRunner(std::string program = kProgram);

  /// The working folder of every call; empty at first.
  const std::filesystem::path& folder() const { return work_; }
  Ran run(const std::vector<std::string>& words, const Call& call = {}) const;
  /// A shell script in which `isodb` is the program.
  Ran shell(const std::string& script, const Call& call = {}) const;
  /// With a terminal of 80 columns as standard input, output and error; all that is written there,
  /// with the terminal's line ends as "\n".
  Ran on_terminal(const std::vector<std::string>& words, const Call& call = {}) const;
  /// The same for a shell script.
  Ran shell_on_terminal(const std::string& script, const Call& call = {}) const;
  /// As run(), but fails the test unless the exit code is 0; returns standard output.
  std::string must(const std::vector<std::string>& words, const Call& call = {}) const;

 private:
  std::vector<std::string> environment(const Call& call) const;
  Ran start(const std::vector<std::string>& command, const Call& call) const;
  Ran start_on_terminal(const std::vector<std::string>& command, const Call& call) const;

  TemporaryFolder base_;
  std::filesystem::path work_;
  std::string program_;
};

}  // namespace isodb::testing
