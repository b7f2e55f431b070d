#include <filesystem>

#include "cli/commands.h"
#include "cli/error_report.h"
#include "cli/meeting.h"
#include "cli/scope_view.h"
#include "cli/signals.h"
#include "cli/sync_view.h"
#include "cli/text.h"
#include "cli/time_option.h"
#include "core/clock.h"
#include "isodb/error.h"
#include "merge/members.h"
#include "sync/place.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::string origin;
  std::optional<std::string> folder;
  std::vector<std::string> paths;
  std::optional<std::uint64_t> depth;
  std::optional<std::string> since;
  bool protect = false;
  PeerOptions peer;
};

void declare(Options& options, Arguments& arguments) {
  options.argument("URL", &arguments.origin,
                   "isodb://host[:port], ssh://[user@]host/path, or a repository's folder");
  options.argument("[DIR]", &arguments.folder,
                   "where the clone goes, a folder that is empty or new; default: the URL's last "
                   "part");
  options.option("--path PREFIX", &arguments.paths,
                 "hold the documents below this folder, or this one, alone; may be given again");
  options.option(
      "--depth N", &arguments.depth,
      "hold what the N latest commits back from each head wrote, and what was there then");
  options.option(
      "--since TIME", &arguments.since,
      "hold what was written since then, and what was there then: a date, a time, or 90d");
  options.flag("--protect", arguments.protect, "put the clone's new key under a passphrase");
  arguments.peer.declare(options);
}

/// The last part of a path, or the host: "isodb://hub.example:9436" gives "hub.example".
std::filesystem::path folder_named_by(const std::string& url) {
  const sync::Place place = sync::parse_place(url);
  std::string text;
  if (const auto* server = std::get_if<net::Address>(&place)) text = server->host;
  if (const auto* behind_ssh = std::get_if<net::SshAddress>(&place)) text = behind_ssh->path;
  if (const auto* path = std::get_if<std::filesystem::path>(&place)) text = path->string();
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  const std::string name = text.substr(text.find_last_of('/') + 1);
  if (name.empty() || name == "." || name == ".." || name == ".isodb" || name == "~") {
    throw Error(ErrorCode::kInvalid, "'" + url + "' does not say what the clone is called",
                "isodb clone " + url + " DIR");
  }
  return name;
}

/// What an admin has to do before the clone's commits count; nothing where they do.
void print_rights(Context& context, const Repository& clone) {
  const std::string path = merge::member_path(clone.public_key());
  const std::optional<Bytes> document = clone.snapshot().get(path);
  const auto member = document ? merge::member_at(path, *document) : std::nullopt;
  if (member && (member->revoked || member->role != merge::Role::kReader)) return;
  context.out() << "its key may read; an admin lets it write: isodb member "
                << (member ? "role " + clone.public_key().fingerprint() + " writer"
                           : "add " + clone.public_key().text() + " NAME")
                << "\n";
}

void print(Context& context, const Arguments& arguments, const std::filesystem::path& folder,
           const sync::SyncResult& result) {
  const Repository clone = Repository::open(folder, {.read_only = true});
  note_absent(context, clone, arguments.paths);
  if (!context.quiet()) {
    context.out() << "cloned " << clone.id().short_hex() << " into " << clone.folder().string()
                  << "\n"
                  << counted(result.report.commits_received, "commit") << "; "
                  << traffic_text(result.bandwidth, result.took) << "\n";
    print_rights(context, clone);
  }
}

/// nullopt where nothing has come of it yet that could be opened: why, is told as the clone's
/// error.
std::optional<Repository> opened(const std::filesystem::path& folder) {
  try {
    return Repository::open(folder, {.read_only = true});
  } catch (const Error&) {
    return std::nullopt;
  }
}

/// One line, whatever became of it. `key`: the clone's, once it has one; a repository that was
/// there before is none of it.
void print_json(Context& context, const Arguments& arguments, const std::filesystem::path& folder,
                const std::optional<PublicKey>& key, const sync::SyncResult& result) {
  const std::optional<Repository> clone = key ? opened(folder) : std::nullopt;
  JsonObject object;
  object.string("folder", clone ? clone->folder().string() : folder.string());
  if (clone) {
    object.id("repository", clone->id())
        .string("key", key->text())
        .string("writer", clone->writer().hex())
        .string("branch", clone->current_branch());
  } else {
    object.null("repository");
    if (key) object.string("key", key->text());
    if (!key) object.null("key");
    object.null("writer").null("branch");
  }
  object.string("url", arguments.origin);
  add_sync_result(object, result);
  context.print(object);
}

