#include "cli/commands.h"
#include "cli/text.h"
#include "cli/version.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::string prefix;
  std::string revision = "@";
};

void declare(Options& options, Arguments& arguments) {
  options.argument("[PREFIX]", &arguments.prefix, "only documents whose paths begin so");
  options.option("--at REV", &arguments.revision, "in this revision; default: @");
}

/// "content /weight", "media type", "the document"
std::string place_of(const ConflictReason& reason) {
  if (reason.part == "media-type") return "media type";
  const std::string field = reason.field.empty() ? "" : " " + reason.field;
  if (reason.part == "metadata") return "metadata" + field;
  return field.empty() ? "the document" : field.substr(1);
}

void print_text(Context& context, CommitView& view, const Repository& repository,
                const PathConflict& conflict) {
  context.out() << context.paint(Style::kRed, printable(conflict.path)) << "\n";
  for (const ConflictReason& reason : conflict.reasons) {
    context.out() << "  " << context.paint(Style::kCyan, printable(place_of(reason))) << ": "
                  << reason.reason << "\n";
  }
  if (!conflict.script_message.empty()) {
    context.out() << "  the script: " << printable(conflict.script_message) << "\n";
  }
  print_versions(context, view, repository, conflict.versions);
}

void print_json(Context& context, CommitView& view, const PathConflict& conflict) {
  std::vector<JsonObject> reasons;
  for (const ConflictReason& reason : conflict.reasons) {
    reasons.push_back(JsonObject()
                          .string("part", reason.part)
                          .string("field", reason.field)
                          .string("reason", reason.reason));
  }
  JsonObject object;
  object.string("path", conflict.path)
      .id("content", conflict.entry.content)
      .objects("reasons", reasons)
      .objects("versions", json_of_versions(conflict.versions, view));
  if (!conflict.script_message.empty()) object.string("script", conflict.script_message);
  context.print(object);
}

ExitCode run(const Arguments& arguments, Context& context) {
  const Repository& repository = context.repository(Access::kRead);
  CommitView view(context, repository);
  context.page();
  std::uint64_t count = 0;
  repository.conflicts(arguments.revision, arguments.prefix, [&](const PathConflict& conflict) {
    ++count;
    if (context.json()) {
      print_json(context, view, conflict);
    } else {
      print_text(context, view, repository, conflict);
    }
    return true;
  });
  if (count == 0) {
    context.note("nothing is in conflict");
    return ExitCode::kDone;
  }
  context.note(counted(count, "document") +
               " in conflict: 'isodb resolve PATH' settles one, for everybody");
  return ExitCode::kConflicts;
}

}  // namespace

Command conflicts_command() {
  return {
      .name = "conflicts",
      .summary = "list the documents that merging could not decide",
      .details =
          "Merging never stops: where two people wrote different values for one field, edited "
          "what the other deleted, or changed the same lines, it takes the newer one and marks "
          "the document. Everybody with the same commits sees the same marks, and whoever writes "
          "the document next removes them for all. Exit code 4 when there are any.",
      .examples = {{"isodb conflicts", "what is undecided, why, and by whom"},
                   {"isodb conflicts farm/ --json", "below one folder, for a program"}},
      .declare = bind<Arguments>(declare, run),
      .children = {}};
}

}  // namespace isodb::cli
