#include <algorithm>
#include <charconv>

#include "cli/change.h"
#include "cli/commands.h"
#include "cli/document_diff.h"
#include "cli/edit_file.h"
#include "cli/folder.h"
#include "cli/input.h"
#include "cli/json_document.h"
#include "cli/text.h"
#include "cli/version.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::string path;
  std::optional<std::string> take, file, message;
  bool accept = false, edit = false, all = false;
};

void declare(Options& options, Arguments& arguments) {
  options.argument("[PATH]", &arguments.path, "the document; with --all: only below this prefix");
  options.option("--take N", &arguments.take,
                 "one of the versions that 'isodb versions' lists: its number, first or last");
  options.flag("--accept", arguments.accept, "what merging made of them");
  options.option("--file FILE", &arguments.file, "what is in this file; - for standard input");
  options.flag("--edit", arguments.edit, "what merging made of them, after the editor");
  options.flag("--all", arguments.all, "every document in conflict; with --accept or --take");
  options.option("-m,--message TEXT", &arguments.message, "the commit's message");
}

void check_version_name(const std::string& which) {
  std::uint64_t number = 0;
  const char* const end = which.data() + which.size();
  const auto [at, problem] = std::from_chars(which.data(), end, number);
  if (which == "first" || which == "last" || (problem == std::errc() && at == end && number > 0)) {
    return;
  }
  throw Error(ErrorCode::kInvalid,
              "--take wants a version's number, first or last; not '" + printable(which) + "'",
              "'isodb versions PATH' lists them");
}

void check(const Arguments& arguments) {
  const int ways = (arguments.take ? 1 : 0) + (arguments.accept ? 1 : 0) +
                   (arguments.file ? 1 : 0) + (arguments.edit ? 1 : 0);
  if (ways != 1) {
    throw Error(ErrorCode::kInvalid, "say what the document shall be, in one way",
                "--accept, --take N, --file FILE or --edit");
  }
  if (arguments.all && (arguments.file || arguments.edit)) {
    throw Error(ErrorCode::kInvalid, "--all goes with --accept or --take");
  }
  if (arguments.take) check_version_name(*arguments.take);
  if (!arguments.all && arguments.path.empty()) {
    throw Error(ErrorCode::kInvalid, "which document?",
                "'isodb conflicts' lists those in conflict; --all takes them all");
  }
}

/// The version that --take names among those of one path.
const Version& taken_version(const std::string& path, const std::vector<Version>& versions,
                             const std::string& which) {
  if (which == "first") return versions.front();
  if (which == "last") return versions.back();
  for (std::size_t i = 0; i < versions.size(); ++i) {
    if (which == std::to_string(i + 1)) return versions[i];
  }
  throw Error(
      ErrorCode::kInvalid,
      "'" + path + "' has no version " + which + ": it has " + counted(versions.size(), "version"),
      "'isodb versions " + path + "' lists them");
}

bool is_within(const std::string& pointer, const std::string& field) {
  return pointer == field || (pointer.starts_with(field) && pointer[field.size()] == '/');
}

/// A version is one writer's whole document: taking it takes back what others changed elsewhere.
void tell_what_goes_too(Context& context, Transaction& transaction, const PathConflict& conflict,
                        const Bytes& merged) {
  const std::optional<Entry> taken = transaction.entry(conflict.path);
  const std::optional<Bytes> document = transaction.get(conflict.path);
  if (!taken || !document) return;
  std::string fields;
  std::size_t count = 0;
  for (const std::string& pointer : changed_fields(conflict.entry, merged, *taken, *document)) {
    const bool in_conflict = std::any_of(
        conflict.reasons.begin(), conflict.reasons.end(), [&](const ConflictReason& reason) {
          return reason.part == "content" && is_within(pointer, reason.field);
        });
    if (in_conflict) continue;
    if (++count <= 3) fields += (fields.empty() ? "" : ", ") + printable(pointer);
  }
  if (count == 0) return;
  context.note("'" + printable(conflict.path) + "': " + counted(count, "field") +
               " not in conflict went back too: " + fields + (count > 3 ? ", …" : ""));
}

void take_version(const Arguments& arguments, Context& context, Transaction& transaction,
                  const PathConflict& conflict) {
  const Version& version = taken_version(conflict.path, conflict.versions, *arguments.take);
  if (!version.entry) {
    transaction.remove(conflict.path);
    return;
  }
  const bool is_small = std::max(conflict.entry.size, version.entry->size) <= kDiffBytesMax;
  const Bytes merged = is_small ? transaction.get(conflict.path).value_or(Bytes()) : Bytes();
  transaction.put_entry(conflict.path, *version.entry);
  if (is_small) tell_what_goes_too(context, transaction, conflict, merged);
}

void settle(const Arguments& arguments, Context& context, Transaction& transaction,
            const PathConflict& conflict) {
  const std::string& path = conflict.path;
  const Entry& merged = conflict.entry;
  // Nobody else may have written it in between: what was looked at is what is settled.
  transaction.expect_content(path, merged.content);
  if (arguments.accept) return transaction.put_entry(path, merged);
  if (arguments.take) return take_version(arguments, context, transaction, conflict);
  Bytes document;
  if (arguments.file) {
    document = Input(*arguments.file).read_all(kJsonBytesMax);
  } else {
    EditFile file(name_of(path), transaction.get(path).value_or(Bytes()));
    file.edit(context.editor());
    document = file.read();
  }
  if (media_type_is_json(merged.media_type)) check_json(context, path, document);
  transaction.put(path, document);
}

ExitCode run(const Arguments& arguments, Context& context) {
  check(arguments);
  Repository& repository = context.repository(Access::kWrite);
  std::vector<PathConflict> found;
  repository.conflicts("@", arguments.path, [&](const PathConflict& conflict) {
    if (arguments.all || conflict.path == arguments.path) found.push_back(conflict);
    return arguments.all;
  });
  if (found.empty()) {
    if (!arguments.all && !repository.snapshot().entry(arguments.path)) {
      throw_no_document(repository.snapshot(), arguments.path);
    }
    if (arguments.all || arguments.accept) {
      context.note("nothing is in conflict");
      return ExitCode::kDone;
    }
    throw Error(ErrorCode::kNotFound, "'" + printable(arguments.path) + "' is not in conflict",
                "'isodb conflicts' lists what is; 'isodb put' writes a document");
  }
  const std::string what =
      arguments.all ? counted(found.size(), "document") : printable(arguments.path);
  return change_documents(context, arguments.message.value_or("resolve " + what),
                          [&](Transaction& transaction) {
                            for (const PathConflict& conflict : found) {
                              settle(arguments, context, transaction, conflict);
                            }
                            return Outcome::kChanged;
                          });
}

}  // namespace

Command resolve_command() {
  return {
      .name = "resolve",
      .summary = "settle a document in conflict",
      .details =
          "Writes the document on top of all its versions, which ends the conflict on every "
          "device that gets the commit; it does not come back. A deletion taken with --take "
          "removes the document. A version is one writer's whole document: --take takes back what "
          "others changed elsewhere in it, and says so.",
      .examples = {{"isodb resolve farm/field-7.json --take 1", "the first version is right"},
                   {"isodb resolve --all --accept", "what merging took is right everywhere"}},
      .declare = bind<Arguments>(declare, run),
      .children = {}};
}

}  // namespace isodb::cli
