#include <string>

#include "merge/script/string_methods.h"
#include "merge/script/text_search.h"

namespace isodb::script {

namespace {

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

bool is_letter(char c) {
  return is_lower(c) || is_upper(c);
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

char to_lower(char c) {
  return is_upper(c) ? static_cast<char>(c + 32) : c;
}

char to_upper(char c) {
  return is_lower(c) ? static_cast<char>(c - 32) : c;
}

/// A string with each byte changed; those of letters outside ASCII stay as they are.
template <typename Change>
Value change_all(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments,
                 const Change& change) {
  const Bound bound(spec, arguments);
  const std::string_view text = arguments.self.string->view();
  char* const out = machine.heap().text(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    out[i] = change(text[i], i == 0 ? '\0' : text[i - 1]);
  }
  return machine.heap().filled_string(out, text.size());
}

/// True when the string is not empty and every byte passes.
template <typename Test>
Value test_all(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments,
               const Test& test) {
  const Bound bound(spec, arguments);
  const std::string_view text = arguments.self.string->view();
  machine.meter().work(text.size());
  for (const char c : text) {
    if (!test(c)) return Value::truth(false);
  }
  return Value::truth(!text.empty());
}

/// True when there is a letter of one case and none of the other.
Value test_case(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments,
                bool (*wanted)(char), bool (*refused)(char)) {
  const Bound bound(spec, arguments);
  const std::string_view text = arguments.self.string->view();
  machine.meter().work(text.size());
  bool found = false;
  for (const char c : text) {
    if (refused(c)) return Value::truth(false);
    found |= wanted(c);
  }
  return Value::truth(found);
}

}  // namespace

Value string_capitalize(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments) {
  return change_all(machine, spec, arguments,
                    [](char c, char before) { return before == '\0' ? to_upper(c) : to_lower(c); });
}

Value string_title(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments) {
  return change_all(machine, spec, arguments, [](char c, char before) {
    return is_letter(before) ? to_lower(c) : to_upper(c);
  });
}

Value string_lower(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments) {
  return change_all(machine, spec, arguments, [](char c, char /*before*/) { return to_lower(c); });
}

Value string_upper(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments) {
  return change_all(machine, spec, arguments, [](char c, char /*before*/) { return to_upper(c); });
}

Value string_isalnum(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments) {
  return test_all(machine, spec, arguments, [](char c) { return is_letter(c) || is_digit(c); });
}

Value string_isalpha(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments) {
  return test_all(machine, spec, arguments, is_letter);
}

Value string_isdigit(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments) {
  return test_all(machine, spec, arguments, is_digit);
}

Value string_isspace(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments) {
  return test_all(machine, spec, arguments,
                  [](char c) { return kSpaces.find(c) != std::string_view::npos; });
}

Value string_islower(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments) {
  return test_case(machine, spec, arguments, is_lower, is_upper);
}

Value string_isupper(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments) {
  return test_case(machine, spec, arguments, is_upper, is_lower);
}

Value string_istitle(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  const std::string_view text = arguments.self.string->view();
  machine.meter().work(text.size());
  bool found = false;
  char before = '\0';
  for (const char c : text) {
    if (is_letter(before) ? is_upper(c) : is_lower(c)) return Value::truth(false);
    found |= is_letter(c);
    before = c;
  }
  return Value::truth(found);
}

Value string_elems(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  const std::string_view text = arguments.self.string->view();
  List* const list = machine.heap().list(arguments.self.string->characters);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t bytes = character_bytes(text[at]);
    machine.meter().steps(1);
    list->items[list->size++] = machine.heap().string(text.substr(at, bytes));
    at += bytes;
  }
  return Value::of(list);
}

Value string_elem_ords(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  const std::string_view text = arguments.self.string->view();
  List* const list = machine.heap().list(arguments.self.string->characters);
  machine.meter().steps(arguments.self.string->characters / 4);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t bytes = character_bytes(text[at]);
    list->items[list->size++] = Value::small(code_point(text.substr(at, bytes)));
    at += bytes;
  }
  return Value::of(list);
}

}  // namespace isodb::script
