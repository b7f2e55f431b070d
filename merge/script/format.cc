#include "merge/script/format.h"

#include <charconv>
#include <cmath>
#include <string>

#include "core/utf8.h"
#include "merge/script/integer.h"
#include "merge/script/number.h"
#include "merge/script/table.h"
#include "merge/script/text.h"
#include "merge/script/text_search.h"

namespace isodb::script {

namespace {

[[noreturn]] void stop_format(const std::string& problem) {
  stop(Reason::kValue, "a format string: " + problem);
}

Value to_integer(const Value& value, Heap& heap) {
  if (value.is_integer()) return value;
  if (value.is(Tag::kFloat) || value.is(Tag::kDecimal)) {
    const double number = value.as_double();
    if (!std::isfinite(number)) stop(Reason::kOverflow, "a float without an integer part");
    return integer_from_double(heap, std::trunc(number));
  }
  stop(Reason::kType,
       "a format string: an int is wanted, not a value of type " + std::string(type_name(value)));
}

/// With six digits after the point, as C's printf writes %e and %f; exact, by no locale.
std::string float_digits(const Value& value, char conversion) {
  if (!value.is_number()) {
    stop(Reason::kType, "a format string: a number is wanted, not a value of type " +
                            std::string(type_name(value)));
  }
  const double number = number_to_double(value);
  if (conversion == 'g' || conversion == 'G' || !std::isfinite(number)) return float_text(number);
  char buffer[400];
  const bool fixed = conversion == 'f' || conversion == 'F';
  const auto result =
      std::to_chars(buffer, buffer + sizeof buffer, number,
                    fixed ? std::chars_format::fixed : std::chars_format::scientific, 6);
  return {buffer, result.ptr};
}

std::string upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

std::string character_of(const Value& value) {
  if (value.is(Tag::kString)) {
    if (value.string->characters != 1) stop(Reason::kValue, "%c wants a string of one character");
    return std::string(value.string->view());
  }
  if (!value.is(Tag::kInt)) stop(Reason::kType, "%c wants an int or a string of one character");
  if (value.integer < 0 || value.integer > 0x10ffff ||
      (value.integer >= 0xd800 && value.integer <= 0xdfff)) {
    stop(Reason::kValue, "%c wants a character of Unicode");
  }
  std::string text;
  core::append_utf8(text, static_cast<char32_t>(value.integer));
  return text;
}

void convert(TextBuilder& out, char conversion, const Value& value) {
  Heap& heap = out.heap();
  switch (conversion) {
    case 's':
      out.add_str(value);
      break;
    case 'r':
      out.add_repr(value);
      break;
    case 'd':
    case 'i':
      out.add(integer_text(heap, to_integer(value, heap), 10));
      break;
    case 'o':
      out.add(integer_text(heap, to_integer(value, heap), 8));
      break;
    case 'x':
      out.add(integer_text(heap, to_integer(value, heap), 16));
      break;
    case 'X':
      out.add(upper(integer_text(heap, to_integer(value, heap), 16)));
      break;
    case 'e':
    case 'f':
    case 'g':
      out.add(float_digits(value, conversion));
      break;
    case 'E':
    case 'F':
    case 'G':
      out.add(upper(float_digits(value, conversion)));
      break;
    case 'c':
      out.add(character_of(value));
      break;
    default:
      stop_format("an unknown conversion after %");
  }
}

/// The arguments of %: a tuple's items, or one value; by name from a dict.
class PercentArguments {
 public:
  explicit PercentArguments(const Value& value) : value_(value) {
    if (value.is(Tag::kTuple)) {
      items_ = value.tuple->items;
      size_ = value.tuple->size;
    } else {
      items_ = &value_;
      size_ = 1;
    }
  }
  const Value& next() {
    if (used_ == size_) stop_format("fewer arguments than conversions");
    return items_[used_++];
  }
  Value named(Heap& heap, std::string_view name) {
    by_name_ = true;
    if (!value_.is(Tag::kDict)) stop_format("a conversion by name wants a dict");
    const Entry* entry = table_find(heap, *value_.table, *heap.string(name).string);
    if (entry == nullptr) stop(Reason::kKey, "a format string: no key " + std::string(name));
    return entry->value;
  }
  void finish() const {
    if (!by_name_ && used_ < size_ && !(value_.is(Tag::kDict) && used_ == 0)) {
      stop_format("more arguments than conversions");
    }
  }

