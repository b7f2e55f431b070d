#include <filesystem>

#include "cli/commands.h"
#include "cli/error_report.h"
#include "cli/findings.h"
#include "cli/meeting.h"
#include "cli/sync_view.h"
#include "cli/text.h"
#include "isodb/mend.h"

namespace isodb::cli {
namespace {

constexpr const char* kClean = "every object is there and is what its id says";

struct Arguments {
  std::optional<std::string> repair_from;
  PeerOptions peer;
};

void declare(Options& options, Arguments& arguments) {
  options.option("--repair-from REMOTE", &arguments.repair_from,
                 "fetch what is damaged or missing from this remote, URL, folder or bundle file");
  arguments.peer.declare(options);
}

void print_mended(Context& context, const sync::MendReport& report) {
  for (const sync::MendedObject& one : report.mended) {
    const std::string type(object_type_name(one.type));
    if (context.json()) {
      context.print(
          JsonObject().id("mended", one.id).string("type", type).string("where", one.where));
    } else if (!context.quiet()) {
      context.out() << "mended: " << printable(one.where) << ": " << type << " "
                    << one.id.short_hex() << "\n";
    }
  }
  for (const std::string& file : report.files) {
    if (context.json()) {
      context.print(JsonObject().string("written_anew", file));
    } else if (!context.quiet()) {
      context.out() << "written anew without what was damaged: " << file << "\n";
    }
  }
}

sync::MendReport mend(Context& context, const Arguments& arguments, const StopOnSignal& stop) {
  Repository& repository = context.repository(Access::kWrite);
  const std::string& word = *arguments.repair_from;
  sync::MendOptions options;
  options.progress = context.progress("objects");
  std::error_code ignored;
  if (std::filesystem::is_regular_file(word, ignored)) {
    return sync::mend_from_bundle(repository, word, options);
  }
  sync::Remote remote = sync::remote_of(repository, word);
  arguments.peer.apply(remote);
  options.conversation = arguments.peer.sync_options(sync::Direction::kFetch);
  options.conversation.stop = &stop.request();
  add_conversation(context, remote.name.empty() ? remote.url : remote.name, remote,
                   options.conversation);
  sync::MendReport report = sync::mend_from(repository, remote, options);
  if (report.error) report.error = error_of(remote, *report.error);
  return report;
}

ExitCode run_repair(const Arguments& arguments, Context& context) {
  const StopOnSignal stop;
  const sync::MendReport report = mend(context, arguments, stop);
  print_mended(context, report);
  const ExitCode code = print_findings(context, report.remaining, kClean, report.not_seen);
  context.out().flush();
  if (stop.request().requested()) end_if_stopped();
  if (code == ExitCode::kDone || !report.error) return code;
  sync::SyncResult result;
  result.error = report.error;
  result.unreachable = report.unreachable;
  const ExitCode of_peer = exit_code_of(result);
  report_error(*report.error, of_peer, context.json() ? ErrorForm::kJson : ErrorForm::kText);
  return report.unreachable ? of_peer : code;
}

ExitCode run(const Arguments& arguments, Context& context) {
  if (arguments.repair_from) return run_repair(arguments, context);
  const Repository& repository = context.repository(Access::kRead);
  NotSeen not_seen;
  const std::vector<Finding> findings = repository.fsck(context.progress("objects"), &not_seen);
  const ExitCode code = print_findings(context, findings, kClean, not_seen);
  if (!findings.empty()) {
    context.note(
        "'isodb fsck --repair-from REMOTE' fetches what is damaged from a device, a folder "
        "or a bundle that has it");
  }
  return code;
}

}  // namespace

Command fsck_command() {
  return {.name = "fsck",
          .summary = "check every stored byte",
          .details =
              "Reads and hashes every object again, checks the layout of trees and commits, and "
              "that everything is there that a ref leads to. Names what is damaged: files, "
              "objects, and the commits and paths that they are for. Exit code 5 when something is "
              "damaged or missing; a partial copy may lack what is outside of its scope, and says "
              "how much that is. 'isodb verify' checks signatures.\n\n"
              "--repair-from fetches that, and nothing else, from another repository or a bundle "
              "file, proves it by its hash, stores it, and writes damaged packs anew without what "
              "was damaged. What is still broken then is named, with exit code 5. It can be "
              "interrupted, and run again with another remote.",
          .examples = {{"isodb fsck", "is this disk still good?"},
                       {"isodb fsck --repair-from origin", "mend it with what origin has"},
                       {"isodb fsck --json | jq -r 'select(.where).where'",
                        "the damaged objects, for a program"}},
          .declare = bind<Arguments>(declare, run),
          .children = {}};
}

}  // namespace isodb::cli
