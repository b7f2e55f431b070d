#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"

namespace isodb::cli {

/// What every command takes.
struct GlobalOptions {
  std::optional<std::string> directory;  ///< -C
  std::string color = "auto";
  std::optional<std::string> passphrase_file;
  bool json = false;
  bool quiet = false;
  bool no_pager = false;
  bool help = false;

  void declare(Options& options);
};

/// Parses `words` (without the command's own name) into the options' targets, options and
/// arguments in any order, "--" before arguments that begin with "-". Error(kInvalid) names the
/// word that does not fit. `call` is how people write the command: "isodb ref get". Arguments that
/// are missing are an error only when `global.help` is not set. The one place that knows CLI11.
void parse(const std::string& call, const Options& options, const GlobalOptions& global,
           const std::vector<std::string>& words);

}  // namespace isodb::cli
