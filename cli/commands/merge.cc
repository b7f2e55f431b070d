#include "cli/change.h"
#include "cli/commands.h"
#include "cli/document_diff.h"
#include "cli/ref_option.h"
#include "cli/text.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::string revision;
  std::optional<std::string> branch;
  bool plan = false;
  DiffFormOptions form;
};

void declare(Options& options, Arguments& arguments) {
  options.argument("REV", &arguments.revision, "whose commits to bring in");
  options.option("--into BRANCH", &arguments.branch, "the branch that gets them; default: @");
  options.flag("--plan", arguments.plan, "show what would change, and change nothing");
  arguments.form.declare(options);
}

std::string_view kind_name(MergeOutcome::Kind kind) {
  switch (kind) {
    case MergeOutcome::Kind::kUpToDate:
      return "up-to-date";
    case MergeOutcome::Kind::kFastForward:
      return "fast-forward";
    default:
      return "merged";
  }
}

void print_json(Context& context, const std::string& branch, const MergeOutcome& outcome) {
  context.print(JsonObject()
                    .string("branch", branch_name(branch))
                    .string("result", kind_name(outcome.kind))
                    .id("before", outcome.before)
                    .id("after", outcome.after)
                    .strings("heads", hex_of(outcome.heads))
                    .strings("peeled", hex_of(outcome.peeled))
                    .number("merged", outcome.merged_paths)
                    .number("conflicts", outcome.paths_in_conflict));
}

void print_text(Context& context, const Arguments& arguments, const std::string& branch,
                const MergeOutcome& outcome) {
  const std::string id = context.paint(Style::kYellow, outcome.after.short_hex());
  switch (outcome.kind) {
    case MergeOutcome::Kind::kUpToDate:
      context.out() << branch_name(branch) << " has all of " << arguments.revision << " already\n";
      break;
    case MergeOutcome::Kind::kFastForward:
      context.out() << branch_name(branch) << " goes forward to " << id << "\n";
      break;
    case MergeOutcome::Kind::kMerged:
      context.out() << branch_name(branch) << " is the merge " << id << " of "
                    << counted(outcome.heads.size(), "commit") << "; "
                    << counted(outcome.merged_paths, "document") << " had several versions\n";
  }
  if (!outcome.peeled.empty()) {
    context.out() << counted(outcome.peeled.size(), "commit")
                  << " set aside: of revoked or copied writers, or too many\n";
  }
}

ExitCode finish(Context& context, const Arguments& arguments, const std::string& branch,
                const MergeOutcome& outcome, std::string_view where) {
  if (context.json()) {
    print_json(context, branch, outcome);
  } else if (!context.quiet()) {
    print_text(context, arguments, branch, outcome);
  }
  if (outcome.paths_in_conflict == 0) return ExitCode::kDone;
  context.note(counted(outcome.paths_in_conflict, "document") + " in conflict" +
               std::string(where));
  return ExitCode::kConflicts;
}

ExitCode run(const Arguments& arguments, Context& context) {
  const DiffForm form = arguments.form.form();
  Repository& repository = context.repository(arguments.plan ? Access::kRead : Access::kWrite);
  const std::string branch = arguments.branch
                                 ? existing_ref(repository, kHeadsPrefix, *arguments.branch)
                                 : repository.current_branch();
  if (!arguments.plan) {
    return finish(context, arguments, branch, repository.merge(arguments.revision, branch),
                  ": 'isodb conflicts' lists them");
  }
  const MergePlan plan = repository.plan_merge(arguments.revision, branch);
  context.page();
  DifferencePrinter printer(
      context, repository, form, reader_of(repository.snapshot(branch)),
      [&](const std::string&, const Entry& entry) { return plan.read(entry); });
  for (const Difference& difference : plan.changes()) printer.print(difference);
  printer.finish();
  return finish(context, arguments, branch, plan.outcome(), " would be");
}

}  // namespace

Command merge_command() {
  return {
      .name = "merge",
      .summary = "bring other commits into a branch",
      .details =
          "Whoever has the same commits gets the same documents and the same merge, byte for "
          "byte. JSON documents are merged field by field, texts line by line, by the rules of "
          ".isodb/merge.json where there are any. Nothing has to be decided first: what merging "
          "could not decide is marked (exit code 4) and 'isodb conflicts' lists it.",
      .examples = {{"isodb merge trial --plan", "what would it change?"},
                   {"isodb merge trial", "bring the branch trial into the current one"}},
      .declare = bind<Arguments>(declare, run),
      .children = {}};
}

}  // namespace isodb::cli
