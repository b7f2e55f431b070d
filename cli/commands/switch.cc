#include "cli/change.h"
#include "cli/commands.h"
#include "cli/ref_option.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::string name;
  std::string revision = "@";
  bool create = false;
};

void declare(Options& options, Arguments& arguments) {
  options.argument("BRANCH", &arguments.name, "the branch");
  options.argument("[REV]", &arguments.revision, "with -c: where it begins; default: @");
  options.flag("-c,--create", arguments.create, "make the branch first");
}

ExitCode run(const Arguments& arguments, Context& context) {
  Repository& repository = context.repository(Access::kWrite);
  if (const auto draft = repository.draft()) {
    throw Error(ErrorCode::kInvalid, "a draft is open on " + branch_name(draft->branch),
                "'isodb commit' or 'isodb rollback' ends it");
  }
  if (arguments.create) {
    const std::string ref = new_ref(repository, kHeadsPrefix, arguments.name);
    const Id start = *repository.snapshot(arguments.revision).id();
    move_ref(repository, ref, std::nullopt, start, "branch: from " + arguments.revision);
  }
  const std::string ref = existing_ref(repository, kHeadsPrefix, arguments.name);
  repository.set_current_branch(ref);
  const std::optional<Id> head = repository.ref(ref);
  if (context.json()) {
    context.print(
        JsonObject().string("branch", branch_name(ref)).string("ref", ref).id("commit", head));
  } else if (!context.quiet()) {
    context.out() << "on branch " << context.paint(Style::kCyan, branch_name(ref)) << ", at "
                  << context.paint(Style::kYellow, short_text(head)) << "\n";
  }
  return ExitCode::kDone;
}

}  // namespace

Command switch_command() {
  return {.name = "switch",
          .summary = "make a branch the current one",
          .details =
              "The current branch is what '@' means, and what changes go to. It belongs to this "
              "clone and is refused while a draft is open.",
          .examples = {{"isodb switch trial", "work on the branch trial"},
                       {"isodb switch -c spring v1", "make a branch at the tag v1 and work on it"}},
          .declare = bind<Arguments>(declare, run),
          .children = {}};
}

}  // namespace isodb::cli
