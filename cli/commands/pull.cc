#include "cli/commands.h"
#include "cli/meeting.h"
#include "cli/sync_view.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::optional<std::string> remote;
  PeerOptions peer;
};

void declare(Options& options, Arguments& arguments) {
  options.argument("[REMOTE]", &arguments.remote,
                   "a remote's name, a URL or a folder; default: origin, or the only one");
  arguments.peer.declare(options);
}

ExitCode run(const Arguments& arguments, Context& context) {
  const ExitCode code = meet_chosen(context, arguments.remote, arguments.peer,
                                    arguments.peer.sync_options(sync::Direction::kPull));
  return worse_of(code, conflicts_remaining(context, context.repository(Access::kWrite)));
}

}  // namespace

Command pull_command() {
  return {.name = "pull",
          .summary = "bring another repository's commits into the branches here",
          .details =
              "What it has and this one has not comes, and each branch becomes the state of both "
              "sides' commits. Nothing is sent, so that a folder that cannot be written does. Exit "
              "code 4 says that documents are in conflict.",
          .examples = {{"isodb pull", "from the remote origin"},
                       {"isodb pull /media/stick/farm.isodb", "from a stick"}},
          .declare = bind<Arguments>(declare, run),
          .children = {}};
}

}  // namespace isodb::cli
