#include "merge/script/compare.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "merge/script/integer.h"
#include "merge/script/table.h"

namespace isodb::script {

namespace {

std::strong_ordering compare_doubles(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) <=> std::isnan(b);
  return a < b   ? std::strong_ordering::less
         : a > b ? std::strong_ordering::greater
                 : std::strong_ordering::equal;
}

std::strong_ordering compare_numbers(Heap& heap, const Value& a, const Value& b) {
  if (a.is_integer() && b.is_integer()) {
    if (!a.is(Tag::kInt) || !b.is(Tag::kInt)) heap.meter().steps(1);
    return integer_compare(a, b);
  }
  if (a.is_float() && b.is_float()) return compare_doubles(a.as_double(), b.as_double());
  const bool a_first = a.is_integer();
  const Value& integer = a_first ? a : b;
  const double number = a_first ? b.as_double() : a.as_double();
  const std::strong_ordering order =
      std::isnan(number) ? std::strong_ordering::less : integer_compare(heap, integer, number);
  return a_first ? order : 0 <=> order;
}

struct Sequence {
  const Value* items;
  std::size_t size;
};

Sequence sequence_of(const Value& value) {
  if (value.is(Tag::kList)) return {value.list->items, value.list->size};
  return {value.tuple->items, value.tuple->size};
}

bool equal_sequences(Heap& heap, const Value& a, const Value& b, int depth) {
  const Sequence x = sequence_of(a), y = sequence_of(b);
  if (x.size != y.size) return false;
  for (std::size_t i = 0; i < x.size; ++i) {
    if (!equal_values(heap, x.items[i], y.items[i], depth + 1)) return false;
  }
  return true;
}

bool equal_tables(Heap& heap, const Value& a, const Value& b, int depth) {
  if (a.table->live != b.table->live) return false;
  for (const Entry& entry : live_entries(*a.table)) {
    heap.meter().steps(1);
    const Entry* other = table_find(heap, *b.table, entry.key);
    if (other == nullptr) return false;
    if (a.is(Tag::kDict) && !equal_values(heap, entry.value, other->value, depth + 1)) return false;
  }
  return true;
}

bool equal_ranges(const Range& a, const Range& b) {
  if (a.size != b.size) return false;
  return a.size == 0 || (a.start == b.start && (a.size == 1 || a.step == b.step));
}

bool equal_strings(Heap& heap, const String& a, const String& b) {
  if (a.bytes != b.bytes) return false;
  heap.meter().work(a.bytes);
  return a.view() == b.view();
}

}  // namespace

void check_depth(int depth) {
  if (depth <= kValueDepthMax) return;
  stop(Reason::kTooDeep,
       "a value nested more than " + std::to_string(kValueDepthMax) + " deep, or inside itself");
}

bool equal_values(Heap& heap, const Value& a, const Value& b, int depth) {
  heap.meter().steps(depth == 0 ? 0 : 1);
  check_depth(depth);
  if (a.is_number() && b.is_number()) return compare_numbers(heap, a, b) == 0;
  if (a.tag != b.tag) return false;
  switch (a.tag) {
    case Tag::kBool:
      return a.boolean == b.boolean;
    case Tag::kString:
      return equal_strings(heap, *a.string, *b.string);
    case Tag::kTuple:
    case Tag::kList:
      return equal_sequences(heap, a, b, depth);
    case Tag::kDict:
    case Tag::kSet:
      return equal_tables(heap, a, b, depth);
    case Tag::kRange:
      return equal_ranges(*a.range, *b.range);
    case Tag::kFunction:
      return a.function == b.function;
    case Tag::kBuiltin:
      return a.builtin == b.builtin;
    case Tag::kMethod:
      return a.method == b.method;
    case Tag::kHelper:
      return a.helper == b.helper;
    default:
      return true;  // None, the module
  }
}

std::strong_ordering compare_values(Heap& heap, const Value& a, const Value& b, int depth) {
  heap.meter().steps(depth == 0 ? 0 : 1);
  check_depth(depth);
  if (a.is_number() && b.is_number()) return compare_numbers(heap, a, b);
  if (a.tag == b.tag) {
    if (a.is(Tag::kBool)) return a.boolean <=> b.boolean;
    if (a.is(Tag::kString)) {
      heap.meter().work(std::min(a.string->bytes, b.string->bytes));
      return a.string->view() <=> b.string->view();  // code points: UTF-8 keeps their order
    }
    if (a.is(Tag::kTuple) || a.is(Tag::kList)) {
      const Sequence x = sequence_of(a), y = sequence_of(b);
      for (std::size_t i = 0; i < std::min(x.size, y.size); ++i) {
        // Unequal first, so that items without an order may be equal.
        if (equal_values(heap, x.items[i], y.items[i], depth + 1)) continue;
        return compare_values(heap, x.items[i], y.items[i], depth + 1);
      }
      return x.size <=> y.size;
    }
  }
  stop(Reason::kType, "values of type " + std::string(type_name(a)) + " and " +
                          std::string(type_name(b)) + " have no order");
}

bool is_true(const Value& value) {
  switch (value.tag) {
    case Tag::kNone:
      return false;
    case Tag::kBool:
      return value.boolean;
    case Tag::kInt:
      return value.integer != 0;
    case Tag::kFloat:
    case Tag::kDecimal:
      return value.as_double() != 0;
    case Tag::kString:
      return value.string->bytes != 0;
    case Tag::kTuple:
      return value.tuple->size != 0;
    case Tag::kList:
      return value.list->size != 0;
    case Tag::kDict:
    case Tag::kSet:
      return value.table->live != 0;
    case Tag::kRange:
      return value.range->size != 0;
    default:
      return true;
  }
}

}  // namespace isodb::script
