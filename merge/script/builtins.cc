#include "merge/script/builtins.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string>

#include "merge/script/compare.h"
#include "merge/script/integer.h"
#include "merge/script/number.h"
#include "merge/script/operators.h"
#include "merge/script/sorting.h"
#include "merge/script/table.h"
#include "merge/script/text.h"
#include "merge/script/text_search.h"

namespace isodb::script {

namespace {

using Spec = BuiltinSpec;

/// Functions of any number of arguments by position, with some by name.
void allow_names(const Spec& spec, const Arguments& arguments,
                 std::initializer_list<std::string_view> names) {
  for (std::size_t i = 0; i < arguments.named_count; ++i) {
    const std::string_view name = arguments.names[i]->view();
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    stop(Reason::kArguments,
         std::string(spec.name) + "(): no parameter is named " + std::string(name));
  }
}

Value named_argument(const Arguments& arguments, std::string_view name) {
  for (std::size_t i = 0; i < arguments.named_count; ++i) {
    if (arguments.names[i]->view() == name) return arguments.named[i];
  }
  return {};
}

Value abs(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  const Value& value = bound[0];
  if (value.is_float()) return Value::floating(std::fabs(value.as_double()));
  if (!value.is_integer()) stop_type(spec, "a number", value);
  return integer_sign(value) < 0 ? integer_negate(machine.heap(), value) : value;
}

Value all(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  Items items(machine, bound[0]);
  for (Value item; items.next(item);) {
    if (!is_true(item)) return Value::truth(false);
  }
  return Value::truth(true);
}

Value any(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  Items items(machine, bound[0]);
  for (Value item; items.next(item);) {
    if (is_true(item)) return Value::truth(true);
  }
  return Value::truth(false);
}

Value make_bool(Machine& /*machine*/, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  return Value::truth(!bound[0].is_absent() && is_true(bound[0]));
}

Value dict(Machine& machine, const Spec& /*spec*/, const Arguments& arguments) {
  if (arguments.count > 1) stop(Reason::kArguments, "dict(): more than one argument by position");
  const Value result = Value::dict(machine.heap().table());
  if (arguments.count == 1) {
    Arguments update = arguments;
    update.self = result;
    update.named_count = 0;
    const Spec* const method = find_method(result, "update");
    method->call(machine, *method, update);
  }
  for (std::size_t i = 0; i < arguments.named_count; ++i) {
    machine.meter().steps(1);
    table_set(machine.heap(), *result.table, Value::of(arguments.names[i]), arguments.named[i]);
  }
  return result;
}

/// The names of a value's attributes, in order.
Value dir(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  Heap& heap = machine.heap();
  List* const names = heap.list(0);
  if (bound[0].is(Tag::kModule)) {
    for (const Helper& helper : machine.helpers().all()) {
      heap.append(*names, heap.string(helper.name));
    }
  }
  const MethodTable table = methods_of(bound[0]);
  for (std::size_t i = 0; i < table.size; ++i) {
    heap.append(*names, heap.string(table.specs[i].name));
  }
  return Value::of(names);
}

Value enumerate(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  Heap& heap = machine.heap();
  Value number = bound[1].is_absent() ? Value::small(0) : bound[1];
  if (!number.is_integer()) stop_type(spec, "an int", number);
  List* const list = heap.list(0);
  Items items(machine, bound[0]);
  for (Value item; items.next(item);) {
    const Value pair[] = {number, item};
    heap.append(*list, Value::of(heap.tuple(pair, 2)));
    number = integer_add(heap, number, Value::small(1));
  }
  return Value::of(list);
}

/// The arguments of print() and fail(), as one text.
std::string joined(Machine& machine, const Spec& spec, const Arguments& arguments) {
  allow_names(spec, arguments, {"sep"});
  const Value separator = named_argument(arguments, "sep");
  TextBuilder out(machine.heap());
  for (std::size_t i = 0; i < arguments.count; ++i) {
    if (i > 0) out.add(separator.is_absent() ? " " : to_text(spec, separator).view());
    out.add_str(arguments.positional[i]);
  }
  return std::string(out.view());
}

Value fail(Machine& machine, const Spec& spec, const Arguments& arguments) {
  stop(Reason::kFail, joined(machine, spec, arguments));
}

Value print(Machine& machine, const Spec& spec, const Arguments& arguments) {
  machine.print(joined(machine, spec, arguments));
  return Value::none();
}

bool same_word(std::string_view text, std::string_view word) {
  return std::equal(text.begin(), text.end(), word.begin(), word.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
}

Value float_of_text(Machine& machine, std::string_view text) {
  machine.meter().work(text.size());
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (rest.starts_with('+') || negative) rest.remove_prefix(1);
  double value = 0;
  const std::string_view digits = "0123456789";
  const std::size_t mark = rest.find_first_of("eE");
  const std::string_view mantissa = rest.substr(0, mark);
  std::string_view exponent = mark == std::string_view::npos ? "0" : rest.substr(mark + 1);
  if (exponent.starts_with('+') || exponent.starts_with('-')) exponent.remove_prefix(1);
  const std::size_t point = mantissa.find('.');
  const auto is_digits = [&](std::string_view part) {
    return part.find_first_not_of(digits) == std::string_view::npos;
  };
  const std::string_view fraction =
      point == std::string_view::npos ? "" : mantissa.substr(point + 1);
  const std::string_view whole = mantissa.substr(0, point);
  if (same_word(rest, "inf") || same_word(rest, "infinity")) {
    value = HUGE_VAL;
  } else if (same_word(rest, "nan")) {
    return Value::floating(std::nan(""));
  } else if ((whole.empty() && fraction.empty()) || exponent.empty() || !is_digits(whole) ||
             !is_digits(fraction) || !is_digits(exponent)) {
    stop(Reason::kValue, "float(): this text is no number");
  } else {
    value = parse_double(rest);
    if (std::isinf(value)) stop(Reason::kOverflow, "float(): outside the range of floats");
  }
  return Value::floating(negative ? -value : value);
}

Value make_float(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  const Value& value = bound[0];
  if (value.is_absent()) return Value::floating(0);
  if (value.is(Tag::kBool)) return Value::floating(value.boolean ? 1 : 0);
  if (value.is(Tag::kString)) return float_of_text(machine, value.string->view());
  if (value.is_float()) return value;
  if (!value.is_integer()) stop_type(spec, "a number or a string", value);
  return Value::floating(number_to_double(value));
}

Value find_attribute(Machine& machine, const Value& value, const String& name) {
  if (value.is(Tag::kModule)) {
    Value helper = Value::of(Tag::kHelper);
    const auto index = machine.helpers().find(name.view());
    if (!index) return {};
    helper.helper = *index;
    return helper;
  }
  const Spec* const method = find_method(value, name.view());
  if (method == nullptr) return {};
  Value result = Value::of(Tag::kMethod);
  result.method = machine.heap().make<Method>(2);
  *result.method = {value, method};
  return result;
}

Value getattr(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  const Value found = find_attribute(machine, bound[0], to_text(spec, bound[1]));
  if (!found.is_absent()) return found;
  if (!bound[2].is_absent()) return bound[2];
  stop(Reason::kAttribute, "a value of type " + std::string(type_name(bound[0])) +
                               " has no attribute " + std::string(bound[1].string->view()));
}

Value hasattr(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  const Value found = find_attribute(machine, bound[0], to_text(spec, bound[1]));
  return Value::truth(!found.is_absent());
}

/// The polynomial in 31 over the code points, in 32 bits with a sign.
Value hash(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  const String& text = to_text(spec, bound[0]);
  machine.meter().work(text.bytes * std::uint64_t{2});
  std::uint32_t sum = 0;
  for (std::size_t at = 0; at < text.bytes;) {
    const std::size_t bytes = character_bytes(text.data[at]);
    sum = sum * 31 + code_point(text.view().substr(at, bytes));
    at += bytes;
  }
  return Value::small(static_cast<std::int32_t>(sum));
}

Value len(Machine& /*machine*/, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  const std::int64_t length = length_of(bound[0]);
  if (length < 0) stop_type(spec, "a value with a length", bound[0]);
  return Value::small(length);
}

Value make_list(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  if (bound[0].is_absent()) return Value::of(machine.heap().list(0));
  return Value::of(collect(machine, bound[0]));
}

Value make_tuple(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  if (bound[0].is(Tag::kTuple)) return bound[0];
  if (bound[0].is_absent()) return Value::of(machine.heap().tuple(nullptr, 0));
  const List& list = *collect(machine, bound[0]);
  return Value::of(machine.heap().tuple(list.items, list.size));
}

Value make_set(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  Table* const table = machine.heap().table();
  if (!bound[0].is_absent()) {
    Items items(machine, bound[0]);
    for (Value item; items.next(item);) table_set(machine.heap(), *table, item, Value::none());
  }
  return Value::set(table);
}

/// min() and max(): the first of the least or greatest.
Value extreme(Machine& machine, const Spec& spec, const Arguments& arguments, bool greatest) {
  allow_names(spec, arguments, {"key"});
  const Value key = named_argument(arguments, "key");
  List all;
  if (arguments.count == 1) {
    all = *collect(machine, arguments.positional[0]);
  } else {
    all.items = const_cast<Value*>(arguments.positional);
    all.size = static_cast<std::uint32_t>(arguments.count);
  }
  if (all.size == 0) stop(Reason::kValue, std::string(spec.name) + "(): of nothing");
  Value best, best_key;
  for (std::uint32_t i = 0; i < all.size; ++i) {
    machine.meter().steps(1);
    const Value item = all.items[i];
    const bool keyed = !key.is_absent() && !key.is(Tag::kNone);
    const Value item_key = keyed ? machine.call(key, &item, 1) : item;
    if (i > 0) {
      const std::strong_ordering order = compare_values(machine.heap(), item_key, best_key);
      if (greatest ? order <= 0 : order >= 0) continue;
    }
    best = item;
    best_key = item_key;
  }
  return best;
}

Value max(Machine& machine, const Spec& spec, const Arguments& arguments) {
  return extreme(machine, spec, arguments, true);
}

Value min(Machine& machine, const Spec& spec, const Arguments& arguments) {
  return extreme(machine, spec, arguments, false);
}

Value range(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  const std::int64_t first = to_int64(spec, bound[0]);
  const std::int64_t step = to_int64_or(spec, bound[2], 1);
  if (bound[1].is_absent()) return make_range(machine.heap(), 0, first, step);
  return make_range(machine.heap(), first, to_int64(spec, bound[1]), step);
}

Value repr(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  TextBuilder out(machine.heap());
  out.add_repr(bound[0]);
  return out.finish();
}

Value str(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  if (bound[0].is(Tag::kString)) return bound[0];
  TextBuilder out(machine.heap());
  if (!bound[0].is_absent()) out.add_repr(bound[0]);
  return out.finish();
}

Value reversed(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  List* const list = collect(machine, bound[0]);
  std::reverse(list->items, list->items + list->size);
  return Value::of(list);
}

Value sorted(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  List* const list = collect(machine, bound[0]);
  const bool down = !bound[2].is_absent() && is_true(bound[2]);
  sort_list(machine, *list, bound[1], down ? SortOrder::kDescending : SortOrder::kAscending);
  return Value::of(list);
}

Value type(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  return machine.heap().lasting_string(type_name(bound[0]));
}

Value zip(Machine& machine, const Spec& spec, const Arguments& arguments) {
  allow_names(spec, arguments, {});
  Heap& heap = machine.heap();
  List* const result = heap.list(0);
  if (arguments.count == 0) return Value::of(result);
  std::vector<List*> columns;
  std::uint32_t shortest = ~0u;
  for (std::size_t i = 0; i < arguments.count; ++i) {
    columns.push_back(collect(machine, arguments.positional[i]));
    shortest = std::min(shortest, columns.back()->size);
  }
  std::vector<Value> row(columns.size());
  for (std::uint32_t i = 0; i < shortest; ++i) {
    machine.meter().steps(1);
    for (std::size_t c = 0; c < columns.size(); ++c) row[c] = columns[c]->items[i];
    heap.append(*result, Value::of(heap.tuple(row.data(), row.size())));
  }
  return Value::of(result);
}

}  // namespace

// builtins_text.cc
Value builtin_chr(Machine& machine, const Spec& spec, const Arguments& arguments);
Value builtin_int(Machine& machine, const Spec& spec, const Arguments& arguments);
Value builtin_ord(Machine& machine, const Spec& spec, const Arguments& arguments);

const BuiltinSpec* find_builtin(std::string_view name) {
  static constexpr Spec kAll[] = {
      {"abs", abs, "x, /"},
      {"all", all, "x, /"},
      {"any", any, "x, /"},
      {"bool", make_bool, "x=, /"},
      {"chr", builtin_chr, "x, /"},
      {"dict", dict},
      {"dir", dir, "x, /"},
      {"enumerate", enumerate, "x, /, start="},
      {"fail", fail},
      {"float", make_float, "x=, /"},
      {"getattr", getattr, "x, name, default=, /"},
      {"hasattr", hasattr, "x, name, /"},
      {"hash", hash, "x, /"},
      {"int", builtin_int, "x=, /, base="},
      {"len", len, "x, /"},
      {"list", make_list, "x=, /"},
      {"max", max},
      {"min", min},
      {"ord", builtin_ord, "x, /"},
      {"print", print},
      {"range", range, "start, stop=, step=, /"},
      {"repr", repr, "x, /"},
      {"reversed", reversed, "x, /"},
      {"set", make_set, "x=, /"},
      {"sorted", sorted, "x, /, *, key=, reverse="},
      {"str", str, "x=, /"},
      {"tuple", make_tuple, "x=, /"},
      {"type", type, "x, /"},
      {"zip", zip},
  };
  for (const Spec& spec : kAll) {
    if (spec.name == name) return &spec;
  }
  return nullptr;
}

}  // namespace isodb::script
