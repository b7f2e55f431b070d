#include "cli/commands.h"
#include "cli/peer_options.h"
#include "cli/text.h"
#include "isodb/error.h"

namespace isodb::cli {
namespace {

using sync::Remote;

struct AddArguments {
  std::string name, url;
  std::vector<std::string> labels;
  std::optional<std::string> fingerprint;
};

struct NameArguments {
  std::string name;
};

struct UrlArguments {
  std::string name, url;
};

void print(Context& context, const Remote& remote) {
  const std::string known = remote.key ? remote.key->fingerprint() : remote.fingerprint;
  if (context.json()) {
    JsonObject object, labels;
    for (const auto& [key, value] : remote.labels) labels.string(key, value);
    object.string("remote", remote.name).string("url", remote.url);
    if (remote.key) object.string("key", remote.key->text());
    object.string("fingerprint", known).object("labels", labels);
    context.print(object);
    return;
  }
  context.out() << context.paint(Style::kBold, printable_line(remote.name)) << "  "
                << printable_line(remote.url);
  if (!known.empty()) context.out() << "  " << context.paint(Style::kYellow, known);
  for (const auto& [key, value] : remote.labels) {
    context.out() << "  " << printable_line(key) << "=" << printable_line(value);
  }
  context.out() << "\n";
}

ExitCode list(Context& context) {
  for (const Remote& remote : sync::remotes(context.repository(Access::kRead))) {
    print(context, remote);
  }
  return ExitCode::kDone;
}

void declare_add(Options& options, AddArguments& arguments) {
  options.argument("NAME", &arguments.name, "what it is called here");
  options.argument("URL", &arguments.url,
                   "isodb://host[:port], ssh://[user@]host[:port]/path, or a folder");
  options.option("--label KEY=VALUE", &arguments.labels,
                 "something to know it by (site=barn); any number of times");
  options.option("--fingerprint KEY", &arguments.fingerprint,
                 "the peer's key or its fingerprint; else the first contact asks");
}

ExitCode add(const AddArguments& arguments, Context& context) {
  Repository& repository = context.repository(Access::kWrite);
  if (sync::find_remote(repository, arguments.name)) {
    throw Error(ErrorCode::kInvalid, "there is a remote '" + arguments.name + "' already",
                "isodb remote remove " + arguments.name);
  }
  Remote remote;
  remote.name = arguments.name;
  remote.url = arguments.url;
  PeerOptions peer;
  peer.fingerprint = arguments.fingerprint;
  peer.apply(remote);
  for (const std::string& label : arguments.labels) {
    const std::size_t end = label.find('=');
    if (end == std::string::npos) {
      throw Error(ErrorCode::kInvalid, "no label: '" + label + "'", "a label is KEY=VALUE");
    }
    remote.labels[label.substr(0, end)] = label.substr(end + 1);
  }
  sync::set_remote(repository, remote);
  if (!context.quiet() || context.json())
    print(context, *sync::find_remote(repository, remote.name));
  return ExitCode::kDone;
}

void declare_name(Options& options, NameArguments& arguments) {
  options.argument("REMOTE", &arguments.name, "the remote's name");
}

[[noreturn]] void throw_no_remote(const Repository& repository, const std::string& name) {
  std::vector<std::string> names;
  for (const Remote& remote : sync::remotes(repository)) names.push_back(remote.name);
  throw Error(ErrorCode::kNotFound, "there is no remote '" + name + "'",
              did_you_mean(nearest(name, names)));
}

void declare_url(Options& options, UrlArguments& arguments) {
  options.argument("REMOTE", &arguments.name, "the remote's name");
  options.argument("URL", &arguments.url, "where it is from now on");
}

/// The key stays: whoever answers at the new place has to be the same device.
ExitCode set_url(const UrlArguments& arguments, Context& context) {
  Repository& repository = context.repository(Access::kWrite);
  std::optional<Remote> remote = sync::find_remote(repository, arguments.name);
  if (!remote) throw_no_remote(repository, arguments.name);
  remote->url = arguments.url;
  sync::set_remote(repository, *remote);
  if (!context.quiet() || context.json()) {
    print(context, *sync::find_remote(repository, arguments.name));
  }
  return ExitCode::kDone;
}

ExitCode remove(const NameArguments& arguments, Context& context) {
  Repository& repository = context.repository(Access::kWrite);
  if (!sync::remove_remote(repository, arguments.name)) {
    throw_no_remote(repository, arguments.name);
  }
  if (context.json()) {
    context.print(JsonObject().string("remote", arguments.name).boolean("removed", true));
  }
  return ExitCode::kDone;
}

}  // namespace

Command remote_command() {
  return {
      .name = "remote",
      .summary = "name the repositories that this one meets",
      .details =
          "A remote is a URL with a name, labels of your own, and the key that has to answer "
          "there. A key that is not known yet is asked about at the first contact. Remotes belong "
          "to this clone and do not travel.",
      .examples = {{"isodb remote add hub isodb://hub.example --label site=office", "a server"},
                   {"isodb remote add stick /media/stick/farm.isodb", "a folder"},
                   {"isodb remote set-url hub isodb://new.example", "the hub has moved"}},
      .declare = bind(list),
      .children = {
          {.name = "list",
           .summary = "the remotes, their URLs, keys and labels",
           .details = "",
           .examples = {},
           .declare = bind(list),
           .children = {}},
          {.name = "add",
           .summary = "name a repository",
           .details = "",
           .examples = {},
           .declare = bind<AddArguments>(declare_add, add),
           .children = {}},
          {.name = "set-url",
           .summary = "say where a remote is now",
           .details = "Its key, labels and refs stay: another device that answers there is "
                      "refused until its fingerprint is given with --fingerprint.",
           .examples = {},
           .declare = bind<UrlArguments>(declare_url, set_url),
           .children = {}},
          {.name = "remove",
           .summary = "forget a remote and its refs",
           .details = "",
           .examples = {},
           .declare = bind<NameArguments>(declare_name, remove),
           .children = {}}}};
}

}  // namespace isodb::cli
