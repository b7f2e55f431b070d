#include "merge/script/text.h"

#include "merge/script/builtins.h"
#include "merge/script/code.h"
#include "merge/script/compare.h"
#include "merge/script/integer.h"
#include "merge/script/number.h"
#include "merge/script/table.h"

namespace isodb::script {

void TextBuilder::add(std::string_view text) {
  // A cell where the text passes a multiple of 16 bytes.
  heap_.meter().cells((text_.size() + text.size()) / 16 - text_.size() / 16);
  heap_.meter().work(text.size());
  text_ += text;
}

Value TextBuilder::finish() {
  return heap_.string(text_);
}

void TextBuilder::add_str(const Value& value) {
  if (value.is(Tag::kString)) {
    add(value.string->view());
  } else {
    add_repr(value);
  }
}

void TextBuilder::add_quoted(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  add('"');
  std::size_t plain = 0;  // where the part begins that needs no escape
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && c != '"' && c != '\\' && byte != 0x7f) continue;
    add(text.substr(plain, i - plain));
    plain = i + 1;
    const std::size_t named = std::string_view("\n\r\t\"\\").find(c);
    add('\\');
    if (named != std::string_view::npos) {
      add("nrt\"\\"[named]);
    } else {
      const char code[] = {'x', kHex[byte >> 4], kHex[byte & 15]};
      add(std::string_view(code, sizeof code));
    }
  }
  add(text.substr(plain));
  add('"');
}

void TextBuilder::add_sequence(const Value* items, std::size_t size, std::string_view marks,
                               int depth) {
  add(marks[0]);
  for (std::size_t i = 0; i < size; ++i) {
    if (i > 0) add(", ");
    add_repr(items[i], depth + 1);
  }
  if (size == 1 && marks[0] == '(') add(',');
  add(marks[1]);
}

void TextBuilder::add_table(const Value& value, int depth) {
  const bool dict = value.is(Tag::kDict);
  add(dict ? "{" : "set([");
  bool first = true;
  for (const Entry& entry : live_entries(*value.table)) {
    if (!first) add(", ");
    first = false;
    add_repr(entry.key, depth + 1);
    if (!dict) continue;
    add(": ");
    add_repr(entry.value, depth + 1);
  }
  add(dict ? "}" : "])");
}

void TextBuilder::add_function(const Value& value) {
  switch (value.tag) {
    case Tag::kFunction:
      add("<function " + value.function->code->name + ">");
      break;
    case Tag::kBuiltin:
      add("<built-in function " + std::string(value.builtin->name) + ">");
      break;
    case Tag::kMethod:
      add("<built-in method " + std::string(value.method->spec->name) + " of " +
          std::string(type_name(value.method->self)) + " value>");
      break;
    default:
      add(value.is(Tag::kModule) ? "<module isodb>" : "<helper function>");
  }
}

void TextBuilder::add_repr(const Value& value, int depth) {
  heap_.meter().steps(depth == 0 ? 0 : 1);
  check_depth(depth);
  switch (value.tag) {
    case Tag::kNone:
      add("None");
      break;
    case Tag::kBool:
      add(value.boolean ? "True" : "False");
      break;
    case Tag::kInt:
    case Tag::kBig:
      add(integer_text(heap_, value, 10));
      break;
    case Tag::kFloat:
    case Tag::kDecimal:
      add(float_text(value.as_double()));
      break;
    case Tag::kString:
      add_quoted(value.string->view());
      break;
    case Tag::kTuple:
      add_sequence(value.tuple->items, value.tuple->size, "()", depth);
      break;
    case Tag::kList:
      if (value.list->visited) {
        add("[...]");
        break;
      }
      value.list->visited = true;
      add_sequence(value.list->items, value.list->size, "[]", depth);
      value.list->visited = false;
      break;
    case Tag::kDict:
    case Tag::kSet:
      if (value.table->visited) {
        add("{...}");
        break;
      }
      value.table->visited = true;
      add_table(value, depth);
      value.table->visited = false;
      break;
    case Tag::kRange: {
      const Range& range = *value.range;
      add("range(" + std::to_string(range.start) + ", " + std::to_string(range.stop));
      add((range.step != 1 ? ", " + std::to_string(range.step) : "") + ")");
      break;
    }
    default:
      add_function(value);
  }
}

}  // namespace isodb::script
