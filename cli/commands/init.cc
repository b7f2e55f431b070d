#include "cli/commands.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::optional<std::string> directory;
  std::string branch = "main";
  std::string name;
  std::optional<std::string> key;
  bool protect = false;
};

void declare(Options& options, Arguments& arguments) {
  options.argument("[DIR]", &arguments.directory,
                   "the folder to make; default: what -C or ISODB_DIR names, else .isodb");
  options.option("--branch NAME", &arguments.branch, "the first branch; default: main");
  options.option("--name NAME", &arguments.name,
                 "what this device's key is called; default: the key's fingerprint");
  options.option("--key FILE", &arguments.key, "sign with this secret key instead of a new one");
  options.flag("--protect", arguments.protect, "put the key under a passphrase");
}

ExitCode run(const Arguments& arguments, Context& context) {
  InitOptions options{.branch = arguments.branch,
                      .name = arguments.name,
                      .key_file = {},
                      .protect = arguments.protect,
                      .passphrase = [&] {
                        return arguments.protect ? context.new_passphrase() : context.passphrase();
                      }};
  if (arguments.key) options.key_file = *arguments.key;
  const std::filesystem::path chosen = arguments.directory
                                           ? std::filesystem::path(*arguments.directory)
                                           : context.directory().value_or(".isodb");
  const Repository repository = Repository::init(chosen, options);
  const std::string folder = std::filesystem::absolute(repository.folder()).string();
  if (context.json()) {
    context.print(JsonObject()
                      .string("folder", folder)
                      .id("repository", repository.id())
                      .string("branch", repository.current_branch())
                      .string("key", repository.public_key().text())
                      .string("fingerprint", repository.public_key().fingerprint()));
  } else if (!context.quiet()) {
    context.out() << "made a repository in " << folder << "\n"
                  << "  id   " << context.paint(Style::kYellow, repository.id().hex()) << "\n"
                  << "  key  " << repository.public_key().fingerprint() << "\n";
  }
  return ExitCode::kDone;
}

}  // namespace

Command init_command() {
  return {.name = "init",
          .summary = "make a new repository",
          .details =
              "Without DIR the repository is the folder .isodb in the working folder, and "
              "commands find it from there and from every folder below. A new key is made "
              "for this device; every commit is signed with it.",
          .examples = {{"isodb init", "a repository for this folder, in .isodb"},
                       {"isodb init farm.isodb --name barn-tablet", "a repository in farm.isodb"}},
          .declare = bind<Arguments>(declare, run),
          .children = {}};
}

}  // namespace isodb::cli
