#include "cli/move.h"

#include "cli/change.h"
#include "cli/folder.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::string source, destination;
  bool force = false;
  std::optional<std::string> message;
};

/// Where `source` goes: below the destination when that is a folder, as mv and cp have it.
std::string target_of(const Arguments& arguments, Transaction& transaction) {
  std::string source = arguments.source;
  while (source.ends_with('/')) source.pop_back();
  const std::string& destination = arguments.destination;
  if (destination.ends_with('/')) return destination + std::string(name_of(source));
  if (!transaction.entry(destination) && is_folder(transaction, as_folder(destination))) {
    return as_folder(destination) + std::string(name_of(source));
  }
  return destination;
}

Outcome move_one(const Arguments& arguments, KeepSource keep, Transaction& transaction,
                 const std::string& from, const std::string& to) {
  check_path(to);
  const auto entry = transaction.entry(from);
  if (!entry) throw_no_document(transaction.snapshot(), from);
  const auto replaced = transaction.entry(to);
  if (!arguments.force && replaced) {
    throw Error(ErrorCode::kInvalid, to + " is there already", "--force replaces it");
  }
  transaction.put_entry(to, *entry);
  if (keep == KeepSource::kYes) return outcome_of(replaced, entry);
  transaction.remove(from);
  return Outcome::kChanged;
}

Outcome move(const Arguments& arguments, KeepSource keep, Transaction& transaction) {
  const std::string& source = arguments.source;
  if (!source.ends_with('/')) check_path(source);
  const std::string target = target_of(arguments, transaction);
  if (target == source || as_folder(target) == as_folder(source)) {
    throw Error(ErrorCode::kInvalid, source + " and " + target + " are the same");
  }
  if (!source.ends_with('/') && transaction.entry(source)) {
    return move_one(arguments, keep, transaction, source, target);
  }
  const std::string from = as_folder(source);
  const std::string to = as_folder(target);
  if (to.starts_with(from)) {
    throw Error(ErrorCode::kInvalid, "a folder cannot go into itself: " + from + " to " + to);
  }
  const auto paths = transaction.list(from);
  if (paths.empty()) throw_no_document(transaction.snapshot(), source);
  Outcome outcome = Outcome::kUnchanged;
  for (const std::string& path : paths) {
    const std::string target_path = to + path.substr(from.size());
    if (move_one(arguments, keep, transaction, path, target_path) == Outcome::kChanged) {
      outcome = Outcome::kChanged;
    }
  }
  return outcome;
}

}  // namespace

std::function<Action(Options&)> bind_move(KeepSource keep) {
  return [keep](Options& options) -> Action {
    const auto arguments = std::make_shared<Arguments>();
    options.argument("PATH", &arguments->source, "a document or a folder");
    options.argument("PATH", &arguments->destination,
                     "its new path, or the folder that it goes into");
    options.flag("-f,--force", arguments->force, "replace documents that are there");
    options.option("-m,--message TEXT", &arguments->message, "the commit's message");
    return [keep, arguments](Context& context) {
      const std::string verb = keep == KeepSource::kYes ? "cp " : "mv ";
      const std::string message = verb + arguments->source + " " + arguments->destination;
      return change_documents(
          context, arguments->message.value_or(message),
          [&](Transaction& transaction) { return move(*arguments, keep, transaction); });
    };
  };
}

}  // namespace isodb::cli
