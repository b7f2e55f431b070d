#include "cli/change.h"
#include "cli/commands.h"
#include "cli/folder.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::vector<std::string> paths;
  bool recursive = false;
  std::optional<std::string> message;
};

void declare(Options& options, Arguments& arguments) {
  options.argument("PATH...", &arguments.paths, "documents, or with -r folders");
  options.flag("-r,--recursive", arguments.recursive, "remove everything in a folder");
  options.option("-m,--message TEXT", &arguments.message, "the commit's message");
}

/// What a path names: a document, or with -r a folder, which ends in '/'.
std::string named(const Arguments& arguments, const std::string& path, Transaction& transaction) {
  if (!path.ends_with('/')) {
    check_path(path);
    if (transaction.entry(path)) return path;
  }
  const std::string folder = as_folder(path);
  if (path.empty() || !is_folder(transaction, folder)) {
    throw_no_document(transaction.snapshot(), path);
  }
  if (!arguments.recursive) {
    throw Error(ErrorCode::kInvalid, path + " is a folder", "-r removes everything in it");
  }
  return folder;
}

/// Looks for everything first, so that a path may be named twice, or lie in a folder named too.
void remove(const Arguments& arguments, Transaction& transaction) {
  std::vector<std::string> names;
  for (const std::string& path : arguments.paths) {
    names.push_back(named(arguments, path, transaction));
  }
  for (const std::string& name : names) {
    if (name.ends_with('/')) {
      transaction.remove_prefix(name);
    } else {
      transaction.remove(name);
    }
  }
}

ExitCode run(const Arguments& arguments, Context& context) {
  std::string message = "rm";
  for (const std::string& path : arguments.paths) message += " " + path;
  return change_documents(context, arguments.message.value_or(message),
                          [&](Transaction& transaction) {
                            remove(arguments, transaction);
                            return Outcome::kChanged;
                          });
}

}  // namespace

Command rm_command() {
  return {.name = "rm",
          .summary = "remove documents",
          .details =
              "All of them or, when one is missing, none. History keeps what they were: "
              "'isodb get PATH --at REV' still prints them.",
          .examples = {{"isodb rm farm/field-7.json", "remove a document"},
                       {"isodb rm -r farm/2019", "remove every document in a folder"}},
          .declare = bind<Arguments>(declare, run),
          .children = {}};
}

}  // namespace isodb::cli
