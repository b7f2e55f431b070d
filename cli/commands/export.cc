#include "cli/commands.h"
#include "cli/exchange_options.h"
#include "cli/output_file.h"
#include "cli/text.h"
#include "exchange/csv.h"
#include "exchange/folder.h"
#include "exchange/git_export.h"
#include "exchange/json_lines.h"

namespace isodb::cli {
namespace {

using exchange::ByteSink;
using enum ExchangeFormat;

struct Arguments {
  ExchangeWords words;
  std::string prefix, revision = "@", separator = ",";
  std::optional<std::string> columns;
  std::vector<std::string> refs;
  bool skip_bad = false, skip_unsupported = false, force = false;
};

void declare(Options& options, Arguments& arguments) {
  options.argument("[FORMAT]", &arguments.words.format,
                   "git, folder, jsonl or csv; default: by the file's name");
  options.argument("[FILE]", &arguments.words.place,
                   "what to write, or the folder; default: -, standard output");
  options.option("--at REV", &arguments.revision,
                 "folder, jsonl, csv: as this revision has it; default: @");
  options.option("--prefix PREFIX", &arguments.prefix, "only the documents below this folder");
  options.option("--ref REF", &arguments.refs,
                 "git: only this ref and what it reaches; any number of times; default: all");
  options.option("--columns NAMES", &arguments.columns,
                 "csv: these members, between commas; default: all that occur");
  options.option("--separator CHARACTER", &arguments.separator,
                 "csv: what stands between fields, or 'tab'; default: a comma");
  options.flag("--skip-bad", arguments.skip_bad,
               "jsonl, csv: leave out documents that are no such record, and count them");
  options.flag("--skip-unsupported", arguments.skip_unsupported,
               "git, folder: leave out what cannot be held there, and report it");
  options.flag("--force", arguments.force, "folder: write into one that holds files");
}

void check_options(const Arguments& arguments, const Exchange& exchange, const Context& context) {
  const ExchangeFormat format = exchange.format;
  check_option("--at", arguments.revision != "@", format, {kFolder, kJsonLines, kCsv});
  check_option("--prefix", !arguments.prefix.empty(), format, {kFolder, kJsonLines, kCsv});
  check_option("--ref", !arguments.refs.empty(), format, {kGit});
  check_option("--columns", arguments.columns.has_value(), format, {kCsv});
  check_option("--separator", arguments.separator != ",", format, {kCsv});
  check_option("--skip-bad", arguments.skip_bad, format, {kJsonLines, kCsv});
  check_option("--skip-unsupported", arguments.skip_unsupported, format, {kGit, kFolder});
  check_option("--force", arguments.force, format, {kFolder});
  if (format == kFolder && exchange.place == "-") {
    throw Error(ErrorCode::kInvalid, "no folder is named", "isodb export folder DIR");
  }
  if (context.json() && exchange.place == "-") {
    throw Error(ErrorCode::kInvalid, "--json needs a file to export to",
                "standard output carries the export itself otherwise");
  }
}

std::vector<std::string> columns_of(const Arguments& arguments) {
  std::vector<std::string> columns;
  if (!arguments.columns) return columns;
  std::string_view rest = *arguments.columns;
  for (std::size_t comma = 0; comma != std::string_view::npos;) {
    comma = rest.find(',');
    columns.emplace_back(rest.substr(0, comma));
    if (comma != std::string_view::npos) rest.remove_prefix(comma + 1);
  }
  return columns;
}

JsonObject summary(const Exchange& exchange) {
  JsonObject object;
  object.string("format", format_name(exchange.format)).string("file", printable(exchange.place));
  return object;
}

/// To standard output when that carries no export.
void say(Context& context, const Exchange& exchange, const std::string& text) {
  if (exchange.place == "-") {
    context.note(text);
  } else if (!context.quiet()) {
    context.out() << text << "\n";
  }
}

void export_folder(const Arguments& arguments, const Exchange& exchange, Context& context) {
  const Snapshot snapshot = context.repository(Access::kRead).snapshot(arguments.revision);
  const exchange::FolderReport report =
      exchange::export_folder(snapshot, exchange.place,
                              {.prefix = arguments.prefix,
                               .overwrite = arguments.force,
                               .skip_unsupported = arguments.skip_unsupported,
                               .progress = context.progress("files")});
  note_skipped(context, report.skipped_count, report.skipped);
  if (context.json()) {
    JsonObject object = summary(exchange);
    object.number("documents", report.documents).number("bytes", report.bytes);
    add_skipped(object, report.skipped_count, report.skipped);
    return context.print(object);
  }
  say(context, exchange,
      "exported " + counted(report.documents, "document") + " (" + human_bytes(report.bytes) + ")");
}

void export_git(const Arguments& arguments, const Exchange& exchange, Context& context,
                ByteSink& sink, const std::function<void()>& finish) {
  const exchange::GitExportReport report =
      exchange::export_git(context.repository(Access::kRead), sink,
                           {.refs = arguments.refs,
                            .skip_unsupported = arguments.skip_unsupported,
                            .progress = context.progress("commits")});
  finish();
  note_skipped(context, report.skipped.size(), report.skipped);
  if (report.metadata_dropped > 0) {
    context.note("metadata is not carried: " + counted(report.metadata_dropped, "version"));
  }
  if (context.json()) {
    JsonObject object = summary(exchange);
    object.number("bytes", report.bytes)
        .number("commits", report.commits)
        .number("tags", report.tags)
        .number("refs", report.refs)
        .number("documents", report.documents)
        .number("metadata_dropped", report.metadata_dropped);
    add_skipped(object, report.skipped.size(), report.skipped);
    return context.print(object);
  }
  say(context, exchange,
      "exported " + counted(report.commits, "commit") + ", " +
          counted(report.documents, "document version") + " and " + counted(report.refs, "ref") +
          " (" + human_bytes(report.bytes) + ")");
}

void export_records(const Arguments& arguments, const Exchange& exchange, Context& context,
                    ByteSink& sink, const std::function<void()>& finish) {
  const Snapshot snapshot = context.repository(Access::kRead).snapshot(arguments.revision);
  const exchange::RecordExportOptions options{.prefix = arguments.prefix,
                                              .skip_bad = arguments.skip_bad,
                                              .progress = context.progress("documents")};
  const exchange::RecordExportReport report =
      exchange.format == kCsv
          ? exchange::export_csv(snapshot, sink, columns_of(arguments),
                                 {.separator = separator_of(arguments.separator)}, options)
          : exchange::export_json_lines(snapshot, sink, options);
  finish();
  note_skipped(context, report.skipped_count, report.skipped);
  if (context.json()) {
    JsonObject object = summary(exchange);
    object.number("documents", report.documents).number("bytes", report.bytes);
    add_skipped(object, report.skipped_count, report.skipped);
    return context.print(object);
  }
  say(context, exchange,
      "exported " + counted(report.documents, "document") + " (" + human_bytes(report.bytes) + ")");
}

ExitCode run(const Arguments& arguments, Context& context) {
  const Exchange exchange = exchange_of(arguments.words);
  check_options(arguments, exchange, context);
  if (exchange.format == kFolder) {
    export_folder(arguments, exchange, context);
    return ExitCode::kDone;
  }
  std::optional<OutputFile> file;
  if (exchange.place != "-") file.emplace(exchange.place);
  ByteSink sink([&](ByteView bytes) {
    if (file) {
      file->write(bytes);
    } else {
      context.out() << bytes;
    }
  });
  const auto finish = [&] {
    if (file) file->finish();
  };
  if (exchange.format == kGit) {
    export_git(arguments, exchange, context, sink, finish);
  } else {
    export_records(arguments, exchange, context, sink, finish);
  }
  return ExitCode::kDone;
}

}  // namespace

Command export_command() {
  return {
      .name = "export",
      .summary = "write history as a git stream, or documents as files, JSON Lines or CSV",
      .details =
          "A file appears under its name complete or not at all. What lies below .isodb/ is "
          "never exported.\n\n"
          "git: a stream for 'git fast-import', with all refs or those named. What was imported "
          "from git comes out as it was there; commits made here carry the fingerprint of their "
          "author's key for a name.\n\n"
          "folder: every document as a file.\n\n"
          "jsonl, csv: every JSON document as a line, in the order of their paths.",
      .examples = {{"isodb export git | git -C copy fast-import", "the history for git"},
                   {"isodb export people.csv --prefix people --columns id,name",
                    "two members of every document in people/"},
                   {"isodb export folder out --at v1", "every document as tag v1 has it"}},
      .declare = bind<Arguments>(declare, run),
      .children = {}};
}

}  // namespace isodb::cli
