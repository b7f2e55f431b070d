#include "cli/commands.h"
#include "cli/findings.h"

namespace isodb::cli {
namespace {

ExitCode run(Context& context) {
  const Repository& repository = context.repository(Access::kRead);
  NotSeen not_seen;
  const std::vector<Finding> findings = repository.fsck(context.progress("objects"), &not_seen);
  return print_findings(context, findings, "every object is there and is what its id says",
                        not_seen);
}

}  // namespace

Command fsck_command() {
  return {.name = "fsck",
          .summary = "check every stored byte",
          .details =
              "Reads and hashes every object again, checks the layout of trees and commits, and "
              "that everything is there that a ref leads to. Exit code 5 when something is damaged "
              "or missing; a partial copy may lack what is outside of its scope, and says how much "
              "that is. 'isodb verify' checks signatures.",
          .examples = {{"isodb fsck", "is this disk still good?"},
                       {"isodb fsck --json | jq -r 'select(.where).where'",
                        "the damaged objects, for a program"}},
          .declare = bind(run),
          .children = {}};
}

}  // namespace isodb::cli
