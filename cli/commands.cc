#include "cli/commands.h"

#include <algorithm>

namespace isodb::cli {

const std::vector<CommandName>& command_names() {
  static const std::vector<CommandName> names = [] {
    std::vector<CommandName> all;
    std::string_view group;
#define GROUP(title) group = title;
#define COMMAND(name) all.push_back({#name, group, name##_command});
#define NAMED_COMMAND(name, text) all.push_back({text, group, name##_command});
#include "cli/commands.def"
#undef COMMAND
#undef NAMED_COMMAND
#undef GROUP
    return all;
  }();
  return names;
}

const CommandName* find_command(std::string_view name) {
  const auto& all = command_names();
  const auto at = std::find_if(all.begin(), all.end(), [&](auto& c) { return c.name == name; });
  return at == all.end() ? nullptr : &*at;
}

}  // namespace isodb::cli
