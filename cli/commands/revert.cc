#include "cli/change.h"
#include "cli/commands.h"
#include "cli/commit_view.h"
#include "cli/text.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::string revision;
  std::optional<std::string> message;
  bool skip_changed = false;
};

void declare(Options& options, Arguments& arguments) {
  options.argument("REV", &arguments.revision, "the commit to undo");
  options.option("-m,--message TEXT", &arguments.message, "the new commit's message");
  options.flag("--skip-changed", arguments.skip_changed,
               "leave documents as they are that changed since, and undo the rest");
}

void report(Context& context, const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    if (context.json()) {
      context.print(JsonObject().string("path", path).string("problem", "changed since"));
    } else {
      context.out() << context.paint(Style::kRed, "changed since: " + printable(path)) << "\n";
    }
  }
}

ExitCode run(const Arguments& arguments, Context& context) {
  Repository& repository = context.repository(Access::kWrite);
  const CommitId id = repository.resolve_commit(arguments.revision);
  const std::string subject = subject_of(repository.commit(id).message);
  Repository::Revert revert = repository.revert(id);
  report(context, revert.conflicts);
  if (!revert.conflicts.empty() && !arguments.skip_changed) {
    context.note(id.short_hex() +
                 " is not reverted: " + counted(revert.conflicts.size(), "document") +
                 " changed since; --skip-changed undoes the rest");
    if (context.json()) print_unchanged(context, repository.current_branch());
    return ExitCode::kConflicts;
  }
  const std::string message =
      arguments.message.value_or("revert \"" + subject + "\"\n\nUndoes commit " + id.hex() + ".");
  const ExitCode code =
      commit_and_print(context, revert.transaction, {.message = message, .reason = "revert"});
  return revert.conflicts.empty() ? code : ExitCode::kConflicts;
}

}  // namespace

Command revert_command() {
  return {.name = "revert",
          .summary = "undo what a commit did, by a new commit",
          .details =
              "Documents that changed since that commit are listed, and nothing is undone: exit "
              "code 4. With --skip-changed they stay as they are, and the rest is undone; the exit "
              "code is 4 still.",
          .examples = {{"isodb revert @", "undo the newest commit"},
                       {"isodb revert 3f2a9c1b --skip-changed",
                        "undo what can be undone of an older one"}},
          .declare = bind<Arguments>(declare, run),
          .children = {}};
}

}  // namespace isodb::cli
