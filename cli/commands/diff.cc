#include "cli/change.h"
#include "cli/commands.h"
#include "cli/document_diff.h"
#include "cli/folder.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::string before, after, path;
  DiffFormOptions form;
};

void declare(Options& options, Arguments& arguments) {
  options.argument("[REV]", &arguments.before, "the older side; default: what the draft began on");
  options.argument("[REV]", &arguments.after, "the newer side; default: @, or the draft");
  options.argument("[PATH]", &arguments.path, "only this document, or what is in this folder");
  arguments.form.declare(options);
  options.flag("--patch", arguments.form.patch,
               "as a JSON Patch (RFC 6902) that 'isodb patch' applies; PATH must be a document, "
               "except with --json");
}

/// The open draft against the commit it began on.
ExitCode diff_draft(Context& context, DiffForm form) {
  Repository& repository = context.repository(Access::kRead);
  const auto draft = repository.draft();
  if (!draft) {
    throw Error(ErrorCode::kNotFound, "no draft is open, so there is nothing to compare",
                "name revisions: 'isodb diff @~1 @' shows what the newest commit did");
  }
  if (form == DiffForm::kPatch && !context.json() && draft->changes.size() > 1) {
    throw Error(ErrorCode::kInvalid,
                "--patch shows one document, and the draft changes " +
                    std::to_string(draft->changes.size()),
                "add --json for one JSON Patch a document");
  }
  Transaction transaction = repository.draft_transaction();
  DifferencePrinter printer(context, repository, form, reader_of(transaction.snapshot()),
                            [&](const std::string& path, const Entry&) {
                              return transaction.get(path).value_or(Bytes());
                            });
  context.page();
  for (const Difference& difference : draft->changes) printer.print(difference);
  printer.finish();
  return printer.count() > 0 ? ExitCode::kNotFound : ExitCode::kDone;
}

bool has_path(const Snapshot& snapshot, const std::string& path) {
  return snapshot.entry(path).has_value() || snapshot.documents(as_folder(path)).valid();
}

/// A revision; where the word is none but a path, the hint says where a path stands.
Snapshot snapshot_at(const Repository& repository, const std::string& revision) {
  try {
    return repository.snapshot(revision);
  } catch (const Error& error) {
    const bool unknown = error.code() == ErrorCode::kNotFound;
    if (!unknown || !has_path(repository.snapshot("@"), revision)) throw;
    throw Error(ErrorCode::kNotFound, error.what(),
                "a path comes after two revisions: isodb diff @~1 @ " + revision);
  }
}

/// Calls `take` for what differs at `path` itself and below it.
void each_difference(const Snapshot& before, const Snapshot& after, const std::string& path,
                     const std::function<void(const Difference&)>& take) {
  const auto pass = [&](const Difference& difference) {
    take(difference);
    return true;
  };
  if (path.empty() || path.ends_with('/')) {
    before.diff(after, path, pass);
    return;
  }
  const auto old = before.entry(path), now = after.entry(path);
  if (old != now) take({path, old, now});
  before.diff(after, as_folder(path), pass);
}

ExitCode run(const Arguments& arguments, Context& context) {
  const DiffForm form = arguments.form.form();
  if (arguments.before.empty()) return diff_draft(context, form);
  const Repository& repository = context.repository(Access::kRead);
  const Snapshot before = snapshot_at(repository, arguments.before);
  const Snapshot after = snapshot_at(repository, arguments.after.empty() ? "@" : arguments.after);
  const std::string& path = arguments.path;
  if (!path.empty() && !has_path(before, path) && !has_path(after, path)) {
    throw_no_document(after, path);
  }
  const bool one_document = !path.empty() && (before.entry(path) || after.entry(path));
  if (form == DiffForm::kPatch && !context.json() && !one_document) {
    throw Error(ErrorCode::kInvalid, "--patch needs the PATH of one document",
                "add --json for one JSON Patch a document");
  }
  DifferencePrinter printer(context, repository, form, reader_of(before), reader_of(after));
  context.page();
  each_difference(before, after, path,
                  [&](const Difference& difference) { printer.print(difference); });
  printer.finish();
  return printer.count() > 0 ? ExitCode::kNotFound : ExitCode::kDone;
}

}  // namespace

Command diff_command() {
  return {.name = "diff",
          .summary = "show what differs between two revisions",
          .details =
              "JSON documents by field, texts by line, anything else by size. Exit code 1 when "
              "there is a difference, 0 when there is none. Without a revision: what the open "
              "draft changes.",
          .examples = {{"isodb diff @~1 @", "what the newest commit did"},
                       {"isodb diff v1 main farm/field-7.json --patch | isodb patch copy.json",
                        "carry the changes of one document over to another"}},
          .declare = bind<Arguments>(declare, run),
          .children = {}};
}

}  // namespace isodb::cli
