#include "cli/commands.h"
#include "cli/commit_view.h"
#include "cli/document_diff.h"
#include "cli/folder.h"
#include "cli/text.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::string what = "@";
  DiffFormOptions form;
};

void declare(Options& options, Arguments& arguments) {
  options.argument(
      "[REV]", &arguments.what,
      "a commit, merge or tag, or REV:PATH, a document as that revision has it; default: @");
  arguments.form.declare(options);
}

/// Where the PATH of "REV:PATH" begins; a colon between braces belongs to "@{2026-11-20T08:00}".
std::size_t colon_of(const std::string& text) {
  const std::size_t brace = text.rfind('}');
  return text.find(':', brace == std::string::npos ? 0 : brace);
}

ExitCode show_document(Context& context, const Repository& repository, const std::string& revision,
                       const std::string& path) {
  if (path.empty()) {
    throw Error(ErrorCode::kInvalid, "the PATH of REV:PATH is empty",
                "'isodb ls --at REV' lists the documents");
  }
  const Snapshot snapshot = repository.snapshot(revision.empty() ? "@" : revision);
  const auto entry = snapshot.entry(path);
  if (!entry) throw_no_document(snapshot, path);
  if (context.json()) {
    context.print(JsonObject()
                      .string("path", path)
                      .id("content", entry->content)
                      .number("size", entry->size)
                      .string("type", entry->media_type)
                      .string("time", iso_time(entry->stamp.clock))
                      .bytes("text", snapshot.get(path).value_or(Bytes())));
  } else {
    snapshot.stream(path, [&](ByteView part) { context.out() << part; });
  }
  return ExitCode::kDone;
}

void print_tag(Context& context, CommitView& view, const TagId& id, const Tag& tag) {
  if (context.json()) {
    context.print(JsonObject()
                      .id("tag", id)
                      .string("name", tag.name)
                      .id("object", tag.object)
                      .string("type", object_type_name(tag.type))
                      .string("time", iso_time(tag.clock))
                      .string("key", tag.author.text())
                      .bytes("message", tag.message));
    return;
  }
  context.out() << context.paint(Style::kYellow, "tag " + printable(tag.name)) << "\n"
                << "Tagger: "
                << printable_line(view.member_name(tag.author).value_or(tag.author.fingerprint()))
                << "\nDate:   " << iso_time(tag.clock) << "\n\n"
                << printable(tag.message) << (tag.message.ends_with('\n') ? "" : "\n") << "\n";
}

/// What the commit wrote, against the tree that its author had before.
void print_changes(Context& context, const Repository& repository, const CommitId& id,
                   const Commit& commit, DiffForm form) {
  const Snapshot after = repository.snapshot_of(id);
  const auto print_all = [&](const Snapshot& before) {
    DifferencePrinter printer(context, repository, form, reader_of(before), reader_of(after));
    before.diff(after, "", [&](const Difference& difference) {
      printer.print(difference);
      return true;
    });
    printer.finish();
  };
  if (commit.base) {
    print_all(repository.snapshot(commit.base->hex()));
  } else if (!commit.parents.empty()) {
    print_all(repository.snapshot_of(commit.parents.front()));
  } else {
    DifferencePrinter printer(context, repository, form, {}, reader_of(after));
    for (auto cursor = after.documents(); cursor.valid(); cursor.next()) {
      printer.print({cursor.path(), std::nullopt, cursor.entry()});
    }
    printer.finish();
  }
}

/// A merge is nobody's work: what it brings together, and what it could not decide.
ExitCode show_merge(Context& context, CommitView& view, const Repository& repository,
                    const Id& id) {
  const std::vector<CommitId> heads = repository.resolve_heads(id.hex());
  std::uint64_t conflicts = 0;
  repository.conflicts(id.hex(), "", [&](const PathConflict&) { return ++conflicts != 0; });
  if (context.json()) {
    context.print(JsonObject()
                      .id("merge", id)
                      .strings("heads", hex_of(heads))
                      .id("tree", repository.snapshot_of(id).tree_id())
                      .number("conflicts", conflicts));
    return ExitCode::kDone;
  }
  context.out() << context.paint(Style::kYellow, "merge " + id.hex()) << "\n"
                << "of " << counted(heads.size(), "commit") << ", "
                << counted(conflicts, "document") << " in conflict\n\n";
  for (const CommitId& head : heads) {
    context.out() << "  " << view.line(head, repository.commit(head)) << "\n";
  }
  return ExitCode::kDone;
}

ExitCode run(const Arguments& arguments, Context& context) {
  const DiffForm form = arguments.form.form();
  const Repository& repository = context.repository(Access::kRead);
  const std::size_t colon = colon_of(arguments.what);
  if (colon != std::string::npos) {
    return show_document(context, repository, arguments.what.substr(0, colon),
                         arguments.what.substr(colon + 1));
  }
  CommitView view(context, repository);
  Id id = repository.resolve(arguments.what);
  context.page();
  if (repository.object_type(id) == ObjectType::kTag) {
    const Tag tag = repository.tag(TagId(id));
    print_tag(context, view, TagId(id), tag);
    id = tag.object;
  }
  const ObjectType type = repository.object_type(id);
  if (type == ObjectType::kMerge) return show_merge(context, view, repository, id);
  if (type != ObjectType::kCommit) {
    throw Error(ErrorCode::kInvalid,
                arguments.what + " is a " + std::string(object_type_name(type)) + ", not a commit",
                "print it with 'isodb cat " + arguments.what + "'");
  }
  const CommitId commit_id(id);
  const Commit commit = repository.commit(commit_id);
  if (context.json()) {
    context.print(view.json(commit_id, commit));
  } else {
    for (const std::string& line : view.lines(commit_id, commit)) context.out() << line << "\n";
    context.out() << "\n";
  }
  print_changes(context, repository, commit_id, commit, form);
  return ExitCode::kDone;
}

}  // namespace

Command show_command() {
  return {.name = "show",
          .summary = "show a commit and what it did, or a document of a revision",
          .details =
              "What a commit did is shown against the state that its author saw. The first commit "
              "added everything it holds.",
          .examples = {{"isodb show", "the newest commit"},
                       {"isodb show main~3:farm/field-7.json",
                        "a document as it was three commits ago"}},
          .declare = bind<Arguments>(declare, run),
          .children = {}};
}

}  // namespace isodb::cli
