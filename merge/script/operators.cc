#include "merge/script/operators.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "merge/script/builtins.h"
#include "merge/script/compare.h"
#include "merge/script/format.h"
#include "merge/script/integer.h"
#include "merge/script/number.h"
#include "merge/script/table.h"
#include "merge/script/text_search.h"

namespace isodb::script {

namespace {

std::string_view symbol(Op op) {
  switch (op) {
    case Op::kAdd:
    case Op::kAddInPlace:
    case Op::kPositive:
      return "+";
    case Op::kSubtract:
    case Op::kSubtractInPlace:
    case Op::kNegate:
      return "-";
    case Op::kMultiply:
      return "*";
    case Op::kDivide:
      return "/";
    case Op::kFloorDivide:
      return "//";
    case Op::kModulo:
      return "%";
    case Op::kBitAnd:
      return "&";
    case Op::kBitOr:
      return "|";
    case Op::kBitXor:
      return "^";
    case Op::kShiftLeft:
      return "<<";
    case Op::kShiftRight:
      return ">>";
    default:
      return "~";
  }
}

[[noreturn]] void stop_operands(Op op, const Value& a, const Value& b) {
  stop(Reason::kType, "no operator " + std::string(symbol(op)) + " for values of type " +
                          std::string(type_name(a)) + " and " + std::string(type_name(b)));
}

Value integer_operation(Heap& heap, Op op, const Value& a, const Value& b) {
  switch (op) {
    case Op::kAdd:
      return integer_add(heap, a, b);
    case Op::kSubtract:
      return integer_subtract(heap, a, b);
    case Op::kMultiply:
      return integer_multiply(heap, a, b);
    case Op::kFloorDivide:
      return integer_floor_divide(heap, a, b);
    case Op::kModulo:
      return integer_modulo(heap, a, b);
    case Op::kBitAnd:
      return integer_bits(heap, BitOperation::kAnd, a, b);
    case Op::kBitOr:
      return integer_bits(heap, BitOperation::kOr, a, b);
    case Op::kBitXor:
      return integer_bits(heap, BitOperation::kXor, a, b);
    case Op::kShiftLeft:
      return integer_shift_left(heap, a, b);
    case Op::kShiftRight:
      return integer_shift_right(heap, a, b);
    default:
      break;
  }
  stop_operands(op, a, b);
}

Value float_operation(Op op, const Value& a, const Value& b) {
  if (op != Op::kAdd && op != Op::kSubtract && op != Op::kMultiply && op != Op::kDivide &&
      op != Op::kFloorDivide && op != Op::kModulo) {
    stop_operands(op, a, b);
  }
  const double x = number_to_double(a), y = number_to_double(b);
  switch (op) {
    case Op::kAdd:
      return Value::floating(x + y);
    case Op::kSubtract:
      return Value::floating(x - y);
    case Op::kMultiply:
      return Value::floating(x * y);
    case Op::kDivide:
      if (y == 0) stop(Reason::kZeroDivision, "division by zero");
      return Value::floating(x / y);
    case Op::kFloorDivide:
      return Value::floating(float_floor_divide(x, y));
    default:
      return Value::floating(float_modulo(x, y));
  }
}

Value concatenate(Machine& machine, const Value& a, const Value& b) {
  Heap& heap = machine.heap();
  if (a.is(Tag::kString)) {
    const std::string_view x = a.string->view(), y = b.string->view();
    char* const text = heap.text(x.size() + y.size());
    std::copy(x.begin(), x.end(), text);
    std::copy(y.begin(), y.end(), text + x.size());
    return heap.filled_string(text, x.size() + y.size());
  }
  if (a.is(Tag::kList)) {
    List* const list = heap.list(std::size_t{a.list->size} + b.list->size);
    machine.meter().work(list->capacity);
    std::copy(a.list->items, a.list->items + a.list->size, list->items);
    std::copy(b.list->items, b.list->items + b.list->size, list->items + a.list->size);
    list->size = a.list->size + b.list->size;
    return Value::of(list);
  }
  const std::size_t size = std::size_t{a.tuple->size} + b.tuple->size;
  Value* const items = heap.items(size);
  std::copy(a.tuple->items, a.tuple->items + a.tuple->size, items);
  std::copy(b.tuple->items, b.tuple->items + b.tuple->size, items + a.tuple->size);
  auto* const tuple = heap.make<Tuple>(1);
  tuple->items = items;
  tuple->size = static_cast<std::uint32_t>(size);
  return Value::of(tuple);
}

/// How often a sequence of `size` is repeated, once the size of the result is known to be payable.
std::size_t repetitions(Machine& machine, std::size_t size, const Value& count) {
  if (integer_sign(count) <= 0 || size == 0) return 0;
  const std::uint64_t most = std::numeric_limits<std::uint32_t>::max() / size;
  if (!count.is(Tag::kInt) || static_cast<std::uint64_t>(count.integer) > most) {
    machine.meter().cells(std::numeric_limits<std::uint64_t>::max());
  }
  return static_cast<std::size_t>(count.integer);
}

Value repeat(Machine& machine, const Value& sequence, const Value& count) {
  Heap& heap = machine.heap();
  if (sequence.is(Tag::kString)) {
    const std::string_view part = sequence.string->view();
    const std::size_t times = repetitions(machine, part.size(), count);
    char* const text = heap.text(part.size() * times);
    for (std::size_t i = 0; i < times; ++i)
      std::copy(part.begin(), part.end(), text + i * part.size());
    return heap.filled_string(text, part.size() * times);
  }
  const bool list = sequence.is(Tag::kList);
  const Value* const part = list ? sequence.list->items : sequence.tuple->items;
  const std::size_t size = list ? sequence.list->size : sequence.tuple->size;
  const std::size_t times = repetitions(machine, size, count);
  Value* const items = heap.items(size * times);
  for (std::size_t i = 0; i < times; ++i) std::copy(part, part + size, items + i * size);
  if (list) {
    List* const result = heap.list(0);
    result->items = items;
    result->size = result->capacity = static_cast<std::uint32_t>(size * times);
    return Value::of(result);
  }
  auto* const tuple = heap.make<Tuple>(1);
  tuple->items = items;
  tuple->size = static_cast<std::uint32_t>(size * times);
  return Value::of(tuple);
}

bool is_sequence(const Value& value) {
  return value.is(Tag::kString) || value.is(Tag::kList) || value.is(Tag::kTuple);
}

Value table_operation(Machine& machine, Op op, const Value& a, const Value& b) {
  if (a.is(Tag::kDict)) {
    if (op != Op::kBitOr) stop_operands(op, a, b);
    Table* const result = machine.heap().table();
    update_table(machine, *result, *a.table);
    update_table(machine, *result, *b.table);
    return Value::dict(result);
  }
  switch (op) {
    case Op::kBitOr:
      return set_union(machine, *a.table, *b.table);
    case Op::kBitAnd:
      return set_intersection(machine, *a.table, *b.table);
    case Op::kSubtract:
      return set_difference(machine, *a.table, *b.table);
    case Op::kBitXor:
      return set_symmetric_difference(machine, *a.table, *b.table);
    default:
      stop_operands(op, a, b);
  }
}

Value arithmetic(Machine& machine, Op op, const Value& a, const Value& b) {
  if (a.is_integer() && b.is_integer() && op != Op::kDivide) {
    return integer_operation(machine.heap(), op, a, b);
  }
  if (a.is_number() && b.is_number()) return float_operation(op, a, b);
  if (op == Op::kAdd && is_sequence(a) && a.tag == b.tag) return concatenate(machine, a, b);
  if (op == Op::kMultiply) {
    if (is_sequence(a) && b.is_integer()) return repeat(machine, a, b);
    if (is_sequence(b) && a.is_integer()) return repeat(machine, b, a);
  }
  if (op == Op::kModulo && a.is(Tag::kString)) return format_percent(machine, *a.string, b);
  if ((a.is(Tag::kDict) || a.is(Tag::kSet)) && a.tag == b.tag) {
    return table_operation(machine, op, a, b);
  }
  stop_operands(op, a, b);
}

bool range_contains(Heap& heap, const Range& range, const Value& number) {
  if (range.size == 0) return false;
  const std::int64_t last = range.at(range.size - 1);
  if (number.integer < std::min(range.start, last)) return false;
  if (number.integer > std::max(range.start, last)) return false;
  const Value difference = integer_subtract(heap, number, Value::small(range.start));
  return integer_sign(integer_modulo(heap, difference, Value::small(range.step))) == 0;
}

bool ordered(Machine& machine, Op op, const Value& a, const Value& b) {
  if (a.is(Tag::kSet) && b.is(Tag::kSet)) {
    stop(Reason::kType, "sets have no order; issubset() and issuperset() compare them");
  }
  const std::strong_ordering order = compare_values(machine.heap(), a, b);
  switch (op) {
    case Op::kLess:
      return order < 0;
    case Op::kLessEqual:
      return order <= 0;
    case Op::kGreater:
      return order > 0;
    default:
      return order >= 0;
  }
}

}  // namespace

Value binary_operation(Machine& machine, Op op, const Value& a, const Value& b) {
  switch (op) {
    case Op::kEqual:
      return Value::truth(equal_values(machine.heap(), a, b));
    case Op::kNotEqual:
      return Value::truth(!equal_values(machine.heap(), a, b));
    case Op::kLess:
    case Op::kLessEqual:
    case Op::kGreater:
    case Op::kGreaterEqual:
      return Value::truth(ordered(machine, op, a, b));
    case Op::kIn:
      return Value::truth(contains(machine, b, a));
    case Op::kNotIn:
      return Value::truth(!contains(machine, b, a));
    default:
      return arithmetic(machine, op, a, b);
  }
}

Value augmented_operation(Machine& machine, Op op, const Value& a, const Value& b) {
  if (op == Op::kAddInPlace && a.is(Tag::kList)) {
    extend_list(machine, *a.list, b);
    return a;
  }
  if (op == Op::kOrInPlace && a.tag == b.tag && (a.is(Tag::kDict) || a.is(Tag::kSet))) {
    check_mutable(*a.table);
    if (a.table != b.table) update_table(machine, *a.table, *b.table);
    return a;
  }
  const Op plain = op == Op::kAddInPlace   ? Op::kAdd
                   : op == Op::kOrInPlace  ? Op::kBitOr
                   : op == Op::kAndInPlace ? Op::kBitAnd
                   : op == Op::kXorInPlace ? Op::kBitXor
                                           : Op::kSubtract;
  const Value result = binary_operation(machine, plain, a, b);
  if (!a.is(Tag::kSet)) return result;
  // A set stays itself, with the entries of the result.
  check_mutable(*a.table);
  const std::uint32_t iterators = a.table->iterators;
  *a.table = *result.table;
  a.table->iterators = iterators;
  return a;
}

Value unary_operation(Machine& machine, Op op, const Value& a) {
  if (a.is_integer()) {
    if (op == Op::kPositive) return a;
    return op == Op::kNegate ? integer_negate(machine.heap(), a)
                             : integer_invert(machine.heap(), a);
  }
  if (a.is_float() && op != Op::kInvert) {
    return op == Op::kPositive ? a : Value::floating(-a.as_double());
  }
  stop(Reason::kType, "no operator " + std::string(symbol(op)) + " for a value of type " +
                          std::string(type_name(a)));
}

bool contains(Machine& machine, const Value& container, const Value& item) {
  Heap& heap = machine.heap();
  switch (container.tag) {
    case Tag::kString:
      if (!item.is(Tag::kString)) {
        stop(Reason::kType, "only a string can be in a string, not a value of type " +
                                std::string(type_name(item)));
      }
      return find_text(heap, container.string->view(), item.string->view(), 0) != kNotFound;
    case Tag::kDict:
    case Tag::kSet:
      return table_find(heap, *container.table, item) != nullptr;
    case Tag::kRange: {
      Value number = item;
      if (item.is_float() && std::isfinite(item.as_double()) &&
          std::trunc(item.as_double()) == item.as_double()) {
        number = integer_from_double(heap, item.as_double());
      }
      return number.is(Tag::kInt) && range_contains(heap, *container.range, number);
    }
    case Tag::kList:
    case Tag::kTuple: {
      Items items(machine, container);
      for (Value other; items.next(other);) {
        if (equal_values(heap, other, item)) return true;
      }
      return false;
    }
    default:
      stop(Reason::kType, "nothing can be in a value of type " + std::string(type_name(container)));
  }
}

}  // namespace isodb::script
