#include "cli/help.h"

#include <algorithm>

#include "cli/commands.h"
#include "cli/text.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::vector<std::string> names;
};

void declare(Options& options, Arguments& arguments) {
  options.argument("[COMMAND...]", &arguments.names, "a command, and a word below it");
}

ExitCode run(const Arguments& arguments, Context& context) {
  context.page();
  if (arguments.names.empty()) {
    context.out() << program_help(context.out());
    return ExitCode::kDone;
  }
  const CommandName* found = find_command(arguments.names.front());
  if (found == nullptr) {
    std::vector<std::string> known;
    for (const CommandName& name : command_names()) known.emplace_back(name.name);
    throw Error(ErrorCode::kNotFound, "no command '" + arguments.names.front() + "'",
                did_you_mean(nearest(arguments.names.front(), known)));
  }
  Command command = found->make();
  std::string call = "isodb " + command.name;
  for (std::size_t i = 1; i < arguments.names.size(); ++i) {
    const auto child = std::ranges::find(command.children, arguments.names[i], &Command::name);
    if (child == command.children.end()) {
      throw Error(ErrorCode::kNotFound,
                  "'" + call + "' has no command '" + arguments.names[i] + "'");
    }
    call += " " + child->name;
    Command next = std::move(*child);
    command = std::move(next);
  }
  context.out() << command_help(call, command, context.out());
  return ExitCode::kDone;
}

}  // namespace

Command help_command() {
  return {.name = "help",
          .summary = "say what the program or a command does",
          .details = "",
          .examples = {{"isodb help", "list all commands"},
                       {"isodb help put", "how to put a document; the same as 'isodb put --help'"}},
          .declare = bind<Arguments>(declare, run),
          .children = {}};
}

}  // namespace isodb::cli
