#include "cli/commands.h"
#include "cli/folder.h"
#include "cli/version.h"

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
  check_path(arguments.path);
  const Repository& repository = context.repository(Access::kRead);
  const std::vector<Version> versions = repository.versions(arguments.revision, arguments.path);
  if (versions.empty()) throw_no_document(repository.snapshot(arguments.revision), arguments.path);
  CommitView view(context, repository);
  context.page();
  if (context.json()) {
    for (const JsonObject& object : json_of_versions(versions, view)) context.print(object);
  } else {
    print_versions(context, view, repository, versions);
  }
  return ExitCode::kDone;
}

}  // namespace

Command versions_command() {
  return {.name = "versions",
          .summary = "list the concurrent versions of a document",
          .details =
              "Those that were written without knowledge of each other and that nobody has written "
              "over yet: one for most documents, several where they were merged. The last is the "
              "newest. 'isodb get PATH --version N' prints one.",
          .examples = {{"isodb versions farm/field-7.json", "who wrote what, side by side"},
                       {"isodb get farm/field-7.json --version 1", "print the first of them"}},
          .declare = bind<Arguments>(declare, run),
          .children = {}};
}

}  // namespace isodb::cli
