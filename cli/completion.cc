#include "cli/completion.h"

#include <algorithm>
#include <array>

#include "cli/commands.h"
#include "cli/folder.h"
#include "cli/parser.h"
#include "cli/settings.h"
#include "isodb/remote.h"

namespace isodb::cli {
namespace {

constexpr std::size_t kCandidatesMax = 1000;

/// The words before the one under the cursor, read as far as they can be.
struct Situation {
  std::optional<Command> command;
  Options options;                       ///< of the command, then of every command
  const Option* waiting = nullptr;       ///< the option whose value comes next
  std::vector<std::string> arguments;    ///< those given before
  std::optional<std::string> directory;  ///< -C
};

const Option* find_option(const Options& options, const std::string& name) {
  for (const Option& option : options.options()) {
    if (std::ranges::count(option.names, name) > 0) return &option;
  }
  return nullptr;
}

/// Takes `word` as the name of a command, or of one below it; false when it is none.
bool enter_command(Situation& situation, const std::string& word) {
  if (!situation.command) {
    const CommandName* found = find_command(word);
    if (found == nullptr) return false;
    situation.command = found->make();
  } else {
    std::vector<Command>& children = situation.command->children;
    const auto child = std::ranges::find(children, word, &Command::name);
    if (child == children.end()) return false;
    Command next = std::move(*child);
    situation.command = std::move(next);
  }
  return true;
}

void declare_options(Situation& situation, GlobalOptions& global,
                     std::vector<Action>& keep_targets) {
  situation.options = Options();
  if (situation.command && situation.command->declare) {
    keep_targets.push_back(situation.command->declare(situation.options));
  }
  global.declare(situation.options);
}

std::vector<Candidate> revisions(Repository& repository) {
  std::vector<Candidate> found;
  for (const RefInfo& ref : repository.refs()) {
    for (const std::string_view prefix : {"heads/", "tags/"}) {
      if (ref.name.starts_with(prefix)) {
        found.push_back({ref.name.substr(prefix.size()), ref.target.short_hex()});
      }
    }
  }
  return found;
}

std::vector<Candidate> refs(Repository& repository, std::string_view kind) {
  const std::string prefix = kind == "BRANCH" ? "heads/" : kind == "TAG" ? "tags/" : "";
  std::vector<Candidate> found;
  for (const RefInfo& ref : repository.refs(prefix)) {
    found.push_back({ref.name.substr(prefix.size()), ref.target.short_hex()});
  }
  return found;
}

std::vector<Candidate> documents(Repository& repository, const std::string& word) {
  std::vector<Candidate> found;
  list_folder(repository.snapshot(), folder_of(word), name_of(word), [&](const FolderItem& item) {
    if (word.empty() && item.path.starts_with(kGovernedPrefix)) return true;
    found.push_back({item.path, item.entry ? item.entry->media_type : "folder"});
    return found.size() < kCandidatesMax;
  });
  return found;
}

std::vector<Candidate> remotes(const Repository& repository) {
  std::vector<Candidate> found;
  for (const sync::Remote& remote : sync::remotes(repository)) {
    found.push_back({remote.name, remote.url});
  }
  return found;
}

/// Values of an argument or option that is called `kind` in the help.
std::vector<Candidate> values(const std::string& kind, const std::string& word,
                              const std::optional<std::string>& directory, Output& out) {
  constexpr std::array kFiles = {"FILE", "BASE", "LEFT", "RIGHT", "MORE"};
  if (std::ranges::find(kFiles, kind) != kFiles.end()) return {{":files", ""}};
  if (kind == "DIR") return {{":folders", ""}};
  std::vector<Candidate> found;
  if (kind == "SETTING") {
    for (const Setting& setting : known_settings()) {
      found.push_back({std::string(setting.key), std::string(setting.help)});
    }
    return found;
  }
  if (kind == "COMMAND") {
    for (const CommandName& name : command_names()) {
      const Command command = name.make();
      if (!command.hidden) found.push_back({command.name, command.summary});
    }
    return found;
  }
  try {
    GlobalOptions global;
    global.directory = directory;
    Context context(global, out);
    Repository& repository = context.repository(Access::kRead);
    if (kind == "PATH" || kind == "PREFIX") return documents(repository, word);
    if (kind == "REV") return revisions(repository);
    if (kind == "REMOTE") return remotes(repository);
    if (kind == "BRANCH" || kind == "TAG" || kind == "REF") return refs(repository, kind);
  } catch (const Error&) {
    // Pressing Tab is no place for an error message; running the command shows it.
  }
  return found;
}

std::vector<Candidate> option_names(const Options& options) {
  std::vector<Candidate> found;
  for (const Option& option : options.options()) {
    found.push_back({option.names.back(), option.help});
  }
  return found;
}

Situation read_situation(const std::vector<std::string>& words, GlobalOptions& global,
                         std::vector<Action>& keep_targets) {
  Situation situation;
  declare_options(situation, global, keep_targets);
  bool after_mark = false;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    if (situation.waiting != nullptr) {
      if (situation.waiting->names.front() == "-C") situation.directory = word;
      situation.waiting = nullptr;
    } else if (!after_mark && word == "--") {
      after_mark = true;
    } else if (!after_mark && word.size() > 1 && word.starts_with('-')) {
      const Option* option = find_option(situation.options, word);
      if (option != nullptr && !option->value.empty()) situation.waiting = option;
    } else if (situation.arguments.empty() && enter_command(situation, word)) {
      declare_options(situation, global, keep_targets);
    } else {
      situation.arguments.push_back(word);
    }
  }
  return situation;
}

std::vector<Candidate> argument_values(const Situation& situation, const std::string& word,
                                       Output& out) {
  const std::vector<Argument>& arguments = situation.options.arguments();
  if (arguments.empty()) return {};
  const std::size_t given = situation.arguments.size();
  if (given >= arguments.size() && !arguments.back().many) return {};
  const Argument& argument = arguments[std::min(given, arguments.size() - 1)];
  return values(argument.name, word, situation.directory, out);
}

}  // namespace

std::vector<Candidate> complete(const std::vector<std::string>& words, Output& out) {
  const std::string word = words.empty() ? "" : words.back();
  GlobalOptions global;
  std::vector<Action> keep_targets;
  const Situation situation = read_situation(words, global, keep_targets);
  std::vector<Candidate> found;
  if (situation.waiting != nullptr) {
    for (const std::string& choice : situation.waiting->choices) found.push_back({choice, ""});
    if (found.empty()) found = values(situation.waiting->value, word, situation.directory, out);
  } else if (word.starts_with('-')) {
    found = option_names(situation.options);
  } else if (!situation.command) {
    found = values("COMMAND", word, {}, out);
  } else {
    for (const Command& child : situation.command->children) {
      found.push_back({child.name, child.summary});
    }
    if (found.empty()) found = argument_values(situation, word, out);
  }
  std::erase_if(found, [&](const Candidate& candidate) {
    return !candidate.word.starts_with(':') && !candidate.word.starts_with(word);
  });
  return found;
}

}  // namespace isodb::cli
