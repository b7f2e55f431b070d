#include "cli/parser.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <utility>

#include "cli/text.h"

namespace isodb::cli {
namespace {

template <typename... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <typename... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;  // clang 14 does not deduce it

std::uint64_t number_of(const std::string& name, const std::string& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw Error(ErrorCode::kInvalid, name + " takes a whole number, not '" + text + "'");
  }
  return number;
}

/// An empty path or revision is, most often, a script's variable that is not set: it must not mean
/// everything. `stands_for` is the word that tells them from other values (cli/options.h).
void check_not_empty(const std::string& name, const std::string& stands_for,
                     const std::string& value) {
  const bool names_something = stands_for == "PATH" || stands_for == "PREFIX" ||
                               stands_for == "PATH|ID" || stands_for == "REV";
  if (!names_something || !value.empty()) return;
  throw Error(ErrorCode::kInvalid, name + " is empty",
              "is a variable of a script not set? For the default, leave it out");
}

/// The value of one word on the command line; a flag has none.
void assign(const std::string& name, const Target& target, const std::string& value) {
  std::visit(Overloaded{
                 [](bool* to) { *to = true; },
                 [&](std::string* to) { *to = value; },
                 [&](std::optional<std::string>* to) { *to = value; },
                 [&](std::uint64_t* to) { *to = number_of(name, value); },
                 [&](std::optional<std::uint64_t>* to) { *to = number_of(name, value); },
                 [&](std::vector<std::string>* to) { to->push_back(value); },
             },
             target);
}

void check_choice(const Option& option, const std::string& value) {
  if (option.choices.empty() || std::ranges::count(option.choices, value) > 0) return;
  std::string all;
  for (const std::string& choice : option.choices) all += (all.empty() ? "" : ", ") + choice;
  throw Error(ErrorCode::kInvalid,
              option.names.back() + " takes one of " + all + ", not '" + value + "'");
}

const Option* option_named(const Options& options, const std::string& name) {
  for (const Option& option : options.options()) {
    if (std::ranges::count(option.names, name) > 0) return &option;
  }
  return nullptr;
}

/// Mends two things in the words: CLI11 reads "--at=" as --at without a value and takes the next
/// word for it, and lets a flag have a value.
std::vector<std::string> mended(const Options& options, const std::vector<std::string>& words) {
  std::vector<std::string> result;
  bool after_mark = false;
  for (const std::string& word : words) {
    after_mark = after_mark || word == "--";
    const std::size_t equals = word.find('=');
    result.push_back(word);
    if (after_mark || !word.starts_with("--") || equals == std::string::npos) continue;
    const std::string name = word.substr(0, equals);
    const Option* option = option_named(options, name);
    if (option == nullptr) continue;
    if (option->value.empty()) throw Error(ErrorCode::kInvalid, name + " takes no value");
    if (equals + 1 == word.size()) {
      result.back() = name;
      result.emplace_back();
    }
  }
  return result;
}

/// Takes the options out of `words` and returns what remains, the mark "--" included.
std::vector<std::string> parse_options(const std::string& call, const Options& options,
                                       const std::vector<std::string>& words) {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  for (const Option& option : options.options()) {
    std::string names;
    for (const std::string& name : option.names) names += (names.empty() ? "" : ",") + name;
    const auto take = [&option](const std::vector<std::string>& values) {
      for (const std::string& value : values) {
        check_choice(option, value);
        check_not_empty(option.names.back(), option.value, value);
        assign(option.names.back(), option.target, value);
      }
      return true;
    };
    if (option.value.empty()) {
      app.add_flag_callback(names, [take] { take({""}); });
    } else {
      const bool many = std::holds_alternative<std::vector<std::string>*>(option.target);
      app.add_option(names, take)
          ->expected(1)
          ->multi_option_policy(many ? CLI::MultiOptionPolicy::TakeAll
                                     : CLI::MultiOptionPolicy::TakeLast);
    }
  }
  std::vector<std::string> backwards = mended(options, words);
  std::ranges::reverse(backwards);
  try {
    app.parse(std::move(backwards));
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string what = error.what();
    throw Error(ErrorCode::kInvalid, what.substr(0, what.find(':')) + " needs a value",
                "see '" + call + " --help'");
  } catch (const CLI::ParseError& error) {
    throw Error(ErrorCode::kInvalid, error.what(), "see '" + call + " --help'");
  }
  return app.remaining();
}

[[noreturn]] void throw_unknown_option(const std::string& call, const Options& options,
                                       const std::string& word) {
  const std::string name = word.substr(0, word.find('='));
  std::string hint;
  if (name.find_first_not_of("0123456789", 1) == std::string::npos) {
    if (option_named(options, "-n") != nullptr) hint = "did you mean '-n " + name.substr(1) + "'?";
  } else if (name.size() > 2) {  // any two letters are near each other
    std::vector<std::string> names;
    for (const Option& option : options.options()) {
      names.insert(names.end(), option.names.begin(), option.names.end());
    }
    hint = did_you_mean(nearest(name, names));
  }
  if (!hint.empty()) hint += " ";
  throw Error(ErrorCode::kInvalid, "'" + call + "' has no option " + name,
              hint + "see '" + call + " --help'");
}

/// The arguments among the words that no option took.
std::vector<std::string> arguments_of(const std::string& call, const Options& options,
                                      const std::vector<std::string>& remaining) {
  std::vector<std::string> values;
  bool after_mark = false;
  for (const std::string& word : remaining) {
    if (!after_mark && word == "--") {
      after_mark = true;
    } else if (!after_mark && word.size() > 1 && word[0] == '-') {
      throw_unknown_option(call, options, word);
    } else {
      values.push_back(word);
    }
  }
  return values;
}

/// Gives each argument its values: the ones that need a value first, then those that may have one,
/// the rest to the one that takes many.
void assign_arguments(const std::string& call, const Options& options,
                      const std::vector<std::string>& values) {
  std::size_t needed = 0;
  for (const Argument& argument : options.arguments()) needed += argument.required ? 1 : 0;
  std::size_t spare = values.size() > needed ? values.size() - needed : 0;
  std::size_t next = 0;
  for (const Argument& argument : options.arguments()) {
    std::size_t count = argument.required ? 1 : 0;
    if (argument.many) {
      count += std::exchange(spare, 0);
    } else if (!argument.required && spare > 0) {
      count = 1;
      --spare;
    }
    for (; count > 0; --count) {
      if (next == values.size()) {
        throw Error(ErrorCode::kInvalid, "'" + call + "' needs " + argument.name,
                    "see '" + call + " --help'");
      }
      check_not_empty(argument.name, argument.name, values[next]);
      assign(argument.name, argument.target, values[next++]);
    }
  }
  if (next < values.size()) {
    throw Error(ErrorCode::kInvalid,
                "'" + call + "' does not know what to do with '" + values[next] + "'",
                "see '" + call + " --help'");
  }
}

}  // namespace

void GlobalOptions::declare(Options& options) {
  options.option("-C DIR", &directory, "the repository's folder, or a folder that holds .isodb");
  options.flag("--json", json, "print one JSON object a line, for programs");
  options.flag("-q,--quiet", quiet, "print only what was asked for, and errors");
  options.option("--color WHEN", &color, "colours: auto (on a terminal), always or never",
                 {"auto", "always", "never"});
  options.flag("--no-pager", no_pager, "do not page the output");
  options.option("--passphrase-file FILE", &passphrase_file,
                 "the passphrase of the device's key is this file's first line");
  options.flag("-h,--help", help, "say what the command does, with examples");
}

void parse(const std::string& call, const Options& options, const GlobalOptions& global,
           const std::vector<std::string>& words) {
  const auto remaining = parse_options(call, options, words);
  if (global.help) return;
  assign_arguments(call, options, arguments_of(call, options, remaining));
}

}  // namespace isodb::cli
