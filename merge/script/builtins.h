#pragma once

#include <cstddef>
#include <string_view>

#include "merge/script/machine.h"
#include "merge/script/value.h"

namespace isodb::script {

/// What a builtin function is called with. `self` is absent for what is no method.
struct Arguments {
  Value self;
  const Value* positional = nullptr;
  std::size_t count = 0;
  const String* const* names = nullptr;
  const Value* named = nullptr;
  std::size_t named_count = 0;
};

/// A function, or a method of a type, that the language brings. Static data.
struct BuiltinSpec {
  std::string_view name;
  Value (*call)(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments);
  /// The parameters, as in "value, key=, reverse=": those with '=' may be left out, those before
  /// '/' are given by position alone, those after '*' by name alone. Empty: the function reads its
  /// arguments itself.
  std::string_view parameters = {};
};

/// The arguments in the order of the parameters, absent where left out. At most kParametersMax.
class Bound {
 public:
  static constexpr std::size_t kParametersMax = 4;
  Bound(const BuiltinSpec& spec, const Arguments& arguments);
  const Value& operator[](std::size_t index) const { return values_[index]; }

 private:
  Value values_[kParametersMax];
};

/// nullptr when there is none of this name.
const BuiltinSpec* find_builtin(std::string_view name);
/// The method `name` of a value's type; nullptr when it has none.
const BuiltinSpec* find_method(const Value& value, std::string_view name);

/// A type's methods, sorted by name.
struct MethodTable {
  const BuiltinSpec* specs = nullptr;
  std::size_t size = 0;
};
MethodTable methods_of(const Value& value);
MethodTable string_methods();
MethodTable list_methods();
MethodTable dict_methods();
MethodTable set_methods();

// What builtins share. All throw Stop.

/// "len: an argument of type int, not a sequence".
[[noreturn]] void stop_type(const BuiltinSpec& spec, std::string_view wanted, const Value& found);
std::int64_t to_int64(const BuiltinSpec& spec, const Value& value);
/// `value` where it was given, else `standard`.
std::int64_t to_int64_or(const BuiltinSpec& spec, const Value& value, std::int64_t standard);
const String& to_text(const BuiltinSpec& spec, const Value& value);

/// Goes over an iterable, which does not change meanwhile: for (Value item; items.next(item);).
class Items {
 public:
  Items(Machine& machine, const Value& iterable);
  ~Items();
  Items(const Items&) = delete;
  Items& operator=(const Items&) = delete;
  bool next(Value& item);

 private:
  Machine& machine_;
  Iterator iterator_;
};

/// All items of an iterable in a new list.
List* collect(Machine& machine, const Value& iterable);

}  // namespace isodb::script
