#include "cli/completion.h"

#include "cli/commands.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::string shell;
};

void declare(Options& options, Arguments& arguments) {
  options.argument("SHELL", &arguments.shell, "bash, zsh or fish");
}

ExitCode run(const Arguments& arguments, Context& context) {
  const std::string& shell = arguments.shell;
  if (shell != "bash" && shell != "zsh" && shell != "fish") {
    throw Error(ErrorCode::kInvalid, "there is no completion for the shell '" + shell + "'",
                "there is one for bash, zsh and fish");
  }
  context.out() << completion_script(shell);
  return ExitCode::kDone;
}

}  // namespace

Command completion_command() {
  return {.name = "completion",
          .summary = "print the script that completes isodb's words in a shell",
          .details = "It completes commands, options, documents, revisions and settings.",
          .examples = {{"source <(isodb completion bash)", "in ~/.bashrc"},
                       {"isodb completion fish > ~/.config/fish/completions/isodb.fish",
                        "for fish, once"}},
          .declare = bind<Arguments>(declare, run),
          .children = {}};
}

}  // namespace isodb::cli
