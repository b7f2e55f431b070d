#include <string>

#include "merge/script/builtins.h"
#include "merge/script/machine.h"
#include "merge/script/table.h"

namespace isodb::script {

void Machine::start_iteration(Iterator& iterator, const Value& over) {
  iterator = {};
  iterator.over = over;
  switch (over.tag) {
    case Tag::kList:
      ++over.list->iterators;
      break;
    case Tag::kDict:
    case Tag::kSet:
      ++over.table->iterators;
      iterator.position = over.table->first;
      break;
    case Tag::kTuple:
    case Tag::kRange:
      break;
    default:
      stop(Reason::kType, "a value of type " + std::string(type_name(over)) +
                              " cannot be iterated over" +
                              (over.is(Tag::kString) ? "; call its elems()" : ""));
  }
}

bool Machine::next_item(Iterator& iterator, Value& item) {
  const Value& over = iterator.over;
  switch (over.tag) {
    case Tag::kList:
      if (iterator.position >= over.list->size) return false;
      item = over.list->items[iterator.position++];
      return true;
    case Tag::kTuple:
      if (iterator.position >= over.tuple->size) return false;
      item = over.tuple->items[iterator.position++];
      return true;
    case Tag::kRange:
      if (iterator.range_position >= over.range->size) return false;
      item = Value::small(over.range->at(iterator.range_position++));
      return true;
    default: {
      const Table& table = *over.table;
      const std::uint32_t begin = iterator.position;
      while (iterator.position < table.used && table.entries[iterator.position].key.is_absent()) {
        ++iterator.position;
      }
      meter().work(iterator.position - begin);
      if (iterator.position >= table.used) return false;
      item = table.entries[iterator.position++].key;
      return true;
    }
  }
}

void Machine::end_iteration(Iterator& iterator) {
  if (iterator.over.is(Tag::kList)) --iterator.over.list->iterators;
  if (iterator.over.is(Tag::kDict) || iterator.over.is(Tag::kSet)) {
    --iterator.over.table->iterators;
  }
}

Items::Items(Machine& machine, const Value& iterable) : machine_(machine) {
  machine.start_iteration(iterator_, iterable);
}

Items::~Items() {
  Machine::end_iteration(iterator_);
}

bool Items::next(Value& item) {
  machine_.meter().steps(1);
  return machine_.next_item(iterator_, item);
}

List* collect(Machine& machine, const Value& iterable) {
  List* const list = machine.heap().list(0);
  Items items(machine, iterable);
  for (Value item; items.next(item);) machine.heap().append(*list, item);
  return list;
}

}  // namespace isodb::script
