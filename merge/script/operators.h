#pragma once

#include "merge/script/code.h"
#include "merge/script/machine.h"
#include "merge/script/value.h"

namespace isodb::script {

// What the operators do. All charge in proportion to their work and throw Stop.

/// Any of the binary operators, comparisons and "in" included.
Value binary_operation(Machine& machine, Op op, const Value& a, const Value& b);
/// a op= b where it changes a list, dict or set in place; else as the operator.
Value augmented_operation(Machine& machine, Op op, const Value& a, const Value& b);
Value unary_operation(Machine& machine, Op op, const Value& a);

Value index_value(Machine& machine, const Value& container, const Value& index);
void store_index(Machine& machine, const Value& container, const Value& index, const Value& value);
/// Parts left out are None.
Value slice_value(Machine& machine, const Value& sequence, const Value& start, const Value& stop,
                  const Value& step);
bool contains(Machine& machine, const Value& container, const Value& item);
/// len(), for what has one; -1 for what has none.
std::int64_t length_of(const Value& value);

/// The items of a slice: `count` of them, from `start` on, `step` apart.
struct SliceBounds {
  std::int64_t start = 0, step = 1, count = 0;
};
SliceBounds slice_bounds(std::int64_t length, const Value& start, const Value& stop,
                         const Value& step);
Value make_range(Heap& heap, std::int64_t start, std::int64_t stop, std::int64_t step);
/// Adds the items of an iterable to a list.
void extend_list(Machine& machine, List& list, const Value& iterable);
/// Adds the entries of a dict to another.
void update_table(Machine& machine, Table& table, const Table& other);

/// Sets, for the operators and the methods alike. The results are new and keep the order of a.
Value set_union(Machine& machine, const Table& a, const Table& b);
Value set_intersection(Machine& machine, const Table& a, const Table& b);
Value set_difference(Machine& machine, const Table& a, const Table& b);
Value set_symmetric_difference(Machine& machine, const Table& a, const Table& b);
bool is_subset(Machine& machine, const Table& a, const Table& b);

}  // namespace isodb::script
