#include "cli/commands.h"
#include "cli/findings.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::string revision;
};

void declare(Options& options, Arguments& arguments) {
  options.argument("[REV]", &arguments.revision,
                   "verify what led to this revision; default: every ref");
}

ExitCode run(const Arguments& arguments, Context& context) {
  const Repository& repository = context.repository(Access::kRead);
  return print_findings(context, repository.verify(arguments.revision, context.progress("commits")),
                        "every commit holds: signature, clock, sequence, parents, rights");
}

}  // namespace

Command verify_command() {
  return {.name = "verify",
          .summary = "check the signatures of a history again",
          .details =
              "Each commit's signature, clock, sequence and parents, and that its author might "
              "write what it wrote. Oldest first, so the first problem named is the first bad "
              "commit. Exit code 5 when there is one. 'isodb fsck' checks the stored bytes.",
          .examples = {{"isodb verify", "every branch and tag"},
                       {"isodb verify v1 --json", "what led to the tag v1, for a program"}},
          .declare = bind<Arguments>(declare, run),
          .children = {}};
}

}  // namespace isodb::cli
