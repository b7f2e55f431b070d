#include <algorithm>
#include <string>

#include "merge/script/builtins.h"

namespace isodb::script {

namespace {

/// Reads "a, b=, /, *, c=" one parameter at a time.
class Parameters {
 public:
  explicit Parameters(std::string_view text) : rest_(text) {}

  /// False at the end.
  bool next() {
    while (!rest_.empty()) {
      const std::size_t end = std::min(rest_.find(','), rest_.size());
      name = rest_.substr(0, end);
      rest_.remove_prefix(std::min(end + 2, rest_.size()));
      if (name == "/") continue;
      if (name == "*") {
        by_name_alone = true;
        continue;
      }
      optional = name.ends_with('=');
      if (optional) name.remove_suffix(1);
      by_position_alone = rest_.find('/') != std::string_view::npos;
      return true;
    }
    return false;
  }

  std::string_view name;
  bool optional = false, by_name_alone = false, by_position_alone = false;

 private:
  std::string_view rest_;
};

[[noreturn]] void stop_arguments(const BuiltinSpec& spec, const std::string& problem) {
  stop(Reason::kArguments, std::string(spec.name) + "(): " + problem);
}

}  // namespace

Bound::Bound(const BuiltinSpec& spec, const Arguments& arguments) {
  Parameters parameters(spec.parameters);
  std::size_t index = 0, by_position = 0, by_name = 0;
  for (; parameters.next(); ++index) {
    Value& value = values_[index];
    if (!parameters.by_name_alone && by_position < arguments.count) {
      value = arguments.positional[by_position++];
    }
    for (std::size_t i = 0; i < arguments.named_count; ++i) {
      if (parameters.by_position_alone || arguments.names[i]->view() != parameters.name) continue;
      ++by_name;
      if (!value.is_absent()) {
        stop_arguments(spec, "the argument " + std::string(parameters.name) + " comes twice");
      }
      value = arguments.named[i];
    }
    if (value.is_absent() && !parameters.optional) {
      stop_arguments(spec, "the argument " + std::string(parameters.name) + " is missing");
    }
  }
  if (by_position < arguments.count) {
    stop_arguments(spec, std::to_string(arguments.count) + " arguments by position, at most " +
                             std::to_string(by_position));
  }
  if (by_name < arguments.named_count) stop_arguments(spec, "an argument by an unknown name");
}

void stop_type(const BuiltinSpec& spec, std::string_view wanted, const Value& found) {
  stop(Reason::kType, std::string(spec.name) + "(): " + std::string(wanted) +
                          " is wanted, not a value of type " + std::string(type_name(found)));
}

std::int64_t to_int64(const BuiltinSpec& spec, const Value& value) {
  if (value.is(Tag::kInt)) return value.integer;
  if (!value.is(Tag::kBig)) stop_type(spec, "an int", value);
  stop(Reason::kOverflow, std::string(spec.name) + "(): an int of more than 64 bits");
}

std::int64_t to_int64_or(const BuiltinSpec& spec, const Value& value, std::int64_t standard) {
  return value.is_absent() || value.is(Tag::kNone) ? standard : to_int64(spec, value);
}

const String& to_text(const BuiltinSpec& spec, const Value& value) {
  if (!value.is(Tag::kString)) stop_type(spec, "a string", value);
  return *value.string;
}

MethodTable methods_of(const Value& value) {
  switch (value.tag) {
    case Tag::kString:
      return string_methods();
    case Tag::kList:
      return list_methods();
    case Tag::kDict:
      return dict_methods();
    case Tag::kSet:
      return set_methods();
    default:
      return {};
  }
}

const BuiltinSpec* find_method(const Value& value, std::string_view name) {
  const MethodTable table = methods_of(value);
  const BuiltinSpec* const end = table.specs + table.size;
  const BuiltinSpec* const found = std::lower_bound(
      table.specs, end, name,
      [](const BuiltinSpec& spec, std::string_view key) { return spec.name < key; });
  return found != end && found->name == name ? found : nullptr;
}

}  // namespace isodb::script
