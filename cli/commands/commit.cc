#include "cli/change.h"
#include "cli/commands.h"
#include "cli/stale.h"
#include "cli/text.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::optional<std::string> message;
  bool allow_empty = false;
};

void declare(Options& options, Arguments& arguments) {
  options.option("-m,--message TEXT", &arguments.message,
                 "the commit's message; default: a list of what changed");
  options.flag("--allow-empty", arguments.allow_empty, "also when the draft holds no change");
}

/// "put a.json, rm b.json"; "change 12 documents" when they are many.
std::string summary(const std::vector<Difference>& changes) {
  constexpr std::size_t kNamedMax = 3;
  if (changes.size() > kNamedMax) return "change " + counted(changes.size(), "document");
  std::string text;
  for (const Difference& change : changes) {
    text += (text.empty() ? "" : ", ") + std::string(change.after ? "put " : "rm ") + change.path;
  }
  return text.empty() ? "checkpoint" : text;
}

ExitCode run(const Arguments& arguments, Context& context) {
  Repository& repository = context.repository(Access::kWrite);
  const auto draft = repository.draft();
  if (!draft) {
    throw Error(ErrorCode::kNotFound, "no draft is open, so there is nothing to commit",
                "'isodb begin' opens one; without it each change is a commit already");
  }
  if (draft->changes.empty() && !arguments.allow_empty) {
    throw Error(ErrorCode::kInvalid, "the draft holds no change",
                "--allow-empty commits it all the same; 'isodb rollback' drops it");
  }
  const std::string message = arguments.message.value_or(summary(draft->changes));
  const auto result =
      repository.commit_draft({.message = message, .allow_empty = arguments.allow_empty});
  if (const auto* stale = std::get_if<Stale>(&result)) {
    const StaleError error = stale_commit(*stale);
    throw StaleError(error.what(),
                     "the draft is as it was; 'isodb rollback' drops it, then make its changes "
                     "again on the newest state",
                     error.actual(), error.paths());
  }
  print_commit(context, draft->branch, std::get<CommitId>(result), message, draft->changes.size());
  return ExitCode::kDone;
}

}  // namespace

Command commit_command() {
  return {.name = "commit",
          .summary = "make one commit of the draft",
          .details =
              "When others committed to the branch meanwhile, the draft goes on top of "
              "theirs, unless both changed the same documents: then nothing happens and "
              "the exit code is 3.",
          .examples = {{"isodb commit -m 'spring sowing'", "commit the draft"},
                       {"isodb commit", "the same, with a list of the changes as its message"}},
          .declare = bind<Arguments>(declare, run),
          .children = {}};
}

}  // namespace isodb::cli
