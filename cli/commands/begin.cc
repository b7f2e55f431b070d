#include "cli/change.h"
#include "cli/commands.h"

namespace isodb::cli {
namespace {

ExitCode run(Context& context) {
  Repository& repository = context.repository(Access::kWrite);
  if (const auto draft = repository.draft()) {
    throw Error(ErrorCode::kInvalid, "a draft is open already, on " + branch_name(draft->branch),
                "'isodb commit' or 'isodb rollback' ends it");
  }
  repository.begin_draft();
  const std::string branch = repository.current_branch();
  if (context.json()) {
    context.print(JsonObject().string("branch", branch).boolean("draft", true));
  } else if (!context.quiet()) {
    context.out() << "opened a draft on " << branch_name(branch) << "\n";
  }
  return ExitCode::kDone;
}

}  // namespace

Command begin_command() {
  return {.name = "begin",
          .summary = "open a draft: several changes, one commit",
          .details =
              "From here on put, rm, mv, cp, edit and patch change the draft instead of "
              "making a commit each. 'isodb commit' makes one commit of them; 'isodb "
              "rollback' drops them. The draft belongs to the repository and outlives the "
              "shell.",
          .examples = {{"isodb begin", "open a draft"},
                       {"isodb begin && isodb rm a.json && isodb put b.json b.json && isodb commit "
                        "-m 'a became b'",
                        "two changes in one commit"}},
          .declare = bind(run),
          .children = {}};
}

}  // namespace isodb::cli
