#include "cli/commands.h"
#include "cli/text.h"

namespace isodb::cli {
namespace {

ExitCode run(Context& context) {
  Repository& repository = context.repository(Access::kWrite);
  const auto draft = repository.draft();
  if (!draft) {
    throw Error(ErrorCode::kNotFound, "no draft is open", "to undo a commit, use 'isodb revert'");
  }
  repository.drop_draft();
  if (context.json()) {
    context.print(JsonObject().boolean("draft", false).number("dropped", draft->changes.size()));
  } else if (!context.quiet()) {
    context.out() << "dropped the draft with " << counted(draft->changes.size(), "change") << "\n";
  }
  return ExitCode::kDone;
}

}  // namespace

Command rollback_command() {
  return {.name = "rollback",
          .summary = "drop the draft and its changes",
          .details = "",
          .examples = {{"isodb rollback", "drop the draft"},
                       {"isodb status && isodb rollback", "look at it before it goes"}},
          .declare = bind(run),
          .children = {}};
}

}  // namespace isodb::cli
