#include "cli/commands.h"
#include "cli/text.h"
#include "isodb/error.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::string origin, folder;
};

void declare(Options& options, Arguments& arguments) {
  options.argument("ORIGIN", &arguments.origin, "the folder of the repository to clone");
  options.argument("DIR", &arguments.folder, "where the clone goes: a folder that is empty or new");
}

ExitCode run(const Arguments& arguments, Context& context) {
  const auto origin = Repository::discover(arguments.origin);
  if (!origin) {
    throw Error(ErrorCode::kNotFound, "there is no repository in " + arguments.origin);
  }
  const Repository clone =
      Repository::clone(Repository::open(*origin, {.read_only = true}), arguments.folder);
  if (context.json()) {
    context.print(JsonObject()
                      .string("folder", clone.folder().string())
                      .id("repository", clone.id())
                      .string("key", clone.public_key().text())
                      .string("writer", clone.writer().hex()));
  } else if (!context.quiet()) {
    context.out() << "cloned " << clone.id().short_hex() << " into " << clone.folder().string()
                  << "\n"
                  << "its key may read; an admin lets it write: isodb member add "
                  << clone.public_key().text() << " NAME\n";
  }
  return ExitCode::kDone;
}

}  // namespace

Command clone_command() {
  return {
      .name = "clone",
      .summary = "make a repository that shares another's history",
      .details =
          "The clone has a key and a writer id of its own, so that both can be written to while "
          "they are apart. Every commit is checked on the way. What it writes counts for others "
          "once an admin has made its key a member.",
      .examples = {{"isodb clone office.isodb tablet.isodb", "a second repository"},
                   {"isodb clone /media/stick/farm.isodb farm.isodb", "from a stick"}},
      .declare = bind<Arguments>(declare, run),
      .children = {}};
}

}  // namespace isodb::cli