 private:
  Value value_;
  const Value* items_ = nullptr;
  std::size_t size_ = 0, used_ = 0;
  bool by_name_ = false;
};

}  // namespace

Value format_percent(Machine& machine, const String& format, const Value& arguments) {
  TextBuilder out(machine.heap());
  PercentArguments given(arguments);
  std::string_view rest = format.view();
  while (true) {
    const std::size_t at = rest.find('%');
    machine.meter().steps(1);
    out.add(rest.substr(0, at));
    if (at == std::string_view::npos) break;
    rest.remove_prefix(at + 1);
    if (rest.starts_with('%')) {
      out.add('%');
      rest.remove_prefix(1);
      continue;
    }
    Value value;
    if (rest.starts_with('(')) {
      const std::size_t end = rest.find(')');
      if (end == std::string_view::npos) stop_format("a name is not closed");
      value = given.named(machine.heap(), rest.substr(1, end - 1));
      rest.remove_prefix(end + 1);
      if (rest.empty()) stop_format("it ends after %");
    } else {
      if (rest.empty()) stop_format("it ends after %");
      value = given.next();
    }
    convert(out, rest[0], value);
    rest.remove_prefix(1);
  }
  given.finish();
  return out.finish();
}

namespace {

/// One {field} of format().
class BraceFormat {
 public:
  BraceFormat(Machine& machine, const Arguments& arguments)
      : machine_(machine), arguments_(arguments), out_(machine.heap()) {}

  Value run(std::string_view text) {
    while (!text.empty()) {
      const std::size_t at = text.find_first_of("{}");
      machine_.meter().steps(1);
      out_.add(text.substr(0, at));
      if (at == std::string_view::npos) break;
      const char brace = text[at];
      text.remove_prefix(at + 1);
      if (text.starts_with(brace)) {
        out_.add(brace);
        text.remove_prefix(1);
        continue;
      }
      if (brace == '}') stop_format("a single }");
      const std::size_t end = text.find('}');
      if (end == std::string_view::npos) stop_format("a { is not closed");
      field(text.substr(0, end));
      text.remove_prefix(end + 1);
    }
    return out_.finish();
  }

 private:
  void field(std::string_view field) {
    if (field.find(':') != std::string_view::npos) stop_format("there are no format specifiers");
    const std::size_t mark = field.find('!');
    const std::string_view name = field.substr(0, mark);
    const std::string_view conversion =
        mark == std::string_view::npos ? "s" : field.substr(mark + 1);
    const Value value = argument(name);
    if (conversion == "s") {
      out_.add_str(value);
    } else if (conversion == "r") {
      out_.add_repr(value);
    } else {
      stop_format("an unknown conversion after !");
    }
  }

  Value argument(std::string_view name) {
    if (name.find_first_not_of("0123456789") == std::string_view::npos) {
      std::size_t index = next_;
      if (name.empty()) {
        if (numbered_) stop_format("both {} and {0}");
        automatic_ = true;
        ++next_;
      } else {
        if (automatic_) stop_format("both {} and {0}");
        numbered_ = true;
        std::from_chars(name.data(), name.data() + std::min<std::size_t>(name.size(), 9), index);
      }
      if (index >= arguments_.count || name.size() > 9) {
        stop(Reason::kIndex, "a format string: fewer arguments than it names");
      }
      return arguments_.positional[index];
    }
    if (name.find_first_of(".[]{") != std::string_view::npos) {
      stop_format("a name with . or [");
    }
    machine_.meter().steps(arguments_.named_count / 8);
    for (std::size_t i = 0; i < arguments_.named_count; ++i) {
      if (arguments_.names[i]->view() == name) return arguments_.named[i];
    }
    stop(Reason::kKey, "a format string: no argument is named " + std::string(name));
  }

  Machine& machine_;
  const Arguments& arguments_;
  TextBuilder out_;
  std::size_t next_ = 0;
  bool automatic_ = false, numbered_ = false;
};

}  // namespace

Value format_braces(Machine& machine, const BuiltinSpec& /*spec*/, const Arguments& arguments) {
  return BraceFormat(machine, arguments).run(arguments.self.string->view());
}

}  // namespace isodb::script
