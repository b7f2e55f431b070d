#include "isodb/recover.h"

#include <filesystem>

#include "cli/commands.h"
#include "cli/findings.h"
#include "cli/text.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::optional<std::string> directory;
  bool force = false;
};

void declare(Options& options, Arguments& arguments) {
  options.argument("[DIR]", &arguments.directory,
                   "the repository's folder; default: what -C or ISODB_DIR names, else .isodb");
  options.flag("-f,--force", arguments.force, "also where repo.db can be read");
}

void print_recovered(Context& context, const Recovered& recovered, const std::string& folder) {
  if (context.json()) {
    JsonObject object;
    object.string("folder", folder)
        .id("repository", recovered.repository)
        .string("set_aside", recovered.set_aside.string())
        .number("packs", recovered.packs)
        .number("objects", recovered.objects)
        .number("loose_objects", recovered.loose_objects)
        .number("commits", recovered.commits)
        .boolean("refs_known", recovered.refs_are_known);
    context.print(object);
    for (const RefInfo& ref : recovered.refs) {
      context.print(JsonObject().string("ref", ref.name).id("target", ref.target));
    }
    return;
  }
  if (context.quiet()) return;
  context.out() << "recovered " << counted(recovered.commits, "commit") << " in "
                << counted(recovered.packs, "pack") << " and "
                << counted(recovered.loose_objects, "loose object") << " in " << folder << "\n";
  for (const RefInfo& ref : recovered.refs) {
    context.out() << "  " << printable(ref.name) << "  " << ref.target.short_hex() << "\n";
  }
  if (!recovered.set_aside.empty()) {
    context.out() << "the old database is " << recovered.set_aside.string() << " now\n";
  }
}

/// Not a problem of the repository as it is now: said, and no more.
void print_lost(Context& context, const Recovered& recovered) {
  for (const Finding& lost : recovered.lost) {
    if (context.json()) {
      context.print(JsonObject().string("lost", lost.where).string("problem", lost.problem));
    } else {
      context.out() << context.paint(Style::kRed, "lost: " + printable(lost.where)) << ": "
                    << printable(lost.problem) << "\n";
    }
  }
}

ExitCode run(const Arguments& arguments, Context& context) {
  const std::filesystem::path named = arguments.directory
                                          ? std::filesystem::path(*arguments.directory)
                                          : context.directory().value_or(".isodb");
  const Recovered recovered =
      recover(named, {.force = arguments.force, .progress = context.progress("objects")});
  print_recovered(context, recovered, std::filesystem::absolute(named).string());
  print_lost(context, recovered);
  const Repository repository = Repository::open(named);
  NotSeen not_seen, not_computed;
  std::vector<Finding> findings = repository.fsck(context.progress("objects"), &not_seen);
  if (findings.empty()) {
    findings = repository.verify({.again = true}, context.progress("commits"), &not_computed);
    not_seen.merges = not_computed.merges;
  }
  return print_findings(context, findings, "what is there is whole, and every signature holds",
                        not_seen);
}

}  // namespace

Command recover_command() {
  return {.name = "recover",
          .summary = "make a lost or damaged repo.db anew from packs",
          .details =
              "For a repository whose repo.db is gone or cannot be read. Finds every commit in the "
              "packs, and in what is left of repo.db, and checks hash and signature. Branches and "
              "tags are as repo.db says, as far as that can be read; else the newest commit that "
              "no other descends from becomes main, others recovered/1 and so on. Says what is "
              "lost: what was not packed yet, drafts, the reflog, settings, names. Then checks "
              "the repository as 'isodb fsck' and 'isodb verify' do (exit code 5: something is "
              "missing; 'isodb fsck --repair-from' fetches it).\n\n"
              "The old repo.db is kept as repo.db.old-1. Others see the recovered repository as "
              "another clone of the same device; 'isodb sync' brings back what they know. Programs "
              "that have the repository open wait with their commits meanwhile, and have to open "
              "it again then.",
          .examples = {{"isodb recover farm.isodb", "repo.db is gone, packs are there"},
                       {"isodb -C farm.isodb sync office", "then, what others know"}},
          .declare = bind<Arguments>(declare, run),
          .children = {}};
}

}  // namespace isodb::cli
