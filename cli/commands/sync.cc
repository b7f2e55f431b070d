#include <algorithm>

#include "cli/commands.h"
#include "cli/meeting.h"
#include "cli/sync_view.h"
#include "cli/watching.h"
#include "isodb/error.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::vector<std::string> remotes;
  bool watch = false, show_refused = false;
  PeerOptions peer;
};

void declare(Options& options, Arguments& arguments) {
  options.argument("[REMOTE...]", &arguments.remotes,
                   "remotes' names, URLs or folders; default: every remote");
  options.flag("--watch", arguments.watch, "stay, go on as branches move, and connect again");
  options.flag("--show-refused", arguments.show_refused,
               "list what was refused, here or there, or waits for its time");
  arguments.peer.declare(options);
}

std::vector<sync::Remote> chosen(const Repository& repository, const Arguments& arguments) {
  std::vector<sync::Remote> remotes;
  for (const std::string& word : arguments.remotes) {
    remotes.push_back(sync::remote_of(repository, word));
  }
  if (arguments.remotes.empty()) remotes = sync::remotes(repository);
  if (remotes.empty()) {
    throw Error(ErrorCode::kNotFound, "no remote is known",
                "isodb remote add NAME URL, or name a folder or URL here");
  }
  for (sync::Remote& remote : remotes) arguments.peer.apply(remote);
  return remotes;
}

/// Of the remotes that were named, as far as their keys are known; else of whomever it came from.
ExitCode show_refused(Context& context, const Arguments& arguments) {
  const Repository& repository = context.repository(Access::kRead);
  std::vector<PublicKey> peers;
  for (const std::string& word : arguments.remotes) {
    if (const auto key = sync::remote_of(repository, word).key) peers.push_back(*key);
  }
  for (const sync::RefusedRecord& record : sync::refused_commits(repository)) {
    if (!arguments.remotes.empty() && std::ranges::find(peers, record.peer) == peers.end()) {
      continue;
    }
    print_refused(context, record);
  }
  return ExitCode::kDone;
}

ExitCode run(const Arguments& arguments, Context& context) {
  if (arguments.show_refused) return show_refused(context, arguments);
  Repository& repository = context.repository(Access::kWrite);
  const std::vector<sync::Remote> remotes = chosen(repository, arguments);
  const sync::SyncOptions options = arguments.peer.sync_options(sync::Direction::kSync);
  if (arguments.watch) return watch(context, repository, remotes, options);
  ExitCode code = ExitCode::kDone;
  for (const sync::Remote& remote : remotes) {
    code = worse_of(code, meet(context, repository, remote, options));
  }
  return worse_of(code, conflicts_remaining(context, repository));
}

}  // namespace

Command sync_command() {
  return {
      .name = "sync",
      .summary = "bring this repository and others to the same state",
      .details =
          "What each side lacks goes over, both ways at once, and both merge it: every branch "
          "becomes the state of both sides' commits, the same to the bit. Nothing has to be "
          "decided first, and a line that breaks loses at most what was in flight.\n\n"
          "For each remote: what came, went, merged, conflicted and was refused, bytes and time. "
          "Exit code 6 says that a peer could not be reached, 5 that something was refused, 4 "
          "that documents are in conflict, as long as one is. With --watch it stays: what is "
          "committed here or there goes over at once, and a line that broke is tried again, at "
          "longer and longer intervals up to a minute.\n\n"
          "A commit whose time is more than 24 hours ahead of a device's clock waits there, and so "
          "does what is made after it: it was made under a wrong clock. Set the clock of the "
          "device that made it; docs/cli.md ('A clock that was ahead') has the commands that bring "
          "the work to others before that time. The same commands help where a commit was refused "
          "because its author might not write it then, once it may.",
      .examples = {{"isodb sync", "with every remote"},
                   {"isodb sync hub --watch", "and stay connected"}},
      .declare = bind<Arguments>(declare, run),
      .children = {}};
}

}  // namespace isodb::cli
