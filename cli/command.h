#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/context.h"
#include "cli/exit_code.h"
#include "cli/options.h"

namespace isodb::cli {

/// What a command does once its command line is parsed. Throws isodb::Error for what goes wrong.
using Action = std::function<ExitCode(Context&)>;

struct Example {
  std::string command;  ///< "isodb get farm/field-7.json"
  std::string help;     ///< "print a document"
};

/// One command of the program, or one word below it ("ref get"). Described once, for the parser,
/// --help, the man page and completion.
struct Command {
  std::string name;
  std::string summary;            ///< one line, lower case, no full stop: "print a document"
  std::string details;            ///< sentences for --help and the man page; paragraphs by "\n\n"
  std::vector<Example> examples;  ///< two or more, of the outermost command
  /// Declares what the command takes, and returns what it does; empty for a command that needs one
  /// of `children`.
  std::function<Action(Options&)> declare;
  std::vector<Command> children;
  bool hidden = false;  ///< left out of help, the man page and completion
};

/// Command::declare from two plain functions and the struct that carries values from one to the
/// other.
template <typename Arguments>
std::function<Action(Options&)> bind(void (*declare)(Options&, Arguments&),
                                     ExitCode (*run)(const Arguments&, Context&)) {
  return [declare, run](Options& options) -> Action {
    auto arguments = std::make_shared<Arguments>();
    declare(options, *arguments);
    return [run, arguments](Context& context) { return run(*arguments, context); };
  };
}

/// The same for a command that takes nothing.
inline std::function<Action(Options&)> bind(ExitCode (*run)(Context&)) {
  return [run](Options&) -> Action { return run; };
}

}  // namespace isodb::cli
