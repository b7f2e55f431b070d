#include "isodb/backup.h"
#include "cli/commands.h"
#include "cli/text.h"
#include "isodb/error.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::string file;
  bool without_key = false;
};

void declare(Options& options, Arguments& arguments) {
  options.argument("FILE", &arguments.file, "the file to write, which is not there yet");
  options.flag("--without-key", arguments.without_key,
               "leave out the device's secret key: what is restored gets a new one");
}

ExitCode run(const Arguments& arguments, Context& context) {
  if (arguments.file == "-") {
    throw Error(ErrorCode::kInvalid, "a backup is a file, not a stream", "name the file");
  }
  BackupOptions options{.with_key = !arguments.without_key, .progress = context.progress("bytes")};
  const BackupInfo info = back_up(context.repository(Access::kRead), arguments.file, options);
  options.progress = {};
  if (context.json()) {
    context.print(JsonObject()
                      .string("file", info.file.string())
                      .number("bytes", info.bytes)
                      .string("time", iso_time(info.at_millis))
                      .id("repository", info.repository)
                      .boolean("with_key", info.with_key));
    return ExitCode::kDone;
  }
  if (context.quiet()) return ExitCode::kDone;
  context.out() << printable_line(info.file.string()) << ": " << human_bytes(info.bytes) << "\n";
  if (info.with_key) {
    context.note("the file holds this device's secret key: who has it can sign as this device");
  }
  return ExitCode::kDone;
}

}  // namespace

Command backup_command() {
  return {.name = "backup",
          .summary = "write all of the repository into one file",
          .details =
              "Everything as it is at one moment, while others read and write: commits, refs, "
              "reflog, settings, the draft, and the secret key that this device signs with. "
              "'isodb restore' makes a repository of it. Every other device has all commits, too; "
              "a backup also brings back what was not sent yet, and the key.",
          .examples = {{"isodb backup /media/stick/farm-2026-11-22.backup", "once a week"},
                       {"isodb backup farm.backup --without-key",
                        "for a place where others may read it"}},
          .declare = bind<Arguments>(declare, run),
          .children = {}};
}

}  // namespace isodb::cli
