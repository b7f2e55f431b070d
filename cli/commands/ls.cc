#include <algorithm>

#include "cli/commands.h"
#include "cli/folder.h"
#include "cli/text.h"
#include "isodb/erase.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::string prefix;
  std::string revision = "@";
  bool details = false, recursive = false, all = false;
};

void declare(Options& options, Arguments& arguments) {
  options.argument("[PREFIX]", &arguments.prefix, "a folder or a document; default: everything");
  options.flag("-l,--long", arguments.details, "with size, time, media type and content id");
  options.flag("-r,--recursive", arguments.recursive, "every document below, not folder by folder");
  options.flag("-a,--all", arguments.all, "also .isodb/, which governs the repository");
  options.option("--at REV", &arguments.revision, "as this revision has them; default: @");
}

/// Marks what cannot be read any more.
class Erased {
 public:
  explicit Erased(const Repository& repository) : contents_(erased_contents(repository)) {}
  bool has(const FolderItem& item) const {
    return item.entry && !item.path.starts_with(kGovernedPrefix) &&
           std::binary_search(contents_.begin(), contents_.end(), item.entry->content);
  }

 private:
  std::vector<Id> contents_;
};

void print_json(Context& context, const Snapshot& snapshot, const Erased& erased,
                const FolderItem& item) {
  JsonObject object;
  object.string("path", item.path);
  if (!item.entry) {
    object.string("kind", "folder").number("documents", snapshot.count(item.path));
  } else {
    const Entry& entry = *item.entry;
    object.string("kind", "document")
        .id("content", entry.content)
        .number("size", entry.size)
        .string("type", entry.media_type)
        .string("time", iso_time(entry.stamp.clock))
        .string("writer", entry.stamp.writer.hex())
        .boolean("conflict", (entry.flags & kFlagConflict) != 0)
        .boolean("erased", erased.has(item))
        .id("metadata", entry.metadata);
  }
  context.print(object);
}

std::string padded(const std::string& text, std::size_t width) {
  return std::string(width > text.size() ? width - text.size() : 0, ' ') + text;
}

void print_long(Context& context, const Snapshot& snapshot, const Erased& erased,
                const FolderItem& item) {
  constexpr std::size_t kSizeWidth = 12, kTypeWidth = 24;
  Output& out = context.out();
  if (!item.entry) {
    out << padded(counted(snapshot.count(item.path), "document"), kSizeWidth) << "  "
        << std::string(24 + 2 + 12 + 2 + kTypeWidth + 2, ' ')
        << context.paint(Style::kBlue, item.path) << "\n";
    return;
  }
  const Entry& entry = *item.entry;
  const std::string type = entry.media_type.empty() ? "-" : entry.media_type;
  out << padded(std::to_string(entry.size), kSizeWidth) << "  " << iso_time(entry.stamp.clock)
      << "  " << context.paint(Style::kYellow, entry.content.short_hex()) << "  " << type
      << padded("", kTypeWidth > type.size() ? kTypeWidth - type.size() : 0) << "  " << item.path
      << ((entry.flags & kFlagConflict) != 0 ? context.paint(Style::kRed, "  (conflict)") : "")
      << (erased.has(item) ? context.paint(Style::kRed, "  (erased)") : "") << "\n";
}

void print_item(const Arguments& arguments, Context& context, const Snapshot& snapshot,
                const Erased& erased, const FolderItem& item) {
  if (context.json()) {
    print_json(context, snapshot, erased, item);
  } else if (arguments.details) {
    print_long(context, snapshot, erased, item);
  } else {
    context.out() << (item.entry ? item.path : context.paint(Style::kBlue, item.path))
                  << (erased.has(item) ? context.paint(Style::kRed, "  (erased)") : "") << "\n";
  }
}

ExitCode run(const Arguments& arguments, Context& context) {
  const Repository& repository = context.repository(Access::kRead);
  const Snapshot snapshot = repository.snapshot(arguments.revision);
  const Erased erased(repository);
  const std::string& prefix = arguments.prefix;
  context.page();
  const bool hides_governed = !arguments.all && !prefix.starts_with(".");
  const auto print = [&](const FolderItem& item) {
    if (hides_governed && item.path.starts_with(kGovernedPrefix)) return true;
    print_item(arguments, context, snapshot, erased, item);
    return true;
  };
  bool found = prefix.empty();
  if (!found && !prefix.ends_with('/')) {
    if (const auto entry = snapshot.entry(prefix)) found = print({prefix, entry});
  }
  const std::string folder = as_folder(prefix);
  if (arguments.recursive) {
    for (auto cursor = snapshot.documents(folder); cursor.valid(); cursor.next()) {
      found = print({cursor.path(), cursor.entry()});
    }
  } else {
    list_folder(snapshot, folder, "", [&](const FolderItem& item) { return found = print(item); });
  }
  if (!found) throw_no_document(snapshot, prefix);
  return ExitCode::kDone;
}

}  // namespace

Command ls_command() {
  return {.name = "ls",
          .summary = "list documents and folders",
          .details =
              "Folder by folder: a name that ends in '/' is a folder. In the order of their "
              "paths' bytes. With --long: size in bytes, time of the last change (UTC), "
              "content id, media type.",
          .examples = {{"isodb ls farm", "what is in the folder farm"},
                       {"isodb ls -lr --at v1", "every document as the tag v1 has it, in detail"}},
          .declare = bind<Arguments>(declare, run),
          .children = {}};
}

}  // namespace isodb::cli
