#include "cli/commands.h"
#include "cli/text.h"

namespace isodb::cli {
namespace {

struct Arguments {
  bool expire_now = false;
};

void declare(Options& options, Arguments& arguments) {
  options.flag("--expire-now", arguments.expire_now,
               "forget every move of a ref but the newest of each, and drop what only they led to");
}

ExitCode run(const Arguments& arguments, Context& context) {
  Repository& repository = context.repository(Access::kWrite);
  const Repository::Collected collected =
      repository.collect({.expire_now = arguments.expire_now}, context.progress("objects"));
  if (context.json()) {
    context.print(JsonObject()
                      .number("objects_dropped", collected.objects_dropped)
                      .number("bytes_before", collected.bytes_before)
                      .number("bytes_after", collected.bytes_after)
                      .number("moves_forgotten", collected.moves_forgotten)
                      .number("held_micros", collected.held_micros));
  } else if (!context.quiet()) {
    if (collected.moves_forgotten > 0) {
      context.out() << "forgot " << counted(collected.moves_forgotten, "move") << " of refs; ";
    }
    context.out() << "dropped " << counted(collected.objects_dropped, "object") << "; "
                  << human_bytes(collected.bytes_before) << " before, "
                  << human_bytes(collected.bytes_after) << " now\n";
  }
  return ExitCode::kDone;
}

}  // namespace

Command gc_command() {
  return {
      .name = "gc",
      .summary = "drop what nothing leads to and pack the rest",
      .details =
          "Objects stay that a ref, the reflog, the draft or an unfinished sync leads to; the "
          "reflog forgets moves that are older than the setting reflog.keep-days says, 90 days, "
          "but the newest of each ref. Others go on reading and writing meanwhile. Programs "
          "that run for long do the same by themselves where there is much to drop, unless the "
          "setting gc.auto is off.",
      .examples = {{"isodb gc", "make the repository small"},
                   {"isodb gc --expire-now", "the same, and without undoing"},
                   {"isodb gc --json", "the numbers for a program"}},
      .declare = bind<Arguments>(declare, run),
      .children = {}};
}

}  // namespace isodb::cli
