#include <algorithm>
#include <string>

#include "merge/script/builtins.h"
#include "merge/script/compare.h"
#include "merge/script/integer.h"
#include "merge/script/machine.h"
#include "merge/script/operators.h"
#include "merge/script/table.h"
#include "merge/script/text_search.h"

namespace isodb::script {

/// What each instruction does to the machine.
struct Instructions {
  using Operand = std::uint32_t;

  static void nop(Machine& /*m*/, Operand /*o*/) {}
  static void constant(Machine& m, Operand o) { m.push(m.code_.constants[o]); }
  static void pop(Machine& m, Operand /*o*/) { m.pop(); }
  static void duplicate(Machine& m, Operand /*o*/) {
    const Value value = m.top_[-1];
    m.push(value);
  }
  static void duplicate_pair(Machine& m, Operand /*o*/) {
    const Value first = m.top_[-2], second = m.top_[-1];
    m.push(first);
    m.push(second);
  }

  // Variables.
  [[noreturn]] static void stop_unbound(std::string_view what, const std::string& name) {
    stop(Reason::kUnbound, std::string(what) + " " + name + " is read before it is assigned");
  }
  static void load_local(Machine& m, Operand o) {
    const Value& value = m.locals_[o];
    if (value.is_absent()) stop_unbound("the variable", m.frame().code->slot_names[o]);
    m.push(value);
  }
  static void store_local(Machine& m, Operand o) { m.locals_[o] = m.pop(); }
  static void clear_local(Machine& m, Operand o) { m.locals_[o] = Value(); }
  static void load_cell(Machine& m, Operand o) {
    const Value& value = m.locals_[o].cell->value;
    if (value.is_absent()) stop_unbound("the variable", m.frame().code->slot_names[o]);
    m.push(value);
  }
  static void store_cell(Machine& m, Operand o) { m.locals_[o].cell->value = m.pop(); }
  static void new_cell(Machine& m, Operand o) {
    Value cell = Value::of(Tag::kCell);
    cell.cell = m.heap_.make<Cell>(1);
    m.locals_[o] = cell;
  }
  static void load_free(Machine& m, Operand o) {
    const Value& value = m.frame().function->cells[o]->value;
    if (value.is_absent()) stop_unbound("the variable", m.frame().code->free_names[o]);
    m.push(value);
  }
  static void load_global(Machine& m, Operand o) {
    const Value& value = m.globals_[o];
    if (value.is_absent()) stop_unbound("the global variable", m.code_.globals[o]);
    m.push(value);
  }
  static void store_global(Machine& m, Operand o) { m.globals_[o] = m.pop(); }

  // Operators.
  template <Op kOp>
  static void unary(Machine& m) {
    m.top_[-1] = unary_operation(m, kOp, m.top_[-1]);
  }
  template <Op kOp>
  static void binary(Machine& m) {
    const Value result = binary_operation(m, kOp, m.top_[-2], m.top_[-1]);
    --m.top_;
    m.top_[-1] = result;
  }
  template <Op kOp>
  static void augmented(Machine& m) {
    const Value result = augmented_operation(m, kOp, m.top_[-2], m.top_[-1]);
    --m.top_;
    m.top_[-1] = result;
  }
  static bool both_small(Machine& m) {
    return m.top_[-2].is(Tag::kInt) && m.top_[-1].is(Tag::kInt);
  }
  static void replace_pair(Machine& m, const Value& value) {
    --m.top_;
    m.top_[-1] = value;
  }
  static void negate(Machine& m, Operand /*o*/) { unary<Op::kNegate>(m); }
  static void positive(Machine& m, Operand /*o*/) { unary<Op::kPositive>(m); }
  static void invert(Machine& m, Operand /*o*/) { unary<Op::kInvert>(m); }
  static void logical_not(Machine& m, Operand /*o*/) {
    m.top_[-1] = Value::truth(!is_true(m.top_[-1]));
  }
  static void add(Machine& m, Operand /*o*/) {
    if (!both_small(m)) return binary<Op::kAdd>(m);
    replace_pair(m, integer_add(m.heap_, m.top_[-2], m.top_[-1]));
  }
  static void subtract(Machine& m, Operand /*o*/) {
    if (!both_small(m)) return binary<Op::kSubtract>(m);
    replace_pair(m, integer_subtract(m.heap_, m.top_[-2], m.top_[-1]));
  }
  static void multiply(Machine& m, Operand /*o*/) { binary<Op::kMultiply>(m); }
  static void divide(Machine& m, Operand /*o*/) { binary<Op::kDivide>(m); }
  static void floor_divide(Machine& m, Operand /*o*/) { binary<Op::kFloorDivide>(m); }
  static void modulo(Machine& m, Operand /*o*/) { binary<Op::kModulo>(m); }
  static void bit_and(Machine& m, Operand /*o*/) { binary<Op::kBitAnd>(m); }
  static void bit_or(Machine& m, Operand /*o*/) { binary<Op::kBitOr>(m); }
  static void bit_xor(Machine& m, Operand /*o*/) { binary<Op::kBitXor>(m); }
  static void shift_left(Machine& m, Operand /*o*/) { binary<Op::kShiftLeft>(m); }
  static void shift_right(Machine& m, Operand /*o*/) { binary<Op::kShiftRight>(m); }
  static void equal(Machine& m, Operand /*o*/) { binary<Op::kEqual>(m); }
  static void not_equal(Machine& m, Operand /*o*/) { binary<Op::kNotEqual>(m); }
  static void less(Machine& m, Operand /*o*/) {
    if (!both_small(m)) return binary<Op::kLess>(m);
    replace_pair(m, Value::truth(m.top_[-2].integer < m.top_[-1].integer));
  }
  static void less_equal(Machine& m, Operand /*o*/) { binary<Op::kLessEqual>(m); }
  static void greater(Machine& m, Operand /*o*/) { binary<Op::kGreater>(m); }
  static void greater_equal(Machine& m, Operand /*o*/) { binary<Op::kGreaterEqual>(m); }
  static void in(Machine& m, Operand /*o*/) { binary<Op::kIn>(m); }
  static void not_in(Machine& m, Operand /*o*/) { binary<Op::kNotIn>(m); }
  static void add_in_place(Machine& m, Operand o) {
    if (both_small(m)) return add(m, o);
    augmented<Op::kAddInPlace>(m);
  }
  static void or_in_place(Machine& m, Operand /*o*/) { augmented<Op::kOrInPlace>(m); }
  static void and_in_place(Machine& m, Operand /*o*/) { augmented<Op::kAndInPlace>(m); }
  static void xor_in_place(Machine& m, Operand /*o*/) { augmented<Op::kXorInPlace>(m); }
  static void subtract_in_place(Machine& m, Operand /*o*/) { augmented<Op::kSubtractInPlace>(m); }

