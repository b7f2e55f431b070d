#include "cli/man_page.h"

#include "cli/commands.h"

namespace isodb::cli {
namespace {

ExitCode run(Context& context) {
  context.out() << man_page();
  return ExitCode::kDone;
}

}  // namespace

Command man_page_command() {
  return {.name = "man_page",
          .summary = "print the manual page that docs/isodb.1 holds",
          .details = "",
          .examples = {{"isodb man_page > docs/isodb.1", "after a command changed"},
                       {"isodb man_page | mandoc -Tlint", "check it"}},
          .declare = bind(run),
          .children = {},
          .hidden = true};
}

}  // namespace isodb::cli
