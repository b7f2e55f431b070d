#include <algorithm>
#include <string>

#include "merge/script/builtins.h"
#include "merge/script/compare.h"
#include "merge/script/operators.h"
#include "merge/script/table.h"
#include "merge/script/text_search.h"

namespace isodb::script {

namespace {

using Spec = BuiltinSpec;

List& list_to_change(const Arguments& arguments) {
  check_mutable(*arguments.self.list);
  return *arguments.self.list;
}

Table& table_to_change(const Arguments& arguments) {
  check_mutable(*arguments.self.table);
  return *arguments.self.table;
}

Value list_append(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  machine.heap().append(list_to_change(arguments), bound[0]);
  return Value::none();
}

Value list_clear(Machine& /*machine*/, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  list_to_change(arguments).size = 0;
  return Value::none();
}

Value list_extend(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  extend_list(machine, list_to_change(arguments), bound[0]);
  return Value::none();
}

Value list_index(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  const List& list = *arguments.self.list;
  const SliceBounds part = slice_bounds(list.size, bound[1], bound[2], Value());
  for (std::int64_t i = part.start; i < part.start + part.count; ++i) {
    machine.meter().steps(1);
    if (equal_values(machine.heap(), list.items[i], bound[0])) return Value::small(i);
  }
  stop(Reason::kValue, "index(): the list has no " + short_repr(machine.heap(), bound[0]));
}

Value list_insert(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  List& list = list_to_change(arguments);
  const std::int64_t size = list.size;
  std::int64_t at = to_int64(spec, bound[0]);
  if (at < 0) at = at < -size ? 0 : at + size;
  at = std::min(at, size);
  machine.heap().append(list, Value());
  machine.meter().work(static_cast<std::uint64_t>(size - at));
  std::copy_backward(list.items + at, list.items + size, list.items + size + 1);
  list.items[at] = bound[1];
  return Value::none();
}

void remove_item(Machine& machine, List& list, std::int64_t at) {
  machine.meter().work(list.size - static_cast<std::uint64_t>(at));
  std::copy(list.items + at + 1, list.items + list.size, list.items + at);
  --list.size;
}

Value list_pop(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  List& list = list_to_change(arguments);
  std::int64_t at = to_int64_or(spec, bound[0], -1);
  if (at < 0 && at >= -std::int64_t{list.size}) at += list.size;
  if (at < 0 || at >= list.size) {
    stop(Reason::kIndex, "pop(): an index outside a list of " + std::to_string(list.size));
  }
  const Value item = list.items[at];
  remove_item(machine, list, at);
  return item;
}

Value list_remove(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  List& list = list_to_change(arguments);
  for (std::uint32_t i = 0; i < list.size; ++i) {
    machine.meter().steps(1);
    if (!equal_values(machine.heap(), list.items[i], bound[0])) continue;
    remove_item(machine, list, i);
    return Value::none();
  }
  stop(Reason::kValue, "remove(): the list has no " + short_repr(machine.heap(), bound[0]));
}

Value table_clear_method(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  Table& table = table_to_change(arguments);
  machine.meter().work(table.capacity);
  table_clear(table);
  return Value::none();
}

Value dict_get(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  const Entry* entry = table_find(machine.heap(), *arguments.self.table, bound[0]);
  if (entry != nullptr) return entry->value;
  return bound[1].is_absent() ? Value::none() : bound[1];
}

Value pair_of(Heap& heap, const Entry& entry) {
  const Value pair[] = {entry.key, entry.value};
  return Value::of(heap.tuple(pair, 2));
}

enum class Part { kKeys, kValues, kItems };

Value list_entries(Machine& machine, const Arguments& arguments, Part part) {
  Heap& heap = machine.heap();
  const Table& table = *arguments.self.table;
  List* const list = heap.list(table.live);
  machine.meter().steps(table.used / 4);
  for (const Entry& entry : live_entries(table)) {
    heap.append(*list, part == Part::kKeys     ? entry.key
                       : part == Part::kValues ? entry.value
                                               : pair_of(heap, entry));
  }
  return Value::of(list);
}

Value dict_items(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  return list_entries(machine, arguments, Part::kItems);
}

Value dict_keys(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  return list_entries(machine, arguments, Part::kKeys);
}

Value dict_values(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  return list_entries(machine, arguments, Part::kValues);
}

Value dict_pop(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  const Value value = table_remove(machine.heap(), table_to_change(arguments), bound[0]);
  if (!value.is_absent()) return value;
  if (!bound[1].is_absent()) return bound[1];
  stop(Reason::kKey, "pop(): a dict has no key " + short_repr(machine.heap(), bound[0]));
}

Value dict_popitem(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  Table& table = table_to_change(arguments);
  if (table.live == 0) stop(Reason::kKey, "popitem(): the dict is empty");
  Entry& entry = table.entries[table.first];
  const Value pair = pair_of(machine.heap(), entry);
  table_remove(table, entry);
  return pair;
}

Value dict_setdefault(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  Table& table = *arguments.self.table;
  const Entry* entry = table_find(machine.heap(), table, bound[0]);
  if (entry != nullptr) return entry->value;
  const Value value = bound[1].is_absent() ? Value::none() : bound[1];
  table_set(machine.heap(), table_to_change(arguments), bound[0], value);
  return value;
}

void update_from_pairs(Machine& machine, Table& table, const Value& pairs) {
  Items items(machine, pairs);
  for (Value item; items.next(item);) {
    const List& pair = *collect(machine, item);
    if (pair.size != 2) stop(Reason::kValue, "update(): an item that is no pair");
    table_set(machine.heap(), table, pair.items[0], pair.items[1]);
  }
}

Value dict_update(Machine& machine, const Spec& /*spec*/, const Arguments& arguments) {
  Table& table = table_to_change(arguments);
  if (arguments.count > 1) stop(Reason::kArguments, "update(): more than one argument by position");
  if (arguments.count == 1) {
    const Value& other = arguments.positional[0];
    if (!other.is(Tag::kDict)) {
      update_from_pairs(machine, table, other);
    } else if (other.table != &table) {
      update_table(machine, table, *other.table);
    }
  }
  for (std::size_t i = 0; i < arguments.named_count; ++i) {
    machine.meter().steps(1);
    table_set(machine.heap(), table, Value::of(arguments.names[i]), arguments.named[i]);
  }
  return Value::none();
}

}  // namespace

MethodTable list_methods() {
  static constexpr Spec kAll[] = {
      {"append", list_append, "x, /"},     {"clear", list_clear},
      {"extend", list_extend, "x, /"},     {"index", list_index, "x, start=, end=, /"},
      {"insert", list_insert, "at, x, /"}, {"pop", list_pop, "at=, /"},
      {"remove", list_remove, "x, /"},
  };
  return {kAll, std::size(kAll)};
}

MethodTable dict_methods() {
  static constexpr Spec kAll[] = {
      {"clear", table_clear_method},
      {"get", dict_get, "key, default=, /"},
      {"items", dict_items},
      {"keys", dict_keys},
      {"pop", dict_pop, "key, default=, /"},
      {"popitem", dict_popitem},
      {"setdefault", dict_setdefault, "key, default=, /"},
      {"update", dict_update},
      {"values", dict_values},
  };
  return {kAll, std::size(kAll)};
}

}  // namespace isodb::script
