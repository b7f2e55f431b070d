#include "cli/commands.h"
#include "cli/meeting.h"

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
  return meet_chosen(context, arguments.remote, arguments.peer,
                     arguments.peer.sync_options(sync::Direction::kPush));
}

}  // namespace

Command push_command() {
  return {.name = "push",
          .summary = "send this repository's commits to another",
          .details =
              "Its branches become the state of both sides' commits, so a push is never in "
              "anybody's way; nothing comes here. What the other side refuses is named (exit code "
              "5).",
          .examples = {{"isodb push", "to the remote origin"},
                       {"isodb push /media/stick/farm.isodb", "onto a stick"}},
          .declare = bind<Arguments>(declare, run),
          .children = {}};
}

}  // namespace isodb::cli
