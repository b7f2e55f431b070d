#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace isodb::script {

struct FunctionCode;
struct BuiltinSpec;
class Machine;

/// The kind of a value. kAbsent is none that a script sees: a variable not assigned yet, an entry
/// taken out of a table, an argument left out.
enum class Tag : std::uint8_t {
  kAbsent,
  kNone,
  kBool,
  kInt,  ///< an integer of 64 bits
  kBig,  ///< any other integer
  kFloat,
  kDecimal,  ///< a float that came from a document and keeps its text there
  kString,
  kTuple,
  kList,
  kDict,
  kSet,
  kRange,
  kFunction,
  kBuiltin,
  kMethod,
  kHelper,  ///< a function of the helper module
  kModule,
  kCell,      ///< a variable shared with an inner function
  kIterator,  ///< what a loop goes over
};

/// Characters are Unicode code points; the bytes are UTF-8.
struct String {
  const char* data = nullptr;
  std::uint32_t bytes = 0;
  std::uint32_t characters = 0;
  mutable std::uint64_t hash = 0;  // 0: not computed yet; always computed in a program's constants

  std::string_view view() const { return {data, bytes}; }
  bool is_ascii() const { return bytes == characters; }
};

/// Magnitude in 32-bit limbs, least first, the last one not zero; never what 64 bits hold.
struct Big {
  const std::uint32_t* limbs = nullptr;
  std::uint32_t size = 0;
  bool negative = false;
};

struct Decimal {
  double value = 0;
  const String* text = nullptr;
};

struct List;
struct Tuple;
struct Table;
struct Range;
struct Function;
struct Method;
struct Cell;
struct Iterator;

/// Sixteen bytes, copied freely. What it points to lives as long as the run, or the program.
struct Value {
  Tag tag = Tag::kAbsent;
  union {
    bool boolean;
    std::int64_t integer = 0;
    double number;
    const String* string;
    const Big* big;
    const Decimal* decimal;
    List* list;
    Tuple* tuple;
    Table* table;
    const Range* range;
    Function* function;
    const BuiltinSpec* builtin;
    Method* method;
    Cell* cell;
    Iterator* iterator;
    std::uint64_t helper;
  };

  static Value none() { return of(Tag::kNone); }
  static Value of(Tag tag) {
    Value value;
    value.tag = tag;
    return value;
  }
  static Value of(bool boolean) = delete;
  static Value truth(bool boolean) {
    Value value;
    value.tag = Tag::kBool;
    value.boolean = boolean;
    return value;
  }
  static Value small(std::int64_t integer) {
    Value value;
    value.tag = Tag::kInt;
    value.integer = integer;
    return value;
  }
  static Value floating(double number) {
    Value value;
    value.tag = Tag::kFloat;
    value.number = number;
    return value;
  }
  static Value of(const String* string) {
    Value value;
    value.tag = Tag::kString;
    value.string = string;
    return value;
  }
  static Value of(List* list) {
    Value value;
    value.tag = Tag::kList;
    value.list = list;
    return value;
  }
  static Value of(Tuple* tuple) {
    Value value;
    value.tag = Tag::kTuple;
    value.tuple = tuple;
    return value;
  }
  static Value dict(Table* table) {
    Value value;
    value.tag = Tag::kDict;
    value.table = table;
    return value;
  }
  static Value set(Table* table) {
    Value value;
    value.tag = Tag::kSet;
    value.table = table;
    return value;
  }

  bool is(Tag other) const { return tag == other; }
  bool is_absent() const { return tag == Tag::kAbsent; }
  bool is_integer() const { return tag == Tag::kInt || tag == Tag::kBig; }
  bool is_float() const { return tag == Tag::kFloat || tag == Tag::kDecimal; }
  bool is_number() const { return is_integer() || is_float(); }
  /// Of a float of either kind.
  double as_double() const { return tag == Tag::kFloat ? number : decimal->value; }
};

struct List {
  Value* items = nullptr;
  std::uint32_t size = 0;
  std::uint32_t capacity = 0;
  std::uint32_t iterators = 0;  // that run over it; while any does, it does not change
  bool visited = false;         // while it is being written out
};

struct Tuple {
  const Value* items = nullptr;
  std::uint32_t size = 0;
};

/// The integers start, start + step, …, `size` of them.
struct Range {
  std::int64_t start = 0, stop = 0, step = 1;
  std::int64_t size = 0;

  std::int64_t at(std::int64_t index) const {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(start) +
                                     static_cast<std::uint64_t>(index) *
                                         static_cast<std::uint64_t>(step));
  }
};

struct Cell {
  Value value;
};

struct Function {
  const FunctionCode* code = nullptr;
  const Value* defaults = nullptr;
  Cell* const* cells = nullptr;
  std::uint64_t number = 0;  // counts the functions made in this run
};

/// A method taken from a value without being called.
struct Method {
  Value self;
  const BuiltinSpec* spec = nullptr;
};

struct Iterator {
  Value over;
  std::uint32_t position = 0;       // of a table, in its entries; of a string, its bytes
  std::int64_t range_position = 0;  // of a range
  Iterator* outer = nullptr;        // the loop around, in the same call
};

/// The word that type() gives: "int", "string", "dict", …
std::string_view type_name(const Value& value);

}  // namespace isodb::script
