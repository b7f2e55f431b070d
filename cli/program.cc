#include "cli/program.h"

#include <algorithm>
#include <array>
#include <new>
#include <optional>

#include "cli/commands.h"
#include "cli/error_report.h"
#include "cli/help.h"
#include "cli/parser.h"
#include "cli/signals.h"
#include "cli/stale.h"
#include "cli/text.h"

namespace isodb::cli {
namespace {

/// A command that was found, and the words that are left for it.
struct Call {
  Command command;
  std::string spelling;  ///< "isodb ref get"
  std::vector<std::string> words;
};

// Options of every command whose value is the next word.
constexpr std::array<std::string_view, 3> kGlobalValues = {"-C", "--color", "--passphrase-file"};

/// Where the first word stands that is no option of every command, nor the value of one.
std::size_t first_plain_word(const std::vector<std::string>& words) {
  std::size_t at = 0;
  while (at < words.size() && words[at].starts_with('-') && words[at] != "--") {
    const bool has_value = std::ranges::find(kGlobalValues, words[at]) != kGlobalValues.end();
    at += has_value ? 2 : 1;
  }
  return std::min(at, words.size());
}

/// Takes the first plain word out of `words`; "" when there is none.
std::string take_name(std::vector<std::string>& words) {
  const std::size_t at = first_plain_word(words);
  if (at == words.size()) return {};
  std::string name = words[at];
  words.erase(words.begin() + static_cast<std::ptrdiff_t>(at));
  return name;
}

[[noreturn]] void throw_unknown_command(const std::string& call, const std::string& name,
                                        const std::vector<std::string>& known) {
  std::string hint = did_you_mean(nearest(name, known));
  if (!hint.empty()) hint += " ";
  throw Error(ErrorCode::kInvalid, "'" + call + "' has no command '" + name + "'",
              hint + "see '" + call + " --help'");
}

/// What other programs call differently; "" for any other word.
std::string word_here(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 14> kWords = {{
      {"add", "put"},
      {"annotate", "blame"},
      {"cat-file", "cat"},
      {"checkout", "switch"},
      {"copy", "cp"},
      {"delete", "rm"},
      {"list", "ls"},
      {"remove", "rm"},
      {"rename", "mv"},
      {"reset", "ref set"},
      {"restore", "get --at"},
      {"set", "put"},
      {"undo", "revert"},
      {"version", "--version"},
  }};
  for (const auto& [theirs, ours] : kWords) {
    if (name == theirs) return std::string(ours);
  }
  return {};
}

Call find_call(const std::string& name, std::vector<std::string> words) {
  const CommandName* found = find_command(name);
  if (found == nullptr) {
    std::vector<std::string> known;
    for (const CommandName& command : command_names()) {
      if (!command.make().hidden) known.emplace_back(command.name);
    }
    if (const std::string known_here = word_here(name); !known_here.empty()) {
      throw Error(ErrorCode::kInvalid, "'isodb' has no command '" + name + "'",
                  "here it is 'isodb " + known_here + "'");
    }
    throw_unknown_command("isodb", name, known);
  }
  Call call{found->make(), "isodb " + name, std::move(words)};
  while (!call.command.children.empty()) {
    const std::size_t at = first_plain_word(call.words);
    const std::string child = at < call.words.size() ? call.words[at] : "";
    std::vector<Command>& children = call.command.children;
    const auto match = std::ranges::find(children, child, &Command::name);
    if (match == children.end()) {
      if (call.command.declare || child.empty()) break;
      std::vector<std::string> known;
      for (const Command& one : children) known.push_back(one.name);
      throw_unknown_command(call.spelling, child, known);
    }
    call.words.erase(call.words.begin() + static_cast<std::ptrdiff_t>(at));
    call.spelling += " " + child;
    Command next = std::move(*match);
    if (next.examples.empty()) next.examples = call.command.examples;
    call.command = std::move(next);
  }
  return call;
}

ExitCode run_without_command(const std::vector<std::string>& words) {
  Options options;
  GlobalOptions global;
  global.declare(options);
  bool version = false;
  options.flag("--version", version, "print the program's version");
  parse("isodb", options, global, words);
  Output out(color_when(global.color));
  if (version && global.json) {
    out << JsonObject().string("version", ISODB_VERSION).text() << "\n";
  } else if (version) {
    out << "isodb " ISODB_VERSION "\n";
  } else {
    out << program_help(out);
  }
  out.finish();
  return version || global.help ? ExitCode::kDone : ExitCode::kUsage;
}

/// What is missing in a clone that broke off is not explained by anything but that, nor what a key
/// may not do that is about to be replaced.
ExitCode act(const Action& action, Context& context) {
  try {
    return action(context);
  } catch (const StaleError&) {
    throw;
  } catch (const Error& error) {
    std::string unfinished = context.unfinished_clone();
    if (unfinished.empty() && error.code() == ErrorCode::kDenied) {
      unfinished = context.waiting_key();
    }
    if (unfinished.empty()) throw;
    throw Error(error.code(), error.what(), unfinished);
  }
}

ExitCode run_call(const Call& call) {
  Options options;
  const Action action = call.command.declare ? call.command.declare(options) : Action();
  GlobalOptions global;
  global.declare(options);
  parse(call.spelling, options, global, call.words);
  Output out(color_when(global.color));
  Context context(global, out);
  ExitCode code = ExitCode::kDone;
  if (global.help) {
    context.page();
    out << command_help(call.spelling, call.command, out);
  } else if (!action) {
    throw Error(ErrorCode::kInvalid, "'" + call.spelling + "' needs a command",
                "see '" + call.spelling + " --help'");
  } else {
    code = act(action, context);
    if (const std::string failure = context.removal_failure(); !failure.empty()) {
      context.note(failure);
      context.note("'isodb gc' removes them, once that is mended");
    }
  }
  out.finish();
  return code;
}

/// Whether the errors of these words are told as JSON; they may not have been parsed.
ErrorForm error_form(const std::vector<std::string>& words) {
  const auto end = std::ranges::find(words, "--");
  return std::find(words.begin(), end, "--json") != end ? ErrorForm::kJson : ErrorForm::kText;
}

}  // namespace

int run_program(const std::vector<std::string>& words) {
  install_signal_handlers();
  const auto fail = [&](const Error& error) {
    const ExitCode code = exit_code_of(error.code());
    report_error(error, code, error_form(words));
    return static_cast<int>(code);
  };
  try {
    std::vector<std::string> rest = words;
    const std::string name = take_name(rest);
    return static_cast<int>(name.empty() ? run_without_command(rest)
                                         : run_call(find_call(name, std::move(rest))));
  } catch (const OutputClosed&) {
    die_of_sigpipe();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kCorrupt || !error.hint().empty()) return fail(error);
    return fail(Error(error.code(), error.what(), "'isodb fsck' lists all that is damaged"));
  } catch (const std::bad_alloc&) {
    return fail(Error(ErrorCode::kLimit, "out of memory"));
  } catch (const std::exception& error) {
    return fail(Error(ErrorCode::kIo, std::string("unexpected: ") + error.what()));
  }
}

}  // namespace isodb::cli
