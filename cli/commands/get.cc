#include "cli/commands.h"
#include "cli/folder.h"
#include "cli/json_document.h"
#include "cli/output_file.h"
#include "cli/text.h"
#include "core/json_canonical.h"
#include "core/json_writer.h"
#include "core/utf8.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::string path;
  std::string revision = "@";
  std::optional<std::string> field, output;
  bool canonical = false, metadata = false;
};

void declare(Options& options, Arguments& arguments) {
  options.argument("PATH", &arguments.path, "the document");
  options.option("--at REV", &arguments.revision, "as this revision has it; default: @");
  options.option("--field POINTER", &arguments.field,
                 "only this field of a JSON document, by its JSON Pointer: /address/city");
  options.flag("--canonical", arguments.canonical,
               "a JSON document in its canonical form (RFC 8785)");
  options.flag("--meta", arguments.metadata, "the fields kept beside the document instead");
  options.option("-o,--output FILE", &arguments.output,
                 "write this file, complete or not at all; default: standard output");
}

Bytes small_document(const Snapshot& snapshot, const std::string& path) {
  return snapshot.get(path, kJsonBytesMax).value_or(Bytes());
}

bool wants_json_of_document(const Arguments& arguments) {
  return arguments.field.has_value() || arguments.canonical;
}

/// Passes what the arguments ask for to `take`, in parts.
void produce(const Arguments& arguments, const Snapshot& snapshot,
             const std::function<void(ByteView)>& take) {
  const std::string& path = arguments.path;
  if (arguments.metadata) {
    take(snapshot.metadata(path).value_or("{}"));
    take("\n");
    return;
  }
  if (!wants_json_of_document(arguments)) {
    snapshot.stream(path, take);
    return;
  }
  core::Json value = json_of(path, small_document(snapshot, path));
  if (arguments.field) value = field_of(path, value, *arguments.field);
  // The canonical form is bytes to be hashed or signed: no line feed of ours behind it.
  take(arguments.canonical ? core::canonical_json(value) : core::write_json(value) + "\n");
}

/// The members of --json that hold what was asked for.
void add_content(const Arguments& arguments, const Snapshot& snapshot, const Entry& entry,
                 JsonObject& object) {
  const std::string& path = arguments.path;
  if (arguments.metadata || arguments.output) return;
  const Bytes bytes = small_document(snapshot, path);
  if (!wants_json_of_document(arguments) && !media_type_is_json(entry.media_type)) {
    object.bytes("text", bytes);
    return;
  }
  core::Json value;
  try {
    value = json_of(path, bytes);
  } catch (const Error&) {
    if (wants_json_of_document(arguments)) throw;
    object.bytes("text", bytes);  // stored under a JSON type by an import, but no JSON
    return;
  }
  if (arguments.field) {
    value = field_of(path, value, *arguments.field);
    object.string("field", *arguments.field);
  }
  object.raw("value", arguments.canonical ? core::canonical_json(value) : core::write_json(value));
}

void print_json(const Arguments& arguments, Context& context, const Snapshot& snapshot,
                const Entry& entry) {
  JsonObject object;
  object.string("path", arguments.path)
      .id("content", entry.content)
      .number("size", entry.size)
      .string("type", entry.media_type)
      .string("time", iso_time(entry.stamp.clock))
      .string("writer", entry.stamp.writer.hex())
      .boolean("conflict", (entry.flags & kFlagConflict) != 0)
      .raw("metadata",
           core::write_json(core::parse_json(snapshot.metadata(arguments.path).value_or("null"))));
  if (snapshot.commit_id()) object.id("commit", *snapshot.commit_id());
  add_content(arguments, snapshot, entry, object);
  context.print(object);
}

ExitCode run(const Arguments& arguments, Context& context) {
  check_path(arguments.path);
  const Snapshot snapshot = context.repository(Access::kRead).snapshot(arguments.revision);
  const auto entry = snapshot.entry(arguments.path);
  if (!entry) throw_no_document(snapshot, arguments.path);
  if (arguments.output) {
    OutputFile file(*arguments.output);
    produce(arguments, snapshot, [&](ByteView part) { file.write(part); });
    file.finish();
  }
  if (context.json()) {
    print_json(arguments, context, snapshot, *entry);
  } else if (!arguments.output) {
    produce(arguments, snapshot, [&](ByteView part) { context.out() << part; });
  }
  return ExitCode::kDone;
}

}  // namespace

Command get_command() {
  return {.name = "get",
          .summary = "print a document",
          .details =
              "The bytes as they were put. Exit code 1 when there is no such document. With "
              "an open draft, get still reads what is committed; 'isodb status' shows the "
              "draft.",
          .examples = {{"isodb get farm/field-7.json", "print a document as it is now"},
                       {"isodb get farm/field-7.json --at main~3 --field /crop",
                        "one field of it, as it was three commits ago"}},
          .declare = bind<Arguments>(declare, run),
          .children = {}};
}

}  // namespace isodb::cli
