#include "cli/commands.h"
#include "cli/findings.h"

namespace isodb::cli {
namespace {

struct Arguments {
  VerifyOptions verify;
};

void declare(Options& options, Arguments& arguments) {
  options.argument("[REV]", &arguments.verify.revision,
                   "verify what led to this revision; default: every ref");
  options.option("--since REV", &arguments.verify.since, "not what led to this revision");
  options.flag("--again", arguments.verify.again, "also what was verified before");
}

ExitCode run(const Arguments& arguments, Context& context) {
  const Repository& repository = context.repository(Access::kRead);
  NotSeen not_seen;
  const std::vector<Finding> findings =
      repository.verify(arguments.verify, context.progress("commits"), &not_seen);
  return print_findings(context, findings,
                        "every commit holds: signature, clock, sequence, parents, rights, merges",
                        not_seen);
}

}  // namespace

Command verify_command() {
  return {
      .name = "verify",
      .summary = "check the signatures of a history again",
      .details =
          "Each commit's signature, clock, sequence and parents, that its author might write "
          "what it wrote, and that merging its parents gives the base that it states. Oldest "
          "first, so the first problem named is the first bad commit. Exit code 5 when there is "
          "one. What held is remembered and not checked again without --again. A partial copy "
          "says how many merges it could not compute for want of contents. 'isodb fsck' "
          "checks the stored bytes.",
      .examples = {{"isodb verify", "every branch and tag"},
                   {"isodb verify v1 --json", "what led to the tag v1, for a program"}},
      .declare = bind<Arguments>(declare, run),
      .children = {}};
}

}  // namespace isodb::cli
