#include <cmath>
#include <string>

#include "core/utf8.h"
#include "merge/script/builtins.h"
#include "merge/script/integer.h"
#include "merge/script/number.h"
#include "merge/script/text_search.h"

namespace isodb::script {

namespace {

[[noreturn]] void stop_no_integer() {
  stop(Reason::kValue, "int(): this text is no int");
}

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'z') return c - 'a' + 10;
  if (c >= 'A' && c <= 'Z') return c - 'A' + 10;
  return 99;
}

/// The base that a prefix names; 0 for none.
int prefix_base(std::string_view text) {
  if (text.size() < 2 || text[0] != '0') return 0;
  const char mark = static_cast<char>(text[1] | 0x20);
  return mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 0;
}

Value integer_of_text(Machine& machine, std::string_view text, std::int64_t base) {
  if (base != 0 && (base < 2 || base > 36)) {
    stop(Reason::kValue, "int(): the base is 0 or from 2 to 36");
  }
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const int prefix = prefix_base(text);
  if (prefix != 0 && (base == 0 || base == prefix)) {
    text.remove_prefix(2);
    base = prefix;
  }
  if (base == 0) {
    // As in the text of a script: a zero in front is octal's in other languages.
    if (text.size() > 1 && text[0] == '0' && text.find_first_not_of('0') != kNotFound) {
      stop_no_integer();
    }
    base = 10;
  }
  if (text.empty()) stop_no_integer();
  machine.meter().work(text.size());
  for (const char c : text) {
    if (digit_value(c) >= base) stop_no_integer();
  }
  return integer_parse(machine.heap(), text, static_cast<unsigned>(base), negative);
}

}  // namespace

Value builtin_int(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  const Value& value = bound[0];
  if (value.is(Tag::kString)) {
    return integer_of_text(machine, value.string->view(), to_int64_or(spec, bound[1], 10));
  }
  if (!bound[1].is_absent()) stop(Reason::kType, "int(): a base is for strings");
  if (value.is_absent()) return Value::small(0);
  if (value.is(Tag::kBool)) return Value::small(value.boolean ? 1 : 0);
  if (value.is_integer()) return value;
  if (!value.is_float()) stop_type(spec, "a number or a string", value);
  if (!std::isfinite(value.as_double())) {
    stop(Reason::kOverflow, "int(): the float " + float_text(value.as_double()) + " is no integer");
  }
  return integer_from_double(machine.heap(), std::trunc(value.as_double()));
}

Value builtin_chr(Machine& machine, const BuiltinSpec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  const std::int64_t code = to_int64(spec, bound[0]);
  if (code < 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
    stop(Reason::kValue, "chr(): no character of Unicode");
  }
  std::string text;
  core::append_utf8(text, static_cast<char32_t>(code));
  return machine.heap().string(text);
}

Value builtin_ord(Machine& /*machine*/, const BuiltinSpec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  const String& text = to_text(spec, bound[0]);
  if (text.characters != 1) stop(Reason::kValue, "ord(): a string of one character is wanted");
  return Value::small(code_point(text.view()));
}

}  // namespace isodb::script
