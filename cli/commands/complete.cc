#include "cli/commands.h"
#include "cli/completion.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::vector<std::string> words;
};

void declare(Options& options, Arguments& arguments) {
  options.argument("[WORD...]", &arguments.words, "the words so far, the last one unfinished");
}

ExitCode run(const Arguments& arguments, Context& context) {
  for (const Candidate& candidate : complete(arguments.words, context.out())) {
    context.out() << candidate.word << "\t" << candidate.help << "\n";
  }
  return ExitCode::kDone;
}

}  // namespace

Command complete_command() {
  return {.name = "complete",
          .summary = "what the completion scripts ask",
          .details = "",
          .examples = {{"isodb complete -- g", "the commands that begin with g"},
                       {"isodb complete -- get farm/", "the documents in the folder farm"}},
          .declare = bind<Arguments>(declare, run),
          .children = {},
          .hidden = true};
}

}  // namespace isodb::cli
