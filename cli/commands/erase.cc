#include "isodb/erase.h"

#include "cli/commands.h"
#include "cli/held_back.h"
#include "cli/text.h"
#include "isodb/remote.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::string what;
  std::string reason;
  bool history = false, metadata = false, list = false;
};

void declare(Options& options, Arguments& arguments) {
  options.argument("[PATH|ID]", &arguments.what,
                   "a document's path, or the id of a content as ls --json tells it");
  options.option("--reason TEXT", &arguments.reason, "why; everybody can read it, for ever");
  options.flag("--history", arguments.history, "every content that the path ever had");
  options.flag("--metadata", arguments.metadata, "with a path: its metadata, too");
  options.flag("--list", arguments.list, "print what is erased instead");
}

EraseRequest request_of(const Arguments& arguments, const Repository& repository) {
  EraseRequest request;
  request.reason = arguments.reason;
  request.history = arguments.history;
  request.metadata = arguments.metadata;
  const std::string& what = arguments.what;
  const bool is_path =
      arguments.history || arguments.metadata || repository.snapshot().entry(what).has_value();
  if (!is_path) {
    request.content = Id::from_hex(what);
    if (!request.content && what.find('/') == std::string::npos) {
      try {
        request.content = repository.resolve(what);
      } catch (const Error& error) {  // then it was meant as a path
        if (error.code() != ErrorCode::kNotFound && error.code() != ErrorCode::kInvalid) throw;
      }
    }
  }
  if (!request.content) request.path = what;
  return request;
}

std::vector<std::string> remote_names(const Repository& repository) {
  std::vector<std::string> names;
  for (const sync::Remote& remote : sync::remotes(repository)) names.push_back(remote.name);
  return names;
}

void print(Context& context, const EraseReport& report) {
  const std::vector<std::string> remotes = remote_names(context.repository(Access::kWrite));
  std::vector<std::string> contents, kept;
  for (const Id& id : report.contents) contents.push_back(id.hex());
  for (const Id& id : report.kept) kept.push_back(id.hex());
  if (context.json()) {
    context.print(JsonObject()
                      .strings("contents", contents)
                      .strings("commits", hex_of(report.commits))
                      .strings("also", report.also)
                      .strings("kept", kept)
                      .strings("remotes_to_tell", remotes));
    return;
  }
  if (context.quiet()) return;
  context.out() << "erased " << counted(contents.size(), "content")
                << ": the bytes are gone here\n";
  for (const std::string& path : report.also) {
    context.out() << printable_line(path) << " had the same content, and lost it, too\n";
  }
  for (const std::string& id : kept) {
    context.out() << id << " stays in the files: it is part of another document as well\n";
  }
  for (const std::string& name : remotes) {
    context.out() << printable_line(name) << " has not heard of it: isodb sync "
                  << printable_line(name) << "\n";
  }
}

void print_all(Context& context, const std::vector<Erasure>& all) {
  context.page();
  for (const Erasure& erasure : all) {
    if (context.json()) {
      context.print(
          JsonObject()
              .id("content", erasure.content)
              .number("bytes", erasure.bytes)
              .id("commit", erasure.commit ? std::optional<Id>(*erasure.commit) : std::nullopt)
              .string("by", erasure.by)
              .string("time", iso_time(erasure.clock))
              .string("reason", erasure.reason));
      continue;
    }
    context.out() << context.paint(Style::kYellow, erasure.content.hex()) << " ";
    if (!erasure.commit && erasure.reason.empty()) {
      context.out() << "no branch says any more who erased it\n";
      continue;
    }
    context.out() << iso_time(erasure.clock).substr(0, 10) << " " << printable_line(erasure.by)
                  << ": " << printable_line(erasure.reason) << "\n";
  }
}

ExitCode run(const Arguments& arguments, Context& context) {
  if (arguments.list) {
    print_all(context, erasures(context.repository(Access::kRead)));
    return ExitCode::kDone;
  }
  if (arguments.what.empty()) {
    throw Error(ErrorCode::kInvalid, "erase what?", "isodb erase PATH --reason TEXT");
  }
  Repository& repository = context.repository(Access::kWrite);
  print(context, erase(repository, request_of(arguments, repository), context.progress("objects")));
  note_held_back(context, held_back(repository), "the newest commit");
  return ExitCode::kDone;
}

}  // namespace

Command erase_command() {
  return {.name = "erase",
          .summary = "erase a document's content for good",
          .details =
              "Writes a signed commit that names the content, on every branch, and removes the "
              "bytes from this repository: packs, loose objects and the database. Every repository "
              "that syncs does the same, and refuses the content if it comes back. Only admins "
              "may, and nobody can take it back. History stays, and verifies: entries go on naming "
              "the content, and whoever reads it is told who erased it and why (exit code 10).\n\n"
              "Of a path, the content of its present version is erased; of one that merging put "
              "together, also the versions that it was made of. Older versions stay unless "
              "--history is given. Copies that left isodb (exports, backups made before) are not "
              "reached: docs/erase.md says what is.",
          .examples = {{"isodb erase patients/ada.json --reason 'request of 3 March'",
                        "erase the present version"},
                       {"isodb erase patients/ada.json --history --reason 'request of 3 March'",
                        "erase every version that there ever was"},
                       {"isodb erase --list", "what was erased, by whom and why"}},
          .declare = bind<Arguments>(declare, run),
          .children = {}};
}

}  // namespace isodb::cli
