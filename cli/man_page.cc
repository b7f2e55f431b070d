#include "cli/man_page.h"

#include <algorithm>

#include "cli/commands.h"
#include "cli/parser.h"
#include "cli/settings.h"
#include "cli/text.h"

namespace isodb::cli {
namespace {

constexpr std::string_view kHead = R"mdoc(.Dd November 20, 2026
.Dt ISODB 1
.Os
.Sh NAME
.Nm isodb
.Nd document database with signed history
.Sh SYNOPSIS
.Nm
.Ar COMMAND
.Op options
.Ar ...
.Nm
.Fl -version
.Sh DESCRIPTION
.Nm
keeps documents under paths, in a repository on this device.
Every change is a signed commit; nothing that was committed is ever lost.
Devices hold full copies and write to them at any time, with or without a
network.
.Pp
The repository is the folder that
.Fl C
names, else the one that
.Ev ISODB_DIR
names, else the working folder, its
.Pa .isodb ,
or the same in the folders above it.
)mdoc";

constexpr std::string_view kRevisions = R"mdoc(.Sh REVISIONS
A revision, REV, is one of
.Bl -tag -width Ds
.It Ar name
a branch or tag, in full
.Pq Li heads/main
or short
.Pq Li main
.It Ar id
an object's id of 64 hexadecimal digits or a unique prefix of at least 4
.It Li @
the current branch
.El
.Pp
followed by any number of
.Li ~ Ns Ar n
(the
.Ar n Ns No th
parent back), and by
.Li @{ Ns Ar n Ns Li }
(where the branch was
.Ar n
moves ago) or
.Li @{ Ns Ar time Ns Li }
(where it was then, as in
.Li main@{2026-11-20T08:00} ) .
)mdoc";

constexpr std::string_view kTail = R"mdoc(.Sh ENVIRONMENT
.Bl -tag -width ISODB_PAGER
.It Ev ISODB_DIR
the repository, where
.Fl C
is not given
.It Ev ISODB_PAGER , Ev PAGER
what long output to a terminal goes through; default: less
.It Ev VISUAL , Ev EDITOR
the editor of
.Cm edit ;
default: vi
.It Ev NO_COLOR
no colours, whatever its value
.It Ev TMPDIR
where
.Cm edit
keeps its file
.El
.Sh EXIT STATUS
.Bl -tag -width Ds -compact
.It 0
done
.It 1
not found, or a difference
.It 2
the command line or the input breaks a rule
.It 3
a compare-and-swap was lost: somebody else was faster
.It 4
conflicts remain
.It 5
verification failed: damaged bytes or a signature that does not hold
.It 6
a peer could not be reached
.It 7
refused or impossible: disk, rights, a limit, a newer version
.It 8
busy: somebody else holds what is needed; the same command may succeed later
.It 9
not held: this copy is partial, and what is needed has to be fetched
.It 10
erased: the content is gone for good
.El
)mdoc";

/// Text that mdoc takes as it stands.
std::string escaped(std::string_view text) {
  std::string result;
  if (text.starts_with('.') || text.starts_with('\'')) result = "\\&";
  for (const char c : text) {
    if (c == '\\') {
      result += "\\e";
    } else {
      result += c;
    }
  }
  return result;
}

/// One argument of a macro.
std::string display_word(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"') {
      result += "\\(dq";
    } else if (c == '\\') {
      result += "\\e";
    } else {
      result += c;
    }
  }
  return result + "\"";
}

/// Text in short lines, each of which mdoc takes as it stands.
std::string lines(std::string_view text) {
  constexpr std::size_t kWidth = 78;
  const std::string folded = wrapped(text, 0, kWidth);
  std::string result;
  for (std::size_t begin = 0; begin < folded.size();) {
    const std::size_t end = std::min(folded.find('\n', begin), folded.size());
    result += escaped(std::string_view(folded).substr(begin, end - begin)) + "\n";
    begin = end + 1;
  }
  return result;
}

/// Sentences, each beginning a line of its own, as mdoc wants them.
std::string sentences(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t paragraph = std::min(text.find("\n\n"), text.size());
    std::size_t end = std::min({text.find(". "), text.find("? "), paragraph});
    end += end < paragraph ? 1 : 0;
    result += lines(text.substr(0, end));
    if (end == paragraph && end < text.size()) result += ".Pp\n";
    text.remove_prefix(std::min(end == paragraph ? end + 2 : end + 1, text.size()));
  }
  return result;
}

std::string spelled(const Argument& argument) {
  const std::string text = "Ar " + argument.name + (argument.many ? " ..." : "");
  return argument.required ? text : "Op " + text;
}

std::string spelled(const Option& option) {
  std::string text;
  for (const std::string& name : option.names) {
    text += (text.empty() ? "Fl " : " , Fl ") + name.substr(1);
  }
  return option.value.empty() ? text : text + " Ar " + option.value;
}

std::string option_list(const Options& options) {
  if (options.options().empty() && options.arguments().empty()) return {};
  std::string text = ".Bl -tag -width Ds\n";
  for (const Argument& argument : options.arguments()) {
    text += ".It Ar " + argument.name + "\n" + lines(argument.help);
  }
  for (const Option& option : options.options()) {
    text += ".It " + spelled(option) + "\n" + lines(option.help);
  }
  return text + ".El\n";
}

/// One command that runs, and those below it.
std::string command_text(const std::string& call, const Command& command, const Options& options) {
  std::string text = ".It Xo\n.Nm\n.Cm " + call + "\n";
  if (!options.options().empty()) text += ".Op options\n";
  for (const Argument& argument : options.arguments()) text += "." + spelled(argument) + "\n";
  return text + ".Xc\n" + sentences(command.summary + ".") + option_list(options);
}

std::string command_section(const Command& command) {
  std::string text = ".Ss " + command.name + "\n.Bl -tag -width Ds\n";
  const auto describe = [&](const std::string& call, const Command& one) {
    Options options;
    if (!one.declare) return;
    const Action action = one.declare(options);
    text += command_text(call, one, options);
  };
  describe(command.name, command);
  for (const Command& child : command.children) describe(command.name + " " + child.name, child);
  text += ".El\n";
  if (!command.details.empty()) text += ".Pp\n" + sentences(command.details);
  for (const Example& example : command.examples) {
    text += ".Pp\n" + lines(example.help + (example.help.ends_with('?') ? "" : ":")) + ".Dl " +
            display_word(example.command) + "\n";
  }
  return text;
}

std::string settings_section() {
  std::string text = ".Sh SETTINGS\nFor\n.Cm config :\n.Bl -tag -width Ds\n";
  for (const Setting& setting : known_settings()) {
    text += ".It Li " + std::string(setting.key) + "\n" + lines(setting.help);
  }
  return text + ".El\n";
}

}  // namespace

std::string man_page() {
  Options common;
  GlobalOptions global;
  global.declare(common);
  std::string text(kHead);
  text += "Every command takes these options:\n" + option_list(common);
  text += kRevisions;
  text += ".Sh COMMANDS\n";
  for (const CommandName& name : command_names()) {
    const Command command = name.make();
    if (!command.hidden) text += command_section(command);
  }
  text += settings_section();
  return text + std::string(kTail);
}

}  // namespace isodb::cli
