#include "cli/commands.h"
#include "cli/folder.h"
#include "cli/json_document.h"
#include "cli/output_file.h"
#include "cli/text.h"
#include "cli/version.h"
#include "core/json_canonical.h"
#include "core/json_writer.h"
#include "core/utf8.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::string path;
  std::string revision = "@";
  std::optional<std::string> field, output;
  std::optional<std::uint64_t> version;
  bool canonical = false, metadata = false, draft = false;
};

void declare(Options& options, Arguments& arguments) {
  options.argument("PATH", &arguments.path, "the document");
  options.option("--at REV", &arguments.revision, "as this revision has it; default: @");
  options.option("--version N", &arguments.version,
                 "one of the concurrent versions that 'isodb versions PATH' lists");
  options.option("--field POINTER", &arguments.field,
                 "only this field of a JSON document, by its JSON Pointer: /address/city");
  options.flag("--canonical", arguments.canonical,
               "a JSON document in its canonical form (RFC 8785)");
  options.flag("--meta", arguments.metadata, "the fields kept beside the document instead");
  options.flag("--draft", arguments.draft, "as the open draft has it");
  options.option("-o,--output FILE", &arguments.output,
                 "write this file, complete or not at all; default: standard output");
}

/// Where the document comes from: a revision, or the open draft on top of its base.
class Source {
 public:
  Source(const Arguments& arguments, const Repository& repository)
      : repository_(repository), snapshot_(repository.snapshot(arguments.revision)) {}
  /// One version of a path.
  Source(const Repository& repository, Snapshot snapshot, Entry version)
      : repository_(repository), snapshot_(std::move(snapshot)), version_(std::move(version)) {}
  Source(const Repository& repository, Transaction draft)
      : repository_(repository), snapshot_(draft.snapshot()), draft_(std::move(draft)) {}

  const Snapshot& snapshot() const { return snapshot_; }
  bool is_draft() const { return draft_.has_value(); }
  std::optional<Entry> entry(const std::string& path) {
    if (version_) return version_;
    return draft_ ? draft_->entry(path) : snapshot_.entry(path);
  }
  Bytes whole(const std::string& path) {
    auto bytes = draft_ ? draft_->get(path) : snapshot_.get(path, kJsonBytesMax);
    return std::move(bytes).value_or(Bytes());
  }
  void stream(const std::string& path, const std::function<void(ByteView)>& take) {
    if (draft_) {
      take(whole(path));
    } else {
      snapshot_.stream(path, take);
    }
  }
  std::optional<Bytes> metadata(const Entry& entry) const {
    if (!entry.metadata) return std::nullopt;
    return repository_.object(*entry.metadata);
  }

 private:
  const Repository& repository_;
  Snapshot snapshot_;
  std::optional<Transaction> draft_;
  std::optional<Entry> version_;
};

bool wants_json_of_document(const Arguments& arguments) {
  return arguments.field.has_value() || arguments.canonical;
}

/// Passes what the arguments ask for to `take`, in parts.
void produce(const Arguments& arguments, Source& source, const Entry& entry,
             const std::function<void(ByteView)>& take) {
  const std::string& path = arguments.path;
  if (arguments.metadata) {
    take(source.metadata(entry).value_or("{}") + "\n");
    return;
  }
  if (!wants_json_of_document(arguments)) {
    source.stream(path, take);
    return;
  }
  core::Json value = json_of(path, source.whole(path));
  if (arguments.field) value = field_of(path, value, *arguments.field);
  // The canonical form is bytes to be hashed or signed: no line feed of ours behind it.
  take(arguments.canonical ? core::canonical_json(value) : core::write_json(value) + "\n");
}

/// The members of --json that hold what was asked for.
void add_content(const Arguments& arguments, Source& source, const Entry& entry,
                 JsonObject& object) {
  const std::string& path = arguments.path;
  if (arguments.metadata || arguments.output) return;
  const Bytes bytes = source.whole(path);
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

void print_json(const Arguments& arguments, Context& context, Source& source, const Entry& entry) {
  const Bytes metadata = source.metadata(entry).value_or("null");
  JsonObject object;
  object.string("path", arguments.path)
      .id("content", entry.content)
      .number("size", entry.size)
      .string("type", entry.media_type)
      .string("time", iso_time(entry.stamp.clock))
      .string("writer", entry.stamp.writer.hex())
      .boolean("conflict", (entry.flags & kFlagConflict) != 0)
      .raw("metadata", core::write_json(core::parse_json(metadata)));
  if (source.snapshot().id()) object.id("commit", *source.snapshot().id());
  add_content(arguments, source, entry, object);
  context.print(object);
}

Source source_of(const Arguments& arguments, Context& context) {
  Repository& repository = context.repository(Access::kRead);
  if (arguments.version) {
    const Version version =
        version_of(repository, arguments.revision, arguments.path, *arguments.version);
    if (!version.entry) {
      throw Error(ErrorCode::kNotFound, "version " + std::to_string(*arguments.version) + " of '" +
                                            arguments.path + "' is its deletion");
    }
    return {repository, repository.snapshot(version.commit.hex()), *version.entry};
  }
  if (!arguments.draft) return {arguments, repository};
  return {repository, repository.draft_transaction()};
}

ExitCode run(const Arguments& arguments, Context& context) {
  check_path(arguments.path);
  Source source = source_of(arguments, context);
  const auto entry = source.entry(arguments.path);
  if (!entry) throw_no_document(source.snapshot(), arguments.path);
  if (arguments.output) {
    OutputFile file(*arguments.output);
    produce(arguments, source, *entry, [&](ByteView part) { file.write(part); });
    file.finish();
  }
  if (context.json()) {
    print_json(arguments, context, source, *entry);
  } else if (!arguments.output) {
    produce(arguments, source, *entry, [&](ByteView part) { context.out() << part; });
  }
  return ExitCode::kDone;
}

}  // namespace

Command get_command() {
  return {.name = "get",
          .summary = "print a document",
          .details =
              "The bytes as they were put. Exit code 1 when there is no such document. An "
              "open draft does not show, unless --draft is given.",
          .examples = {{"isodb get farm/field-7.json", "print a document as it is now"},
                       {"isodb get farm/field-7.json --at main~3 --field /crop",
                        "one field of it, as it was three commits ago"}},
          .declare = bind<Arguments>(declare, run),
          .children = {}};
}

}  // namespace isodb::cli
