#include "cli/options.h"

#include <cassert>
#include <utility>

namespace isodb::cli {
namespace {

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t at = text.find(separator);
    parts.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

}  // namespace

void Options::argument(std::string_view spelling, Target target, std::string help) {
  Argument argument{.name = {}, .help = std::move(help), .target = target};
  if (spelling.starts_with('[') && spelling.ends_with(']')) {
    argument.required = false;
    spelling = spelling.substr(1, spelling.size() - 2);
  }
  if (spelling.ends_with("...")) {
    argument.many = true;
    spelling.remove_suffix(3);
  }
  assert(argument.many == std::holds_alternative<std::vector<std::string>*>(target));
  argument.name = spelling;
  arguments_.push_back(std::move(argument));
}

void Options::option(std::string_view spelling, Target target, std::string help,
                     std::vector<std::string> choices) {
  const std::size_t space = spelling.find(' ');
  assert(space != std::string_view::npos);
  options_.push_back({.names = split(spelling.substr(0, space), ','),
                      .value = std::string(spelling.substr(space + 1)),
                      .help = std::move(help),
                      .choices = std::move(choices),
                      .target = target});
}

void Options::flag(std::string_view spelling, bool& target, std::string help) {
  options_.push_back({.names = split(spelling, ','),
                      .value = {},
                      .help = std::move(help),
                      .choices = {},
                      .target = &target});
}

}  // namespace isodb::cli
