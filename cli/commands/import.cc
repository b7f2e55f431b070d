#include <filesystem>

#include "cli/change.h"
#include "cli/commands.h"
#include "cli/exchange_options.h"
#include "cli/held_back.h"
#include "cli/text.h"
#include "exchange/byte_source.h"
#include "exchange/csv.h"
#include "exchange/folder.h"
#include "exchange/git_import.h"
#include "exchange/json_lines.h"

namespace isodb::cli {
namespace {

using exchange::ByteSource;
using enum ExchangeFormat;

struct Arguments {
  ExchangeWords words;
  std::string prefix, separator = ",";
  std::optional<std::string> key, message;
  std::optional<std::uint64_t> batch;
  bool types = false, mirror = false, force = false, done = false;
  bool skip_bad = false, skip_unsupported = false;
};

void declare(Options& options, Arguments& arguments) {
  options.argument("[FORMAT]", &arguments.words.format,
                   "git, folder, jsonl or csv; default: by the file's name");
  options.argument("[FILE]", &arguments.words.place,
                   "what to read, or the folder; default: -, standard input");
  options.option("--prefix PREFIX", &arguments.prefix, "put the documents below this folder");
  options.option("--key KEY", &arguments.key,
                 "what names a document: a JSON Pointer (jsonl) or a column (csv); default: "
                 "a new UUIDv7 for each");
  options.flag("--types", arguments.types,
               "csv: unquoted numbers, true, false and empty fields become numbers, booleans "
               "and null");
  options.option("--separator CHARACTER", &arguments.separator,
                 "csv: what stands between fields, or 'tab'; default: a comma");
  options.flag("--mirror", arguments.mirror,
               "folder: remove documents below the prefix that are not in the folder");
  options.option("--batch COUNT", &arguments.batch,
                 "a commit after every COUNT documents, durable at once; default: one commit");
  options.flag("--skip-bad", arguments.skip_bad, "jsonl, csv: leave out bad lines and count them");
  options.flag("--skip-unsupported", arguments.skip_unsupported,
               "git, folder: leave out paths that cannot be held, and report them");
  options.flag("--force", arguments.force,
               "git: move refs even where they lose commits, and delete refs");
  options.flag("--done", arguments.done, "git: the stream has to end with 'done'");
  options.option("-m,--message TEXT", &arguments.message, "the commit's message");
}

void check_options(const Arguments& arguments, ExchangeFormat format) {
  check_option("--prefix", !arguments.prefix.empty(), format, {kFolder, kJsonLines, kCsv});
  check_option("--key", arguments.key.has_value(), format, {kJsonLines, kCsv});
  check_option("--types", arguments.types, format, {kCsv});
  check_option("--separator", arguments.separator != ",", format, {kCsv});
  check_option("--mirror", arguments.mirror, format, {kFolder});
  check_option("--batch", arguments.batch.has_value(), format, {kFolder, kJsonLines, kCsv});
  check_option("--skip-bad", arguments.skip_bad, format, {kJsonLines, kCsv});
  check_option("--skip-unsupported", arguments.skip_unsupported, format, {kGit, kFolder});
  check_option("--force", arguments.force, format, {kGit});
  check_option("--done", arguments.done, format, {kGit});
  check_option("--message", arguments.message.has_value(), format, {kFolder, kJsonLines, kCsv});
  if (arguments.batch == 0u) throw Error(ErrorCode::kInvalid, "--batch takes a number from 1");
}

Bytes message_of(const Arguments& arguments, const Exchange& exchange) {
  if (arguments.message) return *arguments.message;
  if (exchange.place == "-") return "import " + std::string(format_name(exchange.format));
  std::filesystem::path place(exchange.place);
  if (!place.has_filename()) place = place.parent_path();
  return "import " + printable(place.filename().string());
}

std::string in_commits(std::size_t count) {
  return count == 1 ? "" : count == 0 ? "; nothing changed" : " in " + counted(count, "commit");
}

JsonObject summary(const Exchange& exchange) {
  JsonObject object;
  object.string("format", format_name(exchange.format)).string("file", printable(exchange.place));
  return object;
}

void add_commits(JsonObject& object, const std::vector<CommitId>& commits) {
  std::optional<Id> last;
  if (!commits.empty()) last = commits.back();
  object.number("commits", commits.size()).id("commit", last);
}

ExitCode import_git(const Arguments& arguments, const Exchange& exchange, Context& context) {
  ByteSource source = ByteSource::open(exchange.place);
  const exchange::GitImportReport report =
      exchange::import_git(context.repository(Access::kWrite), source,
                           {.force = arguments.force,
                            .skip_unsupported = arguments.skip_unsupported,
                            .needs_done = arguments.done,
                            .progress = context.progress("bytes")});
  note_skipped(context, report.skipped.size(), report.skipped);
  if (report.skipped_changes > 0) {
    context.note("changes left out: " + grouped(report.skipped_changes) +
                 "; an export will differ from the source");
  }
  if (report.signatures_dropped > 0) {
    context.note("signatures are not carried: " + counted(report.signatures_dropped, "commit"));
  }
  if (context.json()) {
    JsonObject object = summary(exchange);
    std::vector<JsonObject> refs;
    for (const auto& ref : report.refs) {
      refs.emplace_back().string("ref", ref.name).id("before", ref.before).id("after", ref.after);
    }
    object.number("bytes", report.bytes)
        .number("commits", report.commits)
        .number("merges", report.merges)
        .number("tags", report.tags)
        .number("documents", report.documents)
        .number("signatures_dropped", report.signatures_dropped)
        .objects("refs", refs)
        .string("branch", context.repository(Access::kWrite).current_branch());
    add_skipped(object, report.skipped_changes, report.skipped);
    context.print(object);
    return ExitCode::kDone;
  }
  if (context.quiet()) return ExitCode::kDone;
  context.out() << "imported " << counted(report.commits, "commit") << " ("
                << counted(report.merges, "merge") << "), "
                << counted(report.documents, "document version") << " and "
                << counted(report.tags, "tag") << " from " << human_bytes(report.bytes) << "\n";
  for (const auto& ref : report.refs) {
    context.out() << "  " << printable(ref.name) << " "
                  << (ref.before ? ref.before->short_hex() + " -> " : "")
                  << (ref.after ? ref.after->short_hex() : "deleted") << "\n";
  }
  if (report.switched) {
    context.out() << "the current branch is now " << printable(branch_name(*report.switched))
                  << "\n";
  }
  return ExitCode::kDone;
}

ExitCode import_folder(const Arguments& arguments, const Exchange& exchange, Context& context) {
  if (exchange.place == "-") {
    throw Error(ErrorCode::kInvalid, "no folder is named", "isodb import folder DIR");
  }
  const exchange::FolderReport report =
      exchange::import_folder(context.repository(Access::kWrite), exchange.place,
                              {.prefix = arguments.prefix,
                               .mirror = arguments.mirror,
                               .skip_unsupported = arguments.skip_unsupported,
                               .batch = arguments.batch.value_or(0),
                               .message = message_of(arguments, exchange),
                               .progress = context.progress("files")});
  note_skipped(context, report.skipped_count, report.skipped);
  if (context.json()) {
    JsonObject object = summary(exchange);
    object.number("documents", report.documents)
        .number("removed", report.removed)
        .number("bytes", report.bytes);
    add_commits(object, report.commits);
    add_skipped(object, report.skipped_count, report.skipped);
    context.print(object);
    return ExitCode::kDone;
  }
  if (context.quiet()) return ExitCode::kDone;
  context.out() << "imported " << counted(report.documents, "document") << " ("
                << human_bytes(report.bytes) << ")";
  if (report.removed > 0) context.out() << ", removed " << grouped(report.removed);
  context.out() << in_commits(report.commits.size()) << "\n";
  return ExitCode::kDone;
}

ExitCode import_records(const Arguments& arguments, const Exchange& exchange, Context& context) {
  ByteSource source = ByteSource::open(exchange.place);
  const exchange::RecordImportOptions options{.prefix = arguments.prefix,
                                              .skip_bad = arguments.skip_bad,
                                              .batch = arguments.batch.value_or(0),
                                              .message = message_of(arguments, exchange),
                                              .progress = context.progress("bytes")};
  Repository& repository = context.repository(Access::kWrite);
  const exchange::RecordImportReport report =
      exchange.format == kCsv
          ? exchange::import_csv(
                repository, source, arguments.key,
                {.separator = separator_of(arguments.separator), .types = arguments.types}, options)
          : exchange::import_json_lines(repository, source, arguments.key, options);
  note_skipped(context, report.skipped_count, report.skipped);
  if (report.replaced > 0) {
    context.note(counted(report.replaced, "document") + " took the place of " +
                 (report.replaced == 1 ? "one" : "others") + " before with the same " +
                 arguments.key.value_or("key") +
                 "; without --key every one stays, under a path of its own");
  }
  if (context.json()) {
    JsonObject object = summary(exchange);
    object.number("documents", report.documents)
        .number("replaced", report.replaced)
        .number("bytes", report.bytes);
    add_commits(object, report.commits);
    add_skipped(object, report.skipped_count, report.skipped);
    context.print(object);
    return ExitCode::kDone;
  }
  if (context.quiet()) return ExitCode::kDone;
  context.out() << "imported " << counted(report.documents, "document") << " from "
                << human_bytes(report.bytes) << in_commits(report.commits.size()) << "\n";
  return ExitCode::kDone;
}

ExitCode import_as(const Exchange& exchange, const Arguments& arguments, Context& context) {
  switch (exchange.format) {
    case kGit:
      return import_git(arguments, exchange, context);
    case kFolder:
      return import_folder(arguments, exchange, context);
    default:
      return import_records(arguments, exchange, context);
  }
}

ExitCode run(const Arguments& arguments, Context& context) {
  const Exchange exchange = exchange_of(arguments.words);
  check_options(arguments, exchange.format);
  const ExitCode code = import_as(exchange, arguments, context);
  note_held_back(context, held_back(context.repository(Access::kWrite)), "the newest commit");
  return code;
}

}  // namespace

Command import_command() {
  return {.name = "import",
          .summary = "read a git history, a folder, JSON Lines or CSV",
          .details =
              "Everything that is read becomes visible in one step at the end; whatever goes wrong "
              "before leaves the repository as it was. Only --batch commits as it goes.\n\n"
              "git: a stream as 'git fast-export --all' writes it. Branches, tags, merges, people, "
              "times and messages are kept, and export gives them back. In a repository that holds "
              "nothing yet, the stream's main branch becomes the current one.\n\n"
              "folder: every file below it, as the document of the same path.\n\n"
              "jsonl, csv: one document a line, below --prefix, named by --key.",
          .examples = {{"git fast-export --all | isodb import git", "a git history"},
                       {"isodb import people.jsonl --prefix people --key /id",
                        "a document a line, as people/<id>"},
                       {"isodb import folder notes --prefix notes --mirror",
                        "make notes/ equal to the folder"}},
          .declare = bind<Arguments>(declare, run),
          .children = {}};
}

}  // namespace isodb::cli
