#include "cli/help.h"

#include <algorithm>

#include "cli/commands.h"
#include "cli/parser.h"
#include "cli/text.h"

namespace isodb::cli {
namespace {

constexpr std::size_t kWidth = 80;

std::string spelled(const Option& option) {
  std::string text;
  for (const std::string& name : option.names) text += (text.empty() ? "" : ", ") + name;
  // Long names stand below each other.
  if (option.names.front().starts_with("--")) text = "    " + text;
  return option.value.empty() ? text : text + " " + option.value;
}

std::string spelled(const Argument& argument) {
  const std::string name = argument.name + (argument.many ? "..." : "");
  return argument.required ? name : "[" + name + "]";
}

using Row = std::pair<std::string, std::string>;

std::string table(const std::string& title, const std::vector<Row>& rows, const Output& out) {
  if (rows.empty()) return {};
  std::size_t width = 0;
  for (const Row& row : rows) width = std::max(width, columns(row.first));
  width = std::min<std::size_t>(width, 30);
  std::string text = "\n" + out.paint(Style::kBold, title) + "\n";
  for (const auto& [left, right] : rows) {
    text += "  " + left;
    const std::size_t used = columns(left);
    text += used > width ? "\n" + std::string(width + 4, ' ') : std::string(width - used + 2, ' ');
    text += wrapped(right, width + 4, kWidth) + "\n";
  }
  return text;
}

std::vector<Row> option_rows(const Options& options) {
  std::vector<Row> rows;
  for (const Option& option : options.options()) rows.emplace_back(spelled(option), option.help);
  return rows;
}

std::string paragraphs(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find("\n\n"), text.size());
    result += "\n" + wrapped(text.substr(0, end), 0, kWidth) + "\n";
    text.remove_prefix(std::min(end + 2, text.size()));
  }
  return result;
}

}  // namespace

std::string usage_line(const std::string& call, const Command& command, const Options& options) {
  std::string line = call;
  if (!options.options().empty()) line += " [options]";
  for (const Argument& argument : options.arguments()) line += " " + spelled(argument);
  if (!command.children.empty()) line += command.declare ? " [COMMAND]" : " COMMAND";
  return line;
}

std::string command_help(const std::string& call, const Command& command, const Output& out) {
  Options own, common;
  if (command.declare) command.declare(own);
  GlobalOptions global;
  global.declare(common);
  std::string text = wrapped(call + ": " + command.summary, 0, kWidth) + "\n\n" +
                     out.paint(Style::kBold, "usage") + "\n  " + usage_line(call, command, own) +
                     "\n" + paragraphs(command.details);
  std::vector<Row> rows;
  for (const Command& child : command.children) rows.emplace_back(child.name, child.summary);
  text += table("commands", rows, out);
  rows.clear();
  for (const Argument& argument : own.arguments()) rows.emplace_back(argument.name, argument.help);
  text += table("arguments", rows, out);
  text += table("options", option_rows(own), out);
  text += table("options of every command", option_rows(common), out);
  if (!command.examples.empty()) {
    text += "\n" + out.paint(Style::kBold, "examples") + "\n";
    for (const Example& example : command.examples) {
      text += "  # " + example.help + "\n  " + example.command + "\n";
    }
  }
  return text;
}

std::string program_help(const Output& out) {
  std::string text =
      "isodb: a document database with signed history, for places where the network is the "
      "exception\n\n" +
      out.paint(Style::kBold, "usage") + "\n  isodb COMMAND [options] ...\n  isodb --version\n";
  std::vector<Row> rows;
  std::string_view group;
  for (const CommandName& name : command_names()) {
    const Command command = name.make();
    if (command.hidden) continue;
    if (name.group != group) {
      text += table(std::string(group), rows, out);
      rows.clear();
      group = name.group;
    }
    rows.emplace_back(command.name, command.summary);
  }
  text += table(std::string(group), rows, out);
  return text + "\n'isodb COMMAND --help' says more, with examples.\n";
}

}  // namespace isodb::cli
