#pragma once

#include <string>
#include <vector>

#include "cli/context.h"

namespace isodb::cli {

/// Something that the word under the cursor may become. The words ":files" and ":folders" leave it
/// to the shell, which knows the machine's files.
struct Candidate {
  std::string word;
  std::string help;
};

/// What may stand in place of the last of `words` (those after the program's name; the last may be
/// ""). What needs a repository that cannot be opened is left out.
std::vector<Candidate> complete(const std::vector<std::string>& words, Output& out);

/// The script that teaches a shell ("bash", "zsh", "fish") to ask `isodb complete`.
std::string_view completion_script(std::string_view shell);

}  // namespace isodb::cli
