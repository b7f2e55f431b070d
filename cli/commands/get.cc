#include "cli/commands.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::string path;
  std::string revision = "@";
};

void declare(Options& options, Arguments& arguments) {
  options.argument("PATH", &arguments.path, "the document");
  options.option("--at REV", &arguments.revision, "as this revision has it; default: @");
}

ExitCode run(const Arguments& arguments, Context& context) {
  const Snapshot snapshot = context.repository(Access::kRead).snapshot(arguments.revision);
  check_path(arguments.path);
  const bool found = snapshot.stream(arguments.path, [&](ByteView part) { context.out() << part; });
  if (!found) throw Error(ErrorCode::kNotFound, "no document " + arguments.path);
  return ExitCode::kDone;
}

}  // namespace

Command get_command() {
  return {.name = "get",
          .summary = "print a document",
          .details = "",
          .examples = {{"isodb get farm/field-7.json", "print a document as it is now"},
                       {"isodb get farm/field-7.json --at main~3", "as it was three commits ago"}},
          .declare = bind<Arguments>(declare, run),
          .children = {}};
}

}  // namespace isodb::cli