/// May the same command do better: later, or when an admin has let the key in?
bool goes_on(const sync::SyncResult& result) {
  switch (result.error->code()) {
    case ErrorCode::kIo:
    case ErrorCode::kBusy:
    case ErrorCode::kStale:
    case ErrorCode::kDenied:
    case ErrorCode::kCorrupt:
      return true;
    default:
      return result.unreachable;
  }
}

sync::SyncOptions clone_options(const Arguments& arguments, const std::filesystem::path& folder,
                                Context& context) {
  sync::SyncOptions options = arguments.peer.sync_options(sync::Direction::kPull);
  options.scope.paths = arguments.paths;
  options.scope.depth = arguments.depth;
  options.protect = arguments.protect;
  // A clone that goes on has its key already.
  const bool is_new = arguments.protect && !std::filesystem::exists(folder / "keys/device.key");
  options.passphrase = [&context, is_new] {
    return is_new ? context.new_passphrase() : context.passphrase();
  };
  if (arguments.since) {
    options.scope.since_millis =
        parse_time_option("--since", *arguments.since, core::system_environment().now_millis());
  }
  return options;
}

/// As sync::clone(), with what keeps it from beginning in the result, too.
sync::SyncResult clone_result(const sync::Remote& origin, const std::filesystem::path& folder,
                              const sync::SyncOptions& options, std::optional<PublicKey>& key) {
  try {
    return sync::clone(origin, folder, options, [&](const PublicKey& made) { key = made; });
  } catch (const Error& error) {
    sync::SyncResult result;
    result.error = error;
    return result;
  }
}

ExitCode run(const Arguments& arguments, Context& context) {
  const std::filesystem::path folder = arguments.folder ? std::filesystem::path(*arguments.folder)
                                                        : folder_named_by(arguments.origin);
  sync::Remote origin = sync::remote_at(arguments.origin);
  arguments.peer.apply(origin);
  sync::SyncOptions options = clone_options(arguments, folder, context);
  const StopOnSignal stop;
  options.stop = &stop.request();
  add_conversation(context, "clone", origin, options);
  std::optional<PublicKey> key;
  sync::SyncResult result = clone_result(origin, folder, options, key);
  options.progress = {};
  const bool is_made = !result.error;
  if (is_made && !result.report.refs_refused.empty()) {
    result.error = refs_refused_error(result.report);
  }
  if (context.json()) print_json(context, arguments, folder, key, result);
  if (is_made) {
    if (!context.json()) print(context, arguments, folder, result);
    for (const sync::RefusedCommit& refused : result.report.refused) {
      context.note(refused_text(refused));
    }
  }
  context.out().flush();
  if (!is_made && stop.request().requested()) end_if_stopped();
  const ExitCode code = exit_code_of(result);
  if (!result.error) return code;
  const Error& error = *result.error;
  std::string hint = error.hint();
  if (key && goes_on(result))
    hint += (hint.empty() ? "" : "; ") + std::string("the same command goes on");
  report_error(Error(error.code(), error.what(), hint), code,
               context.json() ? ErrorForm::kJson : ErrorForm::kText);
  return code;
}

}  // namespace

Command clone_command() {
  return {
      .name = "clone",
      .summary = "make a repository that shares another's history",
      .details =
          "The clone has a key and a writer id of its own, so that both can be written to while "
          "they are apart. Every commit is checked on the way. What it writes counts for others "
          "once an admin has made its key a member. The other repository becomes the remote "
          "origin.\n\n"
          "A server lets in members and keys that it was told of; where it does not know this "
          "device, the key is made all the same, and the message says which key an admin has to "
          "add. Run the same command again after that, and also where the line broke: it goes on "
          "where it ended.",
      .examples = {{"isodb clone isodb://hub.example farm.isodb", "from a server"},
                   {"isodb clone /media/stick/farm.isodb farm.isodb", "from a stick"}},
      .declare = bind<Arguments>(declare, run),
      .children = {}};
}

}  // namespace isodb::cli
