#include "cli/commands.h"
#include "cli/meeting.h"
#include "cli/scope_view.h"
#include "cli/text.h"
#include "isodb/error.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::optional<std::string> remote, name;
  std::vector<std::string> paths;
  std::optional<std::uint64_t> deepen;
  PeerOptions peer;
};

void declare(Options& options, Arguments& arguments) {
  options.argument("[REMOTE]", &arguments.remote,
                   "a remote's name, a URL or a folder; default: origin, or the only one");
  options.option("--as NAME", &arguments.name,
                 "its branches become remotes/NAME/BRANCH; default: the remote's name, or origin");
  options.option("--add-path PREFIX", &arguments.paths,
                 "of a partial repository: hold the documents below this folder, or this one, too");
  options.option("--deepen N", &arguments.deepen,
                 "of a repository without its oldest contents: hold those of N more commits back");
  arguments.peer.declare(options);
}

/// For programs: where its branches are now, moved or not. People were told what moved.
void print_refs(Context& context, const Repository& repository, const std::string& name) {
  if (!context.json()) return;
  for (const RefInfo& ref : repository.refs("remotes/" + name + "/")) {
    context.print(JsonObject().string("ref", ref.name).id("target", ref.target));
  }
}

ExitCode run(const Arguments& arguments, Context& context) {
  Repository& repository = context.repository(Access::kWrite);
  sync::Remote remote = chosen_remote(repository, arguments.remote);
  arguments.peer.apply(remote);
  sync::SyncOptions options = arguments.peer.sync_options(sync::Direction::kFetch);
  if (arguments.name) sync::check_remote_name(*arguments.name);
  options.as = arguments.name.value_or("");
  if (arguments.deepen == 0U) {
    throw Error(ErrorCode::kInvalid, "--deepen 0 asks for nothing", "the least is 1");
  }
  options.widening = {arguments.paths, arguments.deepen.value_or(0)};
  const ExitCode code = meet(context, repository, remote, options);
  if (code == ExitCode::kDone) note_absent(context, repository, arguments.paths);
  print_refs(context, repository, arguments.name.value_or(remote.ref_name()));
  return code;
}

}  // namespace

Command fetch_command() {
  return {
      .name = "fetch",
      .summary = "bring another repository's commits here",
      .details =
          "Its branches become refs under remotes/; 'isodb merge remotes/NAME/BRANCH' brings "
          "them into yours, and 'isodb pull' does both. Each commit is checked first: hash, "
          "signature, clock, place in history, rights. What fails is named (exit code 5) and "
          "left out, with all that descends from it.\n\n"
          "A partial repository (isodb clone --path, --depth, --since) is given more to hold with "
          "--add-path and --deepen. Where the line breaks, what came stays, and the same command "
          "goes on.",
      .examples = {{"isodb fetch ../tablet.isodb --as tablet", "look at what the tablet has"},
                   {"isodb merge remotes/tablet/main", "and take it"},
                   {"isodb fetch --add-path sheep", "hold the sheep, too, from now on"}},
      .declare = bind<Arguments>(declare, run),
      .children = {}};
}

}  // namespace isodb::cli
