#include <algorithm>

#include "cli/commands.h"
#include "cli/commit_view.h"
#include "cli/folder.h"
#include "cli/text.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::string path;
  std::string revision = "@";
};

void declare(Options& options, Arguments& arguments) {
  options.argument("PATH", &arguments.path, "the document");
  options.option("--at REV", &arguments.revision, "as this revision has it; default: @");
}

/// A field is named by a JSON Pointer, which is empty or begins with '/'; a line by its number.
bool is_field(const BlameItem& item) {
  return item.place.empty() || item.place[0] == '/';
}

void print_json(Context& context, CommitView& view, const Repository& repository,
                const BlameItem& item) {
  JsonObject object;
  if (is_field(item)) {
    object.string("field", item.place).raw("value", item.value);
  } else {
    object.raw("line", item.place).bytes("text", item.value);
  }
  const Commit commit = repository.commit(item.commit);
  object.id("commit", item.commit)
      .string("time", iso_time(time_of(commit)))
      .string("author", view.author(commit))
      .string("key", item.author.text())
      .boolean("or_before", item.or_before);
  context.print(object);
}

/// `text` filled up to `width` columns, or to as many as are fair to what comes after it.
std::string padded(const std::string& text, std::size_t width) {
  constexpr std::size_t kWidthMax = 40;
  const std::size_t used = columns(text);
  width = std::min(width, kWidthMax);
  return text + std::string(width > used ? width - used : 0, ' ');
}

void print_text(Context& context, CommitView& view, const Repository& repository,
                const std::vector<BlameItem>& items) {
  std::vector<std::string> authors, times;
  std::size_t author_width = 0, place_width = 0;
  for (const BlameItem& item : items) {
    const Commit commit = repository.commit(item.commit);
    authors.push_back(printable_line(view.author(commit)));
    times.push_back(iso_time(time_of(commit)).substr(0, 16));
    author_width = std::max(author_width, columns(authors.back()));
    place_width = std::max(place_width, columns(item.place));
  }
  for (std::size_t i = 0; i < items.size(); ++i) {
    const BlameItem& item = items[i];
    const std::string place = item.place.empty() ? "(all)" : printable(item.place);
    context.out() << context.paint(Style::kYellow, item.commit.short_hex())
                  << (item.or_before ? "^ " : "  ") << times[i] << "  "
                  << padded(authors[i], author_width) << "  "
                  << context.paint(Style::kCyan, padded(place, place_width)) << "  "
                  << printable(item.value) << "\n";
  }
}

ExitCode run(const Arguments& arguments, Context& context) {
  check_path(arguments.path);
  const Repository& repository = context.repository(Access::kRead);
  const Snapshot snapshot = repository.snapshot(arguments.revision);
  if (!snapshot.entry(arguments.path)) throw_no_document(snapshot, arguments.path);
  const std::vector<BlameItem> items = repository.blame(arguments.revision, arguments.path);
  CommitView view(context, repository);
  context.page();
  if (!context.json()) {
    print_text(context, view, repository, items);
    return ExitCode::kDone;
  }
  for (const BlameItem& item : items) print_json(context, view, repository, item);
  return ExitCode::kDone;
}

}  // namespace

Command blame_command() {
  return {.name = "blame",
          .summary = "say which commit gave each field or line its present value",
          .details =
              "By field for JSON documents, by line for texts. Items of arrays and lines are "
              "followed through insertions and removals; a value that is spelled differently but "
              "equal (1.0 and 1) counts as unchanged. Columns: commit, time (UTC), author, field "
              "or line, value. In a partial copy, ^ behind the commit says that the value may be "
              "older: the version before is not held.",
          .examples = {{"isodb blame farm/field-7.json", "who set which field, and when"},
                       {"isodb blame notes.txt --at v1 --json", "line by line, for a program"}},
          .declare = bind<Arguments>(declare, run),
          .children = {}};
}

}  // namespace isodb::cli