  // Jumps.
  static void jump(Machine& m, Operand o) { m.next_ = m.frame().code->code.data() + o; }
  static void jump_if_false(Machine& m, Operand o) {
    if (!is_true(m.pop())) jump(m, o);
  }
  static void jump_if_true(Machine& m, Operand o) {
    if (is_true(m.pop())) jump(m, o);
  }
  static void jump_and(Machine& m, Operand o) {
    if (is_true(m.top_[-1])) {
      m.pop();
    } else {
      jump(m, o);
    }
  }
  static void jump_or(Machine& m, Operand o) {
    if (!is_true(m.top_[-1])) {
      m.pop();
    } else {
      jump(m, o);
    }
  }

  // Containers.
  static void make_tuple(Machine& m, Operand o) {
    Tuple* const tuple = m.heap_.tuple(m.top_ - o, o);
    m.top_ -= o;
    m.push(Value::of(tuple));
  }
  static void make_list(Machine& m, Operand o) {
    const Value list = m.heap_.list_of(m.top_ - o, o);
    m.top_ -= o;
    m.push(list);
  }
  static void make_dict(Machine& m, Operand /*o*/) { m.push(Value::dict(m.heap_.table())); }
  static void insert_unique(Machine& m, Operand /*o*/) {
    if (!table_set(m.heap_, *m.top_[-3].table, m.top_[-2], m.top_[-1])) {
      stop(Reason::kKey, "the key " + short_repr(m.heap_, m.top_[-2]) + " comes twice in a dict");
    }
    m.top_ -= 2;
  }
  static void insert(Machine& m, Operand /*o*/) {
    table_set(m.heap_, *m.top_[-3].table, m.top_[-2], m.top_[-1]);
    m.top_ -= 2;
  }
  static void append(Machine& m, Operand /*o*/) {
    m.heap_.append(*m.top_[-2].list, m.top_[-1]);
    --m.top_;
  }
  static void unpack(Machine& m, Operand o) {
    const Value value = m.pop();
    m.meter().steps(o / 8);
    const std::size_t floor = m.height();
    {
      Items items(m, value);
      for (Value item; m.height() - floor <= o && items.next(item);) m.push(item);
    }
    const std::size_t found = m.height() - floor;
    if (found != o) {
      stop(Reason::kValue, std::string(found > o ? "more than " : "") +
                               std::to_string(std::min<std::size_t>(found, o)) + " values, where " +
                               std::to_string(o) + " are to be assigned");
    }
    std::reverse(m.top_ - o, m.top_);  // the first target takes the top
  }
  static void index(Machine& m, Operand /*o*/) {
    replace_pair(m, index_value(m, m.top_[-2], m.top_[-1]));
  }
  static void store_index(Machine& m, Operand /*o*/) {
    script::store_index(m, m.top_[-2], m.top_[-1], m.top_[-3]);
    m.top_ -= 3;
  }
  static void store_augmented(Machine& m, Operand /*o*/) {
    script::store_index(m, m.top_[-3], m.top_[-2], m.top_[-1]);
    m.top_ -= 3;
  }
  static void slice(Machine& m, Operand /*o*/) {
    const Value result = slice_value(m, m.top_[-4], m.top_[-3], m.top_[-2], m.top_[-1]);
    m.top_ -= 4;
    m.push(result);
  }

