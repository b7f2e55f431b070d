#include "cli/commands.h"
#include "cli/settings.h"

namespace isodb::cli {
namespace {

struct Arguments {
  std::string key, value;
};

void declare_key(Options& options, Arguments& arguments) {
  options.argument("SETTING", &arguments.key, "the setting");
}

void declare_key_and_value(Options& options, Arguments& arguments) {
  declare_key(options, arguments);
  options.argument("VALUE", &arguments.value, "its new value");
}

void print(Context& context, const Setting& setting, const std::optional<std::string>& value) {
  JsonObject object;
  object.string("key", setting.key);
  if (value) {
    object.string("value", *value);
  } else {
    object.null("value");
  }
  context.print(object);
}

ExitCode get(const Arguments& arguments, Context& context) {
  const Setting& setting = find_setting(arguments.key);
  const auto value = context.repository(Access::kRead).setting(arguments.key);
  if (context.json()) {
    print(context, setting, value);
  } else if (value) {
    context.out() << *value << "\n";
  }
  return value ? ExitCode::kDone : ExitCode::kNotFound;
}

ExitCode set(const Arguments& arguments, Context& context) {
  const Setting& setting = find_setting(arguments.key);
  check_setting(setting, arguments.value);
  context.repository(Access::kWrite).set_setting(arguments.key, arguments.value);
  if (context.json()) print(context, setting, arguments.value);
  return ExitCode::kDone;
}

ExitCode unset(const Arguments& arguments, Context& context) {
  const Setting& setting = find_setting(arguments.key);
  context.repository(Access::kWrite).set_setting(arguments.key, std::nullopt);
  if (context.json()) print(context, setting, std::nullopt);
  return ExitCode::kDone;
}

ExitCode list(Context& context) {
  const Repository& repository = context.repository(Access::kRead);
  for (const Setting& setting : known_settings()) {
    const auto value = repository.setting(std::string(setting.key));
    if (context.json()) {
      print(context, setting, value);
    } else {
      context.out() << context.paint(Style::kCyan, setting.key) << " = "
                    << value.value_or(context.paint(Style::kDim, "(not set)")) << "\n    "
                    << setting.help << "\n";
    }
  }
  return ExitCode::kDone;
}

Command child(std::string name, std::string summary, std::function<Action(Options&)> declare) {
  return {.name = std::move(name),
          .summary = std::move(summary),
          .details = {},
          .examples = {},
          .declare = std::move(declare),
          .children = {}};
}

}  // namespace

Command config_command() {
  return {
      .name = "config",
      .summary = "read and change this repository's settings",
      .details =
          "Settings belong to this clone and do not travel. 'get' ends with exit code 1 "
          "when the setting is not set.",
      .examples = {{"isodb config list", "all settings, with what they are for"},
                   {"isodb config set ui.editor nano", "which editor 'isodb edit' starts"}},
      .declare = bind(list),
      .children = {child("get", "print a setting", bind<Arguments>(declare_key, get)),
                   child("set", "change a setting", bind<Arguments>(declare_key_and_value, set)),
                   child("unset", "go back to the default", bind<Arguments>(declare_key, unset)),
                   child("list", "print every setting", bind(list))}};
}

}  // namespace isodb::cli
