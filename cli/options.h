#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace isodb::cli {

/// Where a parsed value goes. Its type says how the value reads: a bool is a flag, a vector takes
/// the option any number of times.
using Target = std::variant<bool*, std::string*, std::optional<std::string>*, std::uint64_t*,
                            std::optional<std::uint64_t>*, std::vector<std::string>*>;

struct Option {
  std::vector<std::string> names;  ///< "-m", "--message"
  std::string value;               ///< "TEXT"; "" for a flag
  std::string help;
  std::vector<std::string> choices;  ///< the values allowed; empty: any
  Target target;
};

struct Argument {
  std::string name;  ///< "PATH"
  std::string help;
  bool required = true;
  bool many = false;
  Target target;
};

/// What one command takes: described once, for the parser, --help, the man page and completion.
/// The value words mean: PATH a document, PREFIX a folder or document, REV a revision, BRANCH and
/// TAG and REF names, REMOTE another repository, ID an object, FILE and DIR the machine's files.
/// The parser refuses an empty PATH, PREFIX and REV.
class Options {
 public:
  /// spelling "PATH", "[PATH]" (may be left out), "PATH..." (one or more), "[PATH...]" (any
  /// number). Several values need a vector, an optional one a default or std::optional.
  void argument(std::string_view spelling, Target target, std::string help);
  /// spelling "--at REV" or "-m,--message TEXT".
  void option(std::string_view spelling, Target target, std::string help,
              std::vector<std::string> choices = {});
  /// spelling "--long" or "-r,--recursive".
  void flag(std::string_view spelling, bool& target, std::string help);

  const std::vector<Option>& options() const { return options_; }
  const std::vector<Argument>& arguments() const { return arguments_; }

 private:
  std::vector<Option> options_;
  std::vector<Argument> arguments_;
};

}  // namespace isodb::cli