  // Loops.
  static void iterate(Machine& m, Operand /*o*/) {
    Iterator* loop = m.unused_iterators_;
    if (loop != nullptr) {
      m.unused_iterators_ = loop->outer;
    } else {
      loop = m.heap_.arena().make<Iterator>();
    }
    m.start_iteration(*loop, m.pop());
    loop->outer = m.frame().loops;
    m.frame().loops = loop;
  }
  static void next(Machine& m, Operand o) {
    Value item;
    if (m.next_item(*m.frame().loops, item)) {
      m.push(item);
    } else {
      jump(m, o);
    }
  }
  static void end_iterate(Machine& m, Operand /*o*/) {
    Iterator* const loop = m.frame().loops;
    m.frame().loops = loop->outer;
    Machine::end_iteration(*loop);
    loop->outer = m.unused_iterators_;
    m.unused_iterators_ = loop;
  }

  // Attributes and calls.
  [[noreturn]] static void stop_attribute(const Value& value, const String& name) {
    stop(Reason::kAttribute, "a value of type " + std::string(type_name(value)) +
                                 " has no attribute " + std::string(name.view()));
  }
  static void attribute(Machine& m, Operand o) {
    const String& name = *m.code_.constants[o].string;
    const Value result = m.attribute(m.top_[-1], name);
    if (result.is_absent()) stop_attribute(m.top_[-1], name);
    m.top_[-1] = result;
  }
  static void store_attribute(Machine& m, Operand o) {
    stop(Reason::kAttribute, "the attribute " + std::string(m.code_.constants[o].string->view()) +
                                 " of a value of type " + std::string(type_name(m.top_[-1])) +
                                 " cannot be assigned");
  }
  /// Pushes the function and, for a method, the value it belongs to; nothing is allocated.
  static void load_method(Machine& m, Operand o) {
    const String& name = *m.code_.constants[o].string;
    const Value self = m.top_[-1];
    if (!self.is(Tag::kModule)) {
      const BuiltinSpec* const spec = find_method(self, name.view());
      if (spec == nullptr) stop_attribute(self, name);
      m.top_[-1].tag = Tag::kBuiltin;
      m.top_[-1].builtin = spec;
      m.push(self);
      return;
    }
    const Value helper = m.attribute(self, name);
    if (helper.is_absent()) stop_attribute(self, name);
    m.top_[-1] = helper;
    m.push(Value());
  }
  static void call(Machine& m, Operand o) {
    const std::size_t floor = m.height() - o - 1;
    const Value callee = m.stack_[floor];
    m.call_plain(callee, Value(), floor, o);
  }
  static void call_method(Machine& m, Operand o) {
    const std::size_t floor = m.height() - o - 2;
    const Value callee = m.stack_[floor], self = m.stack_[floor + 1];
    m.call_plain(callee, self, floor, o);
  }
  static std::size_t values_of(const CallShape& shape) {
    return shape.positional + shape.names.size() + (shape.star ? 1 : 0) + (shape.star_star ? 1 : 0);
  }
  static void call_with(Machine& m, Operand o) {
    const CallShape& shape = m.code_.shapes[o];
    const std::size_t floor = m.height() - values_of(shape) - 1;
    const Value callee = m.stack_[floor];
    m.call_shaped(callee, Value(), floor, shape);
  }
  static void call_method_with(Machine& m, Operand o) {
    const CallShape& shape = m.code_.shapes[o];
    const std::size_t floor = m.height() - values_of(shape) - 2;
    const Value callee = m.stack_[floor], self = m.stack_[floor + 1];
    m.call_shaped(callee, self, floor, shape);
  }
  static void make_function(Machine& m, Operand o) {
    const FunctionCode& code = *m.code_.functions[o];
    auto* const function = m.heap_.make<Function>(2);
    function->code = &code;
    function->number = ++m.functions_made_;
    Value* const defaults = m.heap_.items(code.default_count);
    std::copy(m.top_ - code.default_count, m.top_, defaults);
    m.top_ -= code.default_count;
    function->defaults = defaults;
    m.meter().cells((code.free.size() + 1) / 2);
    m.meter().steps(code.free.size() / 8);
    Cell** const cells = m.heap_.arena().array<Cell*>(code.free.size());
    for (std::size_t i = 0; i < code.free.size(); ++i) {
      const FreeVariable& variable = code.free[i];
      cells[i] = variable.is_free_outside ? m.frame().function->cells[variable.index]
                                          : m.locals_[variable.index].cell;
    }
    function->cells = cells;
    Value value = Value::of(Tag::kFunction);
    value.function = function;
    m.push(value);
  }
  static void op_return(Machine& m, Operand /*o*/) { m.leave(); }
};

void Machine::execute(std::size_t depth) {
  using Handler = void (*)(Machine&, std::uint32_t);
  static constexpr Handler kHandlers[] = {
#define ISODB_SCRIPT_OP(name, handler) &Instructions::handler,
#include "merge/script/instructions.def"
#undef ISODB_SCRIPT_OP
  };
  while (depth_ > depth) {
    meter().steps(1);
    const Instruction word = *next_++;
    kHandlers[word & 0xff](*this, word >> 8);
  }
}

}  // namespace isodb::script
