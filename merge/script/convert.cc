#include "merge/script/convert.h"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "core/json_canonical.h"
#include "core/utf8.h"
#include "merge/script/compare.h"
#include "merge/script/integer.h"
#include "merge/script/number.h"
#include "merge/script/table.h"

namespace isodb::script {

namespace {

Value text_from(Heap& heap, std::string_view text, TextOwner owner) {
  return owner == TextOwner::kCaller ? heap.lasting_string(text) : heap.string(text);
}

Value string_from_json(Heap& heap, const core::Json& json, TextOwner owner) {
  const std::string_view text = json.as_string();
  if (!core::is_utf8(text)) {
    throw Error(ErrorCode::kInvalid, "a script is given a string that is not UTF-8");
  }
  return text_from(heap, text, owner);
}

Value number_from_json(Heap& heap, const core::Json& json, TextOwner owner) {
  std::string_view text = json.number_text();
  if (text == "-0" || text.find_first_of(".eE") != std::string_view::npos) {
    // Its text has to last as long as the run, wherever the number stands.
    const double value = parse_double(text);
    if (owner == TextOwner::kCaller) return heap.decimal(value, text);
    return heap.decimal(value, heap.string(text).string->view());
  }
  if (text.size() <= 18) {
    const bool negative = text[0] == '-';
    std::int64_t value = 0;
    for (const char c : text.substr(negative ? 1 : 0)) value = value * 10 + (c - '0');
    return Value::small(negative ? -value : value);
  }
  const bool negative = text[0] == '-';
  if (negative) text.remove_prefix(1);
  return integer_parse(heap, text, 10, negative);
}

core::Json dict_to_json(Heap& heap, const Table& table, Reason otherwise, int depth) {
  std::vector<core::JsonMember> members;
  members.reserve(table.live);
  for (const Entry& entry : live_entries(table)) {
    if (!entry.key.is(Tag::kString)) {
      stop(otherwise, "a dict with a key of type " + std::string(type_name(entry.key)) +
                          " has no JSON form: names are strings");
    }
    heap.meter().work(entry.key.string->bytes);
    core::Json value = to_json(heap, entry.value, otherwise, depth + 1);
    members.push_back({core::Json::string(entry.key.string->view()), std::move(value)});
  }
  return core::Json::object(std::move(members));
}

core::Json items_to_json(Heap& heap, const Value* items, std::size_t size, Reason otherwise,
                         int depth) {
  std::vector<core::Json> array;
  array.reserve(size);
  for (std::size_t i = 0; i < size; ++i) {
    array.push_back(to_json(heap, items[i], otherwise, depth + 1));
  }
  return core::Json::array(std::move(array));
}

}  // namespace

Value from_json(Heap& heap, const core::Json& json, TextOwner owner, int depth) {
  check_depth(depth);
  heap.meter().steps(1);
  switch (json.kind()) {
    case core::JsonKind::kNull:
      return Value::none();
    case core::JsonKind::kBoolean:
      return Value::truth(json.as_boolean());
    case core::JsonKind::kNumber:
      return number_from_json(heap, json, owner);
    case core::JsonKind::kString:
      return string_from_json(heap, json, owner);
    case core::JsonKind::kArray: {
      List* const list = heap.list(json.size());
      for (const core::Json& item : json.items()) {
        list->items[list->size++] = from_json(heap, item, owner, depth + 1);
      }
      return Value::of(list);
    }
    case core::JsonKind::kObject: {
      Table* const table = heap.table();
      for (const core::JsonMember& member : json.members()) {
        const Value name = string_from_json(heap, member.name, owner);
        table_set(heap, *table, name, from_json(heap, member.value, owner, depth + 1));
      }
      return Value::dict(table);
    }
  }
  return Value::none();
}

core::Json to_json(Heap& heap, const Value& value, Reason otherwise, int depth) {
  if (depth >= kValueDepthMax) {
    stop(otherwise, "a value nested too deeply for JSON, or inside itself");
  }
  heap.meter().steps(1);
  switch (value.tag) {
    case Tag::kNone:
      return {};
    case Tag::kBool:
      return core::Json::boolean(value.boolean);
    case Tag::kInt:
      return core::Json::integer(value.integer);
    case Tag::kBig:
      return core::Json::number(integer_text(heap, value, 10));
    case Tag::kFloat:
      if (!std::isfinite(value.number)) {
        stop(otherwise, "the float " + float_text(value.number) + " has no JSON form");
      }
      return core::Json::number(core::ecmascript_number(value.number));
    case Tag::kDecimal:
      heap.meter().work(value.decimal->text->bytes);
      return core::Json::number(value.decimal->text->view());
    case Tag::kString:
      heap.meter().work(value.string->bytes);
      return core::Json::string(value.string->view());
    case Tag::kTuple:
      return items_to_json(heap, value.tuple->items, value.tuple->size, otherwise, depth);
    case Tag::kList:
      return items_to_json(heap, value.list->items, value.list->size, otherwise, depth);
    case Tag::kDict:
      return dict_to_json(heap, *value.table, otherwise, depth);
    default:
      stop(otherwise, "a value of type " + std::string(type_name(value)) + " has no JSON form");
  }
}

}  // namespace isodb::script
