#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"

namespace isodb::cli {

#define GROUP(title)
#define COMMAND(name) Command name##_command();
#define NAMED_COMMAND(name, text) Command name##_command();
#include "cli/commands.def"
#undef COMMAND
#undef NAMED_COMMAND
#undef GROUP

struct CommandName {
  std::string_view name;
  std::string_view group;
  Command (*make)();
};

/// Every command's name, in commands.def's order.
const std::vector<CommandName>& command_names();
/// The command of this name; nullptr when there is none.
const CommandName* find_command(std::string_view name);

}  // namespace isodb::cli
