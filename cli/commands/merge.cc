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
  options.flag("--patch", arguments.form.patch,
               "as a JSON Patch (RFC 6902); where several documents would change, with --json");
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
                    .number("merged_conflicts", outcome.paths_in_conflict)
                    .number("conflicts", outcome.paths_remaining));
}

/// A plan speaks of what would be.
void print_text(Context& context, const Arguments& arguments, const std::string& branch,
                const MergeOutcome& outcome) {
  const std::string id = context.paint(Style::kYellow, outcome.after.short_hex());
  const std::string name = branch_name(branch);
  if (!outcome.peeled.empty()) {
    context.out() << counted(outcome.peeled.size(), "commit") << (arguments.plan ? " would be" : "")
                  << " set aside: of revoked or copied writers, or too many\n";
  }
  switch (outcome.kind) {
    case MergeOutcome::Kind::kUpToDate:
      context.out() << name << " has all of " << arguments.revision
                    << (outcome.peeled.empty() ? " already\n" : " that counts already\n");
      break;
    case MergeOutcome::Kind::kFastForward:
      context.out() << name << (arguments.plan ? " would go forward to " : " goes forward to ")
                    << id << "\n";
      break;
    case MergeOutcome::Kind::kMerged:
      context.out() << name << (arguments.plan ? " would become the merge " : " is the merge ")
                    << id << " of " << counted(outcome.heads.size(), "commit") << "; "
                    << counted(outcome.merged_paths, "document")
                    << (arguments.plan ? " would have several versions\n"
                                       : " had several versions\n");
  }
}

std::string conflicts_text(const Arguments& arguments, const MergeOutcome& outcome) {
  const std::string count = counted(outcome.paths_remaining, "document");
  return arguments.plan ? count + " would be in conflict"
                        : count + " in conflict: 'isodb conflicts' lists them";
}

ExitCode finish(Context& context, const Arguments& arguments, const std::string& branch,
                const MergeOutcome& outcome) {
  if (context.json()) {
    print_json(context, branch, outcome);
  } else if (!context.quiet() && !arguments.form.patch) {
    print_text(context, arguments, branch, outcome);
  }
  if (outcome.paths_remaining == 0) return ExitCode::kDone;
  context.note(conflicts_text(arguments, outcome));
  return ExitCode::kConflicts;
}

void check(const Arguments& arguments) {
  if (!arguments.plan && arguments.form.is_given()) {
    throw Error(ErrorCode::kInvalid, "--stat, --name-only and --patch go with --plan");
  }
}

ExitCode show_plan(const Arguments& arguments, Context& context, const Repository& repository,
                   const std::string& branch, const MergePlan& plan) {
  const DiffForm form = arguments.form.form();
  if (form == DiffForm::kPatch && !context.json() && plan.changes().size() > 1) {
    throw Error(ErrorCode::kInvalid,
                "--patch shows one document, and the merge would change " +
                    counted(plan.changes().size(), "document"),
                "add --json for one JSON Patch a document");
  }
  context.page();
  DifferencePrinter printer(
      context, repository, form, reader_of(repository.snapshot(branch)),
      [&](const std::string&, const Entry& entry) { return plan.read(entry); });
  for (const Difference& difference : plan.changes()) printer.print(difference);
  printer.finish();
  return finish(context, arguments, branch, plan.outcome());
}

ExitCode run(const Arguments& arguments, Context& context) {
  check(arguments);
  Repository& repository = context.repository(arguments.plan ? Access::kRead : Access::kWrite);
  const std::string branch = arguments.branch
                                 ? existing_ref(repository, kHeadsPrefix, *arguments.branch)
                                 : repository.current_branch();
  if (!arguments.plan) {
    return finish(context, arguments, branch, repository.merge(arguments.revision, branch));
  }
  return show_plan(arguments, context, repository, branch,
                   repository.plan_merge(arguments.revision, branch));
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
