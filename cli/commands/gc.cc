#include "cli/commands.h"
#include "cli/text.h"

namespace isodb::cli {
namespace {

ExitCode run(Context& context) {
  Repository& repository = context.repository(Access::kWrite);
  const Repository::Collected collected = repository.collect(context.progress("objects"));
  if (context.json()) {
    context.print(JsonObject()
                      .number("objects_dropped", collected.objects_dropped)
                      .number("bytes_before", collected.bytes_before)
                      .number("bytes_after", collected.bytes_after));
  } else if (!context.quiet()) {
    context.out() << "dropped " << counted(collected.objects_dropped, "object") << "; "
                  << human_bytes(collected.bytes_before) << " before, "
                  << human_bytes(collected.bytes_after) << " now\n";
  }
  return ExitCode::kDone;
}

}  // namespace

Command gc_command() {
  return {.name = "gc",
          .summary = "drop what nothing leads to and pack the rest",
          .details =
              "Objects stay that a ref, the reflog or the draft leads to. Others may go on reading "
              "and writing meanwhile. Storage stays bounded without it too; it gives back what "
              "deleted branches and dropped drafts took.",
          .examples = {{"isodb gc", "make the repository small"},
                       {"isodb gc --json", "the same, with the numbers for a program"}},
          .declare = bind(run),
          .children = {}};
}

}  // namespace isodb::cli
