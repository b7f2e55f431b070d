#include "cli/change.h"
#include "cli/commands.h"
#include "cli/edit_file.h"
#include "cli/folder.h"
#include "cli/json_document.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::string path;
  std::optional<std::string> message;
};

void declare(Options& options, Arguments& arguments) {
  options.argument("PATH", &arguments.path, "the document; a new one when there is none");
  options.option("-m,--message TEXT", &arguments.message, "the commit's message");
}

Outcome edit(const std::string& path, Context& context, Transaction& transaction,
             std::optional<EditFile>& file) {
  const auto entry = transaction.entry(path);
  file.emplace(name_of(path), entry ? transaction.get(path).value_or(Bytes()) : Bytes());
  file->edit(context.editor());
  if (!file->changed()) return Outcome::kUnchanged;
  const Bytes after = file->read();
  const std::string_view by_path = media_type_for_path(path);
  const std::string type = by_path.empty() && entry ? entry->media_type : std::string(by_path);
  if (media_type_is_json(type)) check_json(context, path, after);
  transaction.put(path, after);
  return Outcome::kChanged;
}

ExitCode run(const Arguments& arguments, Context& context) {
  const std::string& path = arguments.path;
  check_path(path);
  std::optional<EditFile> file;
  try {
    return change_documents(
        context, arguments.message.value_or("edit " + path),
        [&](Transaction& transaction) { return edit(path, context, transaction, file); });
  } catch (const Error& error) {
    if (!file || !file->changed()) throw;
    file->keep_and_throw(error, path);
  }
}

}  // namespace

Command edit_command() {
  return {.name = "edit",
          .summary = "change a document in an editor",
          .details =
              "The editor is the setting ui.editor, else VISUAL, else EDITOR, else vi. A "
              "text that is refused (a JSON document that is no JSON, a document that "
              "somebody else changed meanwhile) is kept in its file.",
          .examples = {{"isodb edit farm/field-7.json", "change a document"},
                       {"EDITOR='code --wait' isodb edit notes.md", "with another editor"}},
          .declare = bind<Arguments>(declare, run),
          .children = {}};
}

}  // namespace isodb::cli
