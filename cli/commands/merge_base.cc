#include "cli/commands.h"
#include "cli/commit_view.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::string left, right;
};

void declare(Options& options, Arguments& arguments) {
  options.argument("REV", &arguments.left, "a revision");
  options.argument("REV", &arguments.right, "another one");
}

ExitCode run(const Arguments& arguments, Context& context) {
  const Repository& repository = context.repository(Access::kRead);
  const std::vector<CommitId> left = repository.resolve_heads(arguments.left);
  const std::vector<CommitId> right = repository.resolve_heads(arguments.right);
  CommitView view(context, repository);
  for (const CommitId& base : repository.common_heads(left, right)) {
    const Commit commit = repository.commit(base);
    if (context.json()) {
      context.print(view.json(base, commit));
    } else {
      context.out() << view.line(base, commit) << "\n";
    }
  }
  return ExitCode::kDone;
}

}  // namespace

Command merge_base_command() {
  return {.name = "merge-base",
          .summary = "show where two revisions parted",
          .details =
              "The newest commits that both have: several where they were merged with each other "
              "more than once.",
          .examples = {{"isodb merge-base main field-work", "what both branches began from"},
                       {"isodb merge-base @ v1 --json", "in full, for programs"}},
          .declare = bind<Arguments>(declare, run),
          .children = {}};
}

}  // namespace isodb::cli
