#include <algorithm>
#include <cstring>
#include <limits>
#include <string>

#include "merge/script/builtins.h"
#include "merge/script/integer.h"
#include "merge/script/operators.h"
#include "merge/script/table.h"
#include "merge/script/text_search.h"

namespace isodb::script {

namespace {

/// A bound of a slice: what 64 bits do not hold is as good as the nearest that they do.
std::int64_t bound_of(const Value& value, std::int64_t standard) {
  if (value.is(Tag::kNone) || value.is_absent()) return standard;
  if (value.is(Tag::kInt)) return value.integer;
  if (value.is(Tag::kBig)) {
    return value.big->negative ? std::numeric_limits<std::int64_t>::min()
                               : std::numeric_limits<std::int64_t>::max();
  }
  stop(Reason::kType,
       "a slice is bounded by ints, not by a value of type " + std::string(type_name(value)));
}

std::int64_t clamp_bound(std::int64_t bound, std::int64_t length, std::int64_t low,
                         std::int64_t high) {
  if (bound < 0) bound = bound < -length ? low : bound + length;
  return std::clamp(bound, low, high);
}

std::int64_t checked_index(const Value& index, std::int64_t length) {
  if (!index.is_integer()) {
    stop(Reason::kType, "an index is an int, not a value of type " + std::string(type_name(index)));
  }
  std::int64_t at = bound_of(index, 0);
  if (at < 0 && at >= -length) at += length;
  if (at < 0 || at >= length) {
    stop(Reason::kIndex, "an index outside a sequence of " + std::to_string(length));
  }
  return at;
}

Value slice_text(Machine& machine, const String& text, const SliceBounds& bounds) {
  Heap& heap = machine.heap();
  if (bounds.step == 1) {
    const std::size_t begin = byte_of_character(heap, text, bounds.start);
    const std::size_t end = byte_of_character(heap, text, bounds.start + bounds.count);
    return heap.string(text.view().substr(begin, end - begin));
  }
  machine.meter().work(static_cast<std::uint64_t>(bounds.count) * 4);
  std::string out;
  if (text.is_ascii()) {
    machine.meter().cells(static_cast<std::uint64_t>(bounds.count) / 16);
    for (std::int64_t i = 0; i < bounds.count; ++i) {
      out += text.data[bounds.start + i * bounds.step];
    }
    return heap.string(out);
  }
  const CharacterOffsets offsets(heap, text);
  machine.meter().cells(static_cast<std::uint64_t>(bounds.count) / 4);
  for (std::int64_t i = 0; i < bounds.count; ++i) {
    out += offsets.character(static_cast<std::size_t>(bounds.start + i * bounds.step));
  }
  return heap.string(out);
}

}  // namespace

SliceBounds slice_bounds(std::int64_t length, const Value& start, const Value& stop_at,
                         const Value& step) {
  SliceBounds bounds;
  bounds.step = bound_of(step, 1);
  if (bounds.step == 0) stop(Reason::kValue, "the step of a slice is zero");
  const bool forward = bounds.step > 0;
  const std::int64_t low = forward ? 0 : -1, high = forward ? length : length - 1;
  const auto place = [&](const Value& bound, std::int64_t standard) {
    if (bound.is(Tag::kNone) || bound.is_absent()) return standard;
    return clamp_bound(bound_of(bound, 0), length, low, high);
  };
  bounds.start = place(start, forward ? low : high);
  const std::int64_t end = place(stop_at, forward ? high : low);
  const std::int64_t distance = forward ? end - bounds.start : bounds.start - end;
  if (distance <= 0) {
    bounds.start = std::clamp<std::int64_t>(bounds.start, 0, length);
    bounds.step = 1;
    return bounds;
  }
  // Steps longer than the sequence are as good as its length, and cannot overflow.
  if (forward) {
    bounds.step = std::min(bounds.step, length);
  } else {
    bounds.step = std::max(bounds.step, -length);
  }
  bounds.count = (distance - 1) / (forward ? bounds.step : -bounds.step) + 1;
  return bounds;
}

std::int64_t length_of(const Value& value) {
  switch (value.tag) {
    case Tag::kString:
      return value.string->characters;
    case Tag::kTuple:
      return value.tuple->size;
    case Tag::kList:
      return value.list->size;
    case Tag::kDict:
    case Tag::kSet:
      return value.table->live;
    case Tag::kRange:
      return value.range->size;
    default:
      return -1;
  }
}

Value index_value(Machine& machine, const Value& container, const Value& index) {
  Heap& heap = machine.heap();
  switch (container.tag) {
    case Tag::kDict:
      if (const Entry* entry = table_find(heap, *container.table, index); entry != nullptr) {
        return entry->value;
      }
      stop(Reason::kKey, "a dict has no key " + short_repr(heap, index));
    case Tag::kList:
      return container.list->items[checked_index(index, container.list->size)];
    case Tag::kTuple:
      return container.tuple->items[checked_index(index, container.tuple->size)];
    case Tag::kRange:
      return Value::small(container.range->at(checked_index(index, container.range->size)));
    case Tag::kString: {
      const String& text = *container.string;
      const std::size_t begin =
          byte_of_character(heap, text, checked_index(index, text.characters));
      return heap.string(text.view().substr(begin, character_bytes(text.data[begin])));
    }
    default:
      stop(Reason::kType,
           "a value of type " + std::string(type_name(container)) + " has no items by index");
  }
}

void store_index(Machine& machine, const Value& container, const Value& index, const Value& value) {
  if (container.is(Tag::kDict)) {
    check_mutable(*container.table);
    table_set(machine.heap(), *container.table, index, value);
  } else if (container.is(Tag::kList)) {
    check_mutable(*container.list);
    container.list->items[checked_index(index, container.list->size)] = value;
  } else {
    stop(Reason::kType, "the items of a value of type " + std::string(type_name(container)) +
                            " cannot be assigned");
  }
}

Value make_range(Heap& heap, std::int64_t start, std::int64_t stop_at, std::int64_t step) {
  if (step == 0) stop(Reason::kValue, "the step of a range is zero");
  auto* const range = heap.make<Range>(2);
  range->start = start;
  range->stop = stop_at;
  range->step = step;
  const auto unsigned_of = [](std::int64_t value) { return static_cast<std::uint64_t>(value); };
  std::uint64_t size = 0;
  if (step > 0 && start < stop_at) {
    size = (unsigned_of(stop_at) - unsigned_of(start) - 1) / unsigned_of(step) + 1;
  } else if (step < 0 && start > stop_at) {
    size = (unsigned_of(start) - unsigned_of(stop_at) - 1) / (0 - unsigned_of(step)) + 1;
  }
  if (size > unsigned_of(std::numeric_limits<std::int64_t>::max())) {
    stop(Reason::kOverflow, "a range of more than 2^63 - 1 items");
  }
  range->size = static_cast<std::int64_t>(size);
  Value value = Value::of(Tag::kRange);
  value.range = range;
  return value;
}

Value slice_value(Machine& machine, const Value& sequence, const Value& start, const Value& stop_at,
                  const Value& step) {
  if (length_of(sequence) < 0 || sequence.is(Tag::kDict) || sequence.is(Tag::kSet)) {
    stop(Reason::kType,
         "a value of type " + std::string(type_name(sequence)) + " cannot be sliced");
  }
  const SliceBounds bounds = slice_bounds(length_of(sequence), start, stop_at, step);
  Heap& heap = machine.heap();
  if (sequence.is(Tag::kString)) return slice_text(machine, *sequence.string, bounds);
  if (sequence.is(Tag::kRange)) {
    const Range& range = *sequence.range;
    const auto step = static_cast<std::uint64_t>(bounds.step);
    const auto past =
        static_cast<std::uint64_t>(bounds.start) + static_cast<std::uint64_t>(bounds.count) * step;
    auto* const result = heap.make<Range>(2);
    *result = {range.at(bounds.start), range.at(static_cast<std::int64_t>(past)),
               static_cast<std::int64_t>(static_cast<std::uint64_t>(range.step) * step),
               bounds.count};
    Value made = Value::of(Tag::kRange);
    made.range = result;
    return made;
  }
  const bool list = sequence.is(Tag::kList);
  const Value* const from = list ? sequence.list->items : sequence.tuple->items;
  Value* const items = heap.items(static_cast<std::size_t>(bounds.count));
  for (std::int64_t i = 0; i < bounds.count; ++i) items[i] = from[bounds.start + i * bounds.step];
  const auto size = static_cast<std::uint32_t>(bounds.count);
  if (list) {
    List* const result = heap.list(0);
    result->items = items;
    result->size = result->capacity = size;
    return Value::of(result);
  }
  auto* const tuple = heap.make<Tuple>(1);
  tuple->items = items;
  tuple->size = size;
  return Value::of(tuple);
}

void extend_list(Machine& machine, List& list, const Value& iterable) {
  check_mutable(list);
  if (iterable.is(Tag::kList) && iterable.list == &list) {
    const std::uint32_t size = list.size;
    machine.heap().reserve(list, std::size_t{size} * 2);
    machine.meter().work(size);
    std::copy(list.items, list.items + size, list.items + size);
    list.size = size * 2;
    return;
  }
  Items items(machine, iterable);
  for (Value item; items.next(item);) machine.heap().append(list, item);
}

void update_table(Machine& machine, Table& table, const Table& other) {
  for (const Entry& entry : live_entries(other)) {
    machine.meter().steps(1);
    table_set(machine.heap(), table, entry.key, entry.value);
  }
}

Value set_union(Machine& machine, const Table& a, const Table& b) {
  Table* const result = machine.heap().table();
  update_table(machine, *result, a);
  update_table(machine, *result, b);
  return Value::set(result);
}

namespace {

/// Adds to `result` the keys of `a` that are in `b`, or those that are not.
void filter_keys(Machine& machine, Table& result, const Table& a, const Table& b, bool wanted) {
  for (const Entry& entry : live_entries(a)) {
    machine.meter().steps(1);
    if ((table_find(machine.heap(), b, entry.key) != nullptr) == wanted) {
      table_set(machine.heap(), result, entry.key, Value::none());
    }
  }
}

}  // namespace

Value set_intersection(Machine& machine, const Table& a, const Table& b) {
  Table* const result = machine.heap().table();
  filter_keys(machine, *result, a, b, true);
  return Value::set(result);
}

Value set_difference(Machine& machine, const Table& a, const Table& b) {
  Table* const result = machine.heap().table();
  filter_keys(machine, *result, a, b, false);
  return Value::set(result);
}

Value set_symmetric_difference(Machine& machine, const Table& a, const Table& b) {
  Table* const result = machine.heap().table();
  filter_keys(machine, *result, a, b, false);
  filter_keys(machine, *result, b, a, false);
  return Value::set(result);
}

bool is_subset(Machine& machine, const Table& a, const Table& b) {
  for (const Entry& entry : live_entries(a)) {
    machine.meter().steps(1);
    if (table_find(machine.heap(), b, entry.key) == nullptr) return false;
  }
  return true;
}

}  // namespace isodb::script
