#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "cli/commands.h"
#include "cli/meeting.h"
#include "cli/ref_option.h"
#include "cli/serve_log.h"
#include "cli/signals.h"
#include "cli/sync_view.h"
#include "cli/text.h"
#include "isodb/error.h"
#include "isodb/serve.h"

namespace isodb::cli {
namespace {

constexpr rlim_t kDescriptorsWanted = 10'000;

struct Arguments {
  std::optional<std::string> folder;
  std::vector<std::string> listen, allow;
  std::optional<std::string> members_of;
  std::uint64_t workers = 2;
  bool stdio = false;
};

void declare(Options& options, Arguments& arguments) {
  options.argument("[DIR]", &arguments.folder, "the repository; default: as for every command");
  options.option("--listen HOST:PORT", &arguments.listen,
                 "where to listen, any number of times; default: every address, port 9436");
  options.option("--allow KEY", &arguments.allow,
                 "let in this key too, as 'isodb key export' prints it; any number of times");
  options.option("--members-of BRANCH", &arguments.members_of,
                 "whose members are let in; default: main, or the current branch without one");
  options.option("--workers COUNT", &arguments.workers, "threads that work; default: 2");
  options.flag("--stdio", arguments.stdio, "serve the one device at standard input and output");
}

/// A device is a descriptor, and the usual limit is 1,024.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= kDescriptorsWanted) return;
  limit.rlim_cur = std::min(kDescriptorsWanted, limit.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// Ends serving in order when a signal would end the program.
class ServerStop : public Stoppable {
 public:
  explicit ServerStop(sync::Server& server) : server_(server) { stop_on_signal(this); }
  ~ServerStop() override { stop_on_signal(nullptr); }
  ServerStop(const ServerStop&) = delete;
  ServerStop& operator=(const ServerStop&) = delete;
  void request_stop() noexcept override { server_.stop(); }

 private:
  sync::Server& server_;
};

sync::ServeOptions serve_options(const Arguments& arguments) {
  sync::ServeOptions options;
  options.listen = arguments.listen;
  if (arguments.workers == 0 || arguments.workers > 256) {
    throw Error(ErrorCode::kInvalid, "--workers takes 1 to 256");
  }
  options.workers = arguments.workers;
  for (const std::string& text : arguments.allow) {
    const auto key = PublicKey::parse(text);
    if (!key) {
      throw Error(ErrorCode::kInvalid, "'" + text + "' is no public key",
                  "'isodb key export' prints one: ed25519: and 64 hexadecimal digits");
    }
    options.allow.push_back(*key);
  }
  return options;
}

ExitCode serve_stdio(Repository& repository, sync::ServeOptions options, ServeLog& log) {
  const StopOnSignal stop;
  options.on_event = [&](const sync::ServeEvent& event) { log.note(event); };
  const sync::SyncResult result =
      sync::serve_standard_streams(repository, options, &stop.request());
  return exit_code_of(result);
}

ExitCode serve_network(Repository& repository, sync::ServeOptions options, ServeLog& log) {
  ::signal(SIGHUP, SIG_IGN);  // a terminal that went away is no reason to stop
  options.on_event = [&](const sync::ServeEvent& event) { log.note(event); };
  sync::Server server(repository, options);
  const ServerStop stop(server);
  log.listening(repository.public_key(), server.addresses());
  server.run();
  log.stopped();
  return ExitCode::kDone;
}

ExitCode run(const Arguments& arguments, Context& context) {
  sync::ServeOptions options = serve_options(arguments);
  raise_descriptor_limit();
  std::optional<Repository> named;
  if (arguments.folder) {
    const std::filesystem::path folder = *arguments.folder;
    const bool is_inside = std::filesystem::exists(folder / ".isodb" / "repo.db") &&
                           !std::filesystem::exists(folder / "repo.db");
    named = Repository::open(is_inside ? folder / ".isodb" : folder,
                             context.open_options(Access::kWrite));
  }
  Repository& repository = named ? *named : context.repository(Access::kWrite);
  if (arguments.members_of) {
    options.members_of = existing_ref(repository, kHeadsPrefix, *arguments.members_of);
  }
  ServeLog log(context, arguments.stdio ? LogTo::kStandardError : LogTo::kStandardOutput);
  return arguments.stdio ? serve_stdio(repository, options, log)
                         : serve_network(repository, options, log);
}

}  // namespace

Command serve_command() {
  return {
      .name = "serve",
      .summary = "let other devices sync with this repository",
      .details =
          "Listens until SIGINT or SIGTERM, and ends every session in order then. Who is let in is "
          "decided by the members of one branch, main by default, whichever is the current one: "
          "readers are sent what they lack, writers and admins may send too, and who was revoked "
          "or is no member learns nothing. Who is revoked while it is connected is sent nothing "
          "more. Every line is TLS 1.3 with the devices' own keys on both sides.\n\n"
          "Prints a line for each thing that happens: who came, from where, what came and went, "
          "what was refused, bytes. 'isodb clone ssh://host/path' needs no server: it runs 'isodb "
          "serve --stdio' there.",
      .examples = {{"isodb serve", "on every address, port 9436"},
                   {"isodb serve --listen 10.0.0.1:9436 --allow ed25519:64-digits",
                    "on one address, and let in a device before it is a member"}},
      .declare = bind<Arguments>(declare, run),
      .children = {}};
}

}  // namespace isodb::cli
