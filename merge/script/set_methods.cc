#include <string>

#include "merge/script/builtins.h"
#include "merge/script/operators.h"
#include "merge/script/table.h"
#include "merge/script/text_search.h"

namespace isodb::script {

namespace {

using Spec = BuiltinSpec;

Table& table_to_change(const Arguments& arguments) {
  check_mutable(*arguments.self.table);
  return *arguments.self.table;
}

/// What an argument holds, as a set.
const Table& keys_of(Machine& machine, const Value& iterable) {
  if (iterable.is(Tag::kSet) || iterable.is(Tag::kDict)) return *iterable.table;
  Table* const table = machine.heap().table();
  Items items(machine, iterable);
  for (Value item; items.next(item);) table_set(machine.heap(), *table, item, Value::none());
  return *table;
}

/// A new set with the keys of a table.
Table* copy_of(Machine& machine, const Table& table) {
  Table* const copy = machine.heap().table();
  for (const Entry& entry : live_entries(table)) {
    machine.meter().steps(1);
    table_set(machine.heap(), *copy, entry.key, Value::none());
  }
  return copy;
}

void refuse_names(const Spec& spec, const Arguments& arguments) {
  if (arguments.named_count == 0) return;
  stop(Reason::kArguments, std::string(spec.name) + "() takes no arguments by name");
}

using Operation = Value (*)(Machine&, const Table&, const Table&);

/// The operation with one argument after the other.
Value fold(Machine& machine, const Spec& spec, const Arguments& arguments, Operation operation) {
  refuse_names(spec, arguments);
  Value result = Value::set(copy_of(machine, *arguments.self.table));
  for (std::size_t i = 0; i < arguments.count; ++i) {
    const Table& other = *copy_of(machine, keys_of(machine, arguments.positional[i]));
    result = operation(machine, *result.table, other);
  }
  return result;
}

Value update_by(Machine& machine, const Spec& spec, const Arguments& arguments,
                Operation operation) {
  Table& table = table_to_change(arguments);
  table = *fold(machine, spec, arguments, operation).table;
  return Value::none();
}

Value set_add(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  table_set(machine.heap(), table_to_change(arguments), bound[0], Value::none());
  return Value::none();
}

Value set_clear(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  Table& table = table_to_change(arguments);
  machine.meter().work(table.capacity);
  table_clear(table);
  return Value::none();
}

Value difference(Machine& machine, const Spec& spec, const Arguments& arguments) {
  return fold(machine, spec, arguments, set_difference);
}

Value difference_update(Machine& machine, const Spec& spec, const Arguments& arguments) {
  return update_by(machine, spec, arguments, set_difference);
}

Value set_discard(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  table_remove(machine.heap(), table_to_change(arguments), bound[0]);
  return Value::none();
}

Value intersection(Machine& machine, const Spec& spec, const Arguments& arguments) {
  return fold(machine, spec, arguments, set_intersection);
}

Value intersection_update(Machine& machine, const Spec& spec, const Arguments& arguments) {
  return update_by(machine, spec, arguments, set_intersection);
}

Value issubset(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  return Value::truth(is_subset(machine, *arguments.self.table, keys_of(machine, bound[0])));
}

Value issuperset(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  return Value::truth(is_subset(machine, keys_of(machine, bound[0]), *arguments.self.table));
}

Value set_pop(Machine& /*machine*/, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  Table& table = table_to_change(arguments);
  if (table.live == 0) stop(Reason::kKey, "pop(): the set is empty");
  Entry& entry = table.entries[table.first];
  const Value key = entry.key;
  table_remove(table, entry);
  return key;
}

Value set_remove(Machine& machine, const Spec& spec, const Arguments& arguments) {
  const Bound bound(spec, arguments);
  Table& table = table_to_change(arguments);
  if (table_remove(machine.heap(), table, bound[0]).is_absent()) {
    stop(Reason::kKey, "remove(): the set has no " + short_repr(machine.heap(), bound[0]));
  }
  return Value::none();
}

Value symmetric_difference(Machine& machine, const Spec& spec, const Arguments& arguments) {
  return fold(machine, spec, arguments, set_symmetric_difference);
}

Value symmetric_difference_update(Machine& machine, const Spec& spec, const Arguments& arguments) {
  return update_by(machine, spec, arguments, set_symmetric_difference);
}

Value union_of(Machine& machine, const Spec& spec, const Arguments& arguments) {
  return fold(machine, spec, arguments, set_union);
}

Value update(Machine& machine, const Spec& spec, const Arguments& arguments) {
  return update_by(machine, spec, arguments, set_union);
}

}  // namespace

MethodTable set_methods() {
  static constexpr Spec kAll[] = {
      {"add", set_add, "x, /"},
      {"clear", set_clear},
      {"difference", difference},
      {"difference_update", difference_update},
      {"discard", set_discard, "x, /"},
      {"intersection", intersection},
      {"intersection_update", intersection_update},
      {"issubset", issubset, "x, /"},
      {"issuperset", issuperset, "x, /"},
      {"pop", set_pop},
      {"remove", set_remove, "x, /"},
      {"symmetric_difference", symmetric_difference},
      {"symmetric_difference_update", symmetric_difference_update},
      {"union", union_of},
      {"update", update},
  };
  return {kAll, std::size(kAll)};
}

}  // namespace isodb::script
