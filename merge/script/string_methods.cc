#include "merge/script/string_methods.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "merge/script/format.h"
#include "merge/script/operators.h"
#include "merge/script/text_search.h"

namespace isodb::script {

namespace {

using Spec = BuiltinSpec;

/// The part of a string that start and end choose, in bytes.
struct Range {
  std::size_t begin = 0, end = 0;
  bool valid = true;  // false where start is behind the end
};

Range part_of(Machine& machine, const String& text, const Value& start, const Value& end) {
  if (start.is_absent() && end.is_absent()) return {0, text.bytes, true};
  const SliceBounds bounds = slice_bounds(text.characters, start, end, Value());
  Range part;
  part.begin = byte_of_character(machine.heap(), text, bounds.start);
  part.end = byte_of_character(machine.heap(), text, bounds.start + bounds.count);
  part.valid = start.is_absent() || start.is(Tag::kNone) ||
               !(start.is(Tag::kInt) && start.integer > std::int64_t{text.characters});
  return part;
}

std::int64_t character_of(Machine& machine, const String& text, std::size_t byte) {
  if (text.is_ascii()) return static_cast<std::int64_t>(byte);
  machine.meter().work(byte);
  return static_cast<std::int64_t>(count_characters(text.view().substr(0, byte)));
}

Value count(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  const String& text = *arguments.self.string;
  const String& part = to_text(spec, bound[0]);
  const Range range = part_of(machine, text, bound[1], bound[2]);
  const std::string_view view = text.view().substr(range.begin, range.end - range.begin);
  if (part.bytes == 0) {
    machine.meter().work(view.size());
    return Value::small(range.valid ? static_cast<std::int64_t>(count_characters(view)) + 1 : 0);
  }
  std::int64_t found = 0;
  for (std::size_t at = 0;; ++found, at += part.bytes) {
    machine.meter().steps(1);
    at = find_text(machine.heap(), view, part.view(), at);
    if (at == kNotFound) return Value::small(found);
  }
}

enum class Direction { kForward, kBackward };

/// -1 when it is not there.
std::int64_t find_from(Machine& machine, const Spec& spec, const Arguments& arguments,
                       Direction direction) {
  const Bound bound(spec, arguments);
  const String& text = *arguments.self.string;
  const String& part = to_text(spec, bound[0]);
  const Range range = part_of(machine, text, bound[1], bound[2]);
  if (!range.valid) return -1;
  const std::string_view view = text.view().substr(range.begin, range.end - range.begin);
  const std::size_t at = direction == Direction::kForward
                             ? find_text(machine.heap(), view, part.view(), 0)
                             : find_last_text(machine.heap(), view, part.view());
  return at == kNotFound ? -1 : character_of(machine, text, range.begin + at);
}

Value find(Machine& machine, const Spec& spec, const Arguments& arguments) {
  return Value::small(find_from(machine, spec, arguments, Direction::kForward));
}

Value rfind(Machine& machine, const Spec& spec, const Arguments& arguments) {
  return Value::small(find_from(machine, spec, arguments, Direction::kBackward));
}

Value checked(const Spec& spec, std::int64_t at) {
  if (at < 0) stop(Reason::kValue, std::string(spec.name) + "(): the part is not in the string");
  return Value::small(at);
}

Value index(Machine& machine, const Spec& spec, const Arguments& arguments) {
  return checked(spec, find_from(machine, spec, arguments, Direction::kForward));
}

Value rindex(Machine& machine, const Spec& spec, const Arguments& arguments) {
  return checked(spec, find_from(machine, spec, arguments, Direction::kBackward));
}

/// startswith() and endswith(), of one text or any of a tuple's.
template <typename Test>
Value test_end(Machine& machine, const Spec& spec, const Arguments& arguments, const Test& test) {
  const Bound bound(spec, arguments);
  const String& text = *arguments.self.string;
  const Range range = part_of(machine, text, bound[1], bound[2]);
  const std::string_view view = text.view().substr(range.begin, range.end - range.begin);
  const bool several = bound[0].is(Tag::kTuple);
  const Value* const all = several ? bound[0].tuple->items : &bound[0];
  const std::uint32_t size = several ? bound[0].tuple->size : 1;
  for (std::uint32_t i = 0; i < size; ++i) {
    const String& part = to_text(spec, all[i]);
    machine.meter().steps(1);
    machine.meter().work(std::min(part.bytes, text.bytes));
    if (range.valid && test(view, part.view())) return Value::truth(true);
  }
  return Value::truth(false);
}

Value endswith(Machine& machine, const Spec& spec, const Arguments& arguments) {
  return test_end(machine, spec, arguments, [](std::string_view text, std::string_view part) {
    return text.ends_with(part);
  });
}

Value startswith(Machine& machine, const Spec& spec, const Arguments& arguments) {
  return test_end(machine, spec, arguments, [](std::string_view text, std::string_view part) {
    return text.starts_with(part);
  });
}

Value removeprefix(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  const std::string_view text = arguments.self.string->view();
  const std::string_view part = to_text(spec, bound[0]).view();
  machine.meter().work(part.size());
  if (!text.starts_with(part)) return arguments.self;
  return machine.heap().string(text.substr(part.size()));
}

Value removesuffix(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  const std::string_view text = arguments.self.string->view();
  const std::string_view part = to_text(spec, bound[0]).view();
  machine.meter().work(part.size());
  if (!text.ends_with(part)) return arguments.self;
  return machine.heap().string(text.substr(0, text.size() - part.size()));
}

/// Takes the characters of a set away from the ends of a text.
Value strip_ends(Machine& machine, const Spec& spec, const Arguments& arguments, bool left,
                 bool right) {
  const Bound bound(spec, arguments);
  std::string_view text = arguments.self.string->view();
  const bool given = !bound[0].is_absent() && !bound[0].is(Tag::kNone);
  const std::string_view set = given ? to_text(spec, bound[0]).view() : kSpaces;
  const auto in_set = [&](std::string_view character) {
    machine.meter().work(set.size() + 16);
    // UTF-8: where the bytes of a character begin in the set, the character stands there.
    return set.find(character) != std::string_view::npos;
  };
  machine.meter().work(text.size());
  while (left && !text.empty()) {
    const std::size_t bytes = character_bytes(text[0]);
    if (!in_set(text.substr(0, bytes))) break;
    text.remove_prefix(bytes);
  }
  while (right && !text.empty()) {
    std::size_t begin = text.size() - 1;
    while ((static_cast<unsigned char>(text[begin]) & 0xc0) == 0x80) --begin;
    if (!in_set(text.substr(begin))) break;
    text = text.substr(0, begin);
  }
  if (text.size() == arguments.self.string->bytes) return arguments.self;
  return machine.heap().string(text);
}

Value strip(Machine& machine, const Spec& spec, const Arguments& arguments) {
  return strip_ends(machine, spec, arguments, true, true);
}

Value lstrip(Machine& machine, const Spec& spec, const Arguments& arguments) {
  return strip_ends(machine, spec, arguments, true, false);
}

Value rstrip(Machine& machine, const Spec& spec, const Arguments& arguments) {
  return strip_ends(machine, spec, arguments, false, true);
}

}  // namespace

MethodTable string_methods() {
  static constexpr Spec kAll[] = {
      {"capitalize", string_capitalize},
      {"codepoint_ords", string_elem_ords},
      {"codepoints", string_elems},
      {"count", count, "part, start=, end=, /"},
      {"elem_ords", string_elem_ords},
      {"elems", string_elems},
      {"endswith", endswith, "part, start=, end=, /"},
      {"find", find, "part, start=, end=, /"},
      {"format", format_braces},
      {"index", index, "part, start=, end=, /"},
      {"isalnum", string_isalnum},
      {"isalpha", string_isalpha},
      {"isdigit", string_isdigit},
      {"islower", string_islower},
      {"isspace", string_isspace},
      {"istitle", string_istitle},
      {"isupper", string_isupper},
      {"join", string_join, "parts, /"},
      {"lower", string_lower},
      {"lstrip", lstrip, "set=, /"},
      {"partition", string_partition, "separator, /"},
      {"removeprefix", removeprefix, "part, /"},
      {"removesuffix", removesuffix, "part, /"},
      {"replace", string_replace, "old, new, count=, /"},
      {"rfind", rfind, "part, start=, end=, /"},
      {"rindex", rindex, "part, start=, end=, /"},
      {"rpartition", string_rpartition, "separator, /"},
      {"rsplit", string_rsplit, "separator=, maxsplit=, /"},
      {"rstrip", rstrip, "set=, /"},
      {"split", string_split, "separator=, maxsplit=, /"},
      {"splitlines", string_splitlines, "keepends=, /"},
      {"startswith", startswith, "part, start=, end=, /"},
      {"strip", strip, "set=, /"},
      {"title", string_title},
      {"upper", string_upper},
  };
  return {kAll, std::size(kAll)};
}

}  // namespace isodb::script
