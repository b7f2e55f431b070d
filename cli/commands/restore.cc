#include "cli/commands.h"
#include "cli/findings.h"
#include "cli/text.h"
#include "isodb/backup.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::string file;
  std::optional<std::string> directory;
};

void declare(Options& options, Arguments& arguments) {
  options.argument("FILE", &arguments.file, "what 'isodb backup' wrote");
  options.argument("[DIR]", &arguments.directory,
                   "the folder to make; default: what -C or ISODB_DIR names, else .isodb");
}

void print_restored(Context& context, const BackupInfo& info, const std::string& folder) {
  if (context.json()) {
    context.print(JsonObject()
                      .string("folder", folder)
                      .string("time", iso_time(info.at_millis))
                      .id("repository", info.repository)
                      .string("fingerprint", info.key.fingerprint())
                      .boolean("with_key", info.with_key));
    return;
  }
  if (context.quiet()) return;
  context.out() << "restored what was there at " << iso_time(info.at_millis) << " in " << folder
                << "\n  key  " << info.key.fingerprint() << (info.with_key ? "" : ", a new one")
                << "\n";
  if (!info.with_key) {
    context.note("an admin has to let the new key in: isodb member add " + info.key.text());
  }
}

ExitCode run(const Arguments& arguments, Context& context) {
  const std::filesystem::path folder = arguments.directory
                                           ? std::filesystem::path(*arguments.directory)
                                           : context.directory().value_or(".isodb");
  const BackupInfo info = restore(arguments.file, folder, context.progress("bytes"));
  print_restored(context, info, std::filesystem::absolute(folder).string());
  const Repository repository = Repository::open(folder);
  NotSeen not_seen;
  const std::vector<Finding> findings = repository.fsck(context.progress("objects"), &not_seen);
  return print_findings(context, findings, "every object is there and is what its id says",
                        not_seen);
}

}  // namespace

Command restore_command() {
  return {.name = "restore",
          .summary = "make a repository of a backup",
          .details =
              "What the backup holds comes back, with the key that this device signed with, and "
              "every byte is checked as by 'isodb fsck' (exit code 5: something is damaged). For "
              "others it is another clone of the same device, so that it does no harm where the "
              "old one is still alive; 'isodb sync' brings what has happened since.",
          .examples = {{"isodb restore /media/stick/farm-2026-11-22.backup farm.isodb",
                        "on the new tablet"},
                       {"isodb restore farm.backup", "into .isodb, in this folder"}},
          .declare = bind<Arguments>(declare, run),
          .children = {}};
}

}  // namespace isodb::cli
