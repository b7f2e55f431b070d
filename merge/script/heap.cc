#include "merge/script/heap.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "merge/script/table.h"

namespace isodb::script {

void* Arena::bytes(std::size_t count) {
  count = (count + 15) & ~std::size_t{15};
  if (count <= left_) {
    char* const result = next_;
    next_ += count;
    left_ -= count;
    return result;
  }
  if (count > kBlockBytes / 4) {
    large_.emplace_back(new char[count]);
    return large_.back().get();
  }
  blocks_.emplace_back(new char[kBlockBytes]);
  next_ = blocks_.back().get() + count;
  left_ = kBlockBytes - count;
  return blocks_.back().get();
}

void Arena::reset() {
  large_.clear();
  if (blocks_.empty()) return;
  blocks_.resize(1);
  next_ = blocks_[0].get();
  left_ = kBlockBytes;
}

void Meter::out_of_steps() {
  steps_left_ = 0;
  stop(Reason::kOutOfSteps, "the budget of " + std::to_string(steps_max_) + " steps is used up");
}

void Meter::out_of_cells() {
  cells_left_ = 0;
  stop(Reason::kOutOfCells, "the budget of " + std::to_string(cells_max_) + " cells is used up");
}

std::size_t count_characters(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80 ? 1 : 0;
  return count;
}

char* Heap::text(std::size_t bytes) {
  meter_.cells(text_cells(bytes));
  meter_.work(bytes);
  return arena_.array<char>(bytes);
}

Value Heap::filled_string(const char* data, std::size_t bytes) {
  if (bytes > std::numeric_limits<std::uint32_t>::max()) {
    stop(Reason::kOutOfCells, "a string of 4 GiB or more");
  }
  auto* string = arena_.make<String>();
  string->data = data;
  string->bytes = static_cast<std::uint32_t>(bytes);
  string->characters = static_cast<std::uint32_t>(count_characters({data, bytes}));
  return Value::of(string);
}

Value Heap::string(std::string_view text) {
  char* const copy = this->text(text.size());
  if (!text.empty()) std::memcpy(copy, text.data(), text.size());
  return filled_string(copy, text.size());
}

Value Heap::lasting_string(std::string_view text) {
  meter_.cells(text_cells(text.size()));
  meter_.work(text.size());
  return filled_string(text.data(), text.size());
}

List* Heap::list(std::size_t capacity) {
  meter_.cells(1 + capacity);
  auto* list = arena_.make<List>();
  list->items = capacity == 0 ? nullptr : arena_.array<Value>(capacity);
  list->capacity = static_cast<std::uint32_t>(capacity);
  return list;
}

Value Heap::list_of(const Value* items, std::size_t size) {
  List* const result = list(size);
  meter_.work(size);
  if (size > 0) std::copy(items, items + size, result->items);
  result->size = static_cast<std::uint32_t>(size);
  return Value::of(result);
}

void Heap::reserve(List& list, std::size_t capacity) {
  if (capacity <= list.capacity) return;
  std::size_t grown = std::max<std::size_t>(4, std::size_t{list.capacity} * 2);
  grown = std::max(grown, capacity);
  meter_.cells(grown);
  meter_.work(list.size);
  auto* items = arena_.array<Value>(grown);
  if (list.size > 0) std::copy(list.items, list.items + list.size, items);
  list.items = items;
  list.capacity = static_cast<std::uint32_t>(grown);
}

void Heap::append(List& list, const Value& item) {
  if (list.size == list.capacity) {
    const Value kept = item;  // it may stand in the list
    reserve(list, std::size_t{list.size} + 1);
    list.items[list.size++] = kept;
    return;
  }
  list.items[list.size++] = item;
}

Value* Heap::items(std::size_t count) {
  meter_.cells(count);
  meter_.work(count);
  return count == 0 ? nullptr : arena_.array<Value>(count);
}

Tuple* Heap::tuple(const Value* items, std::size_t size) {
  meter_.cells(1);
  Value* const copy = this->items(size);
  if (size > 0) std::copy(items, items + size, copy);
  auto* tuple = arena_.make<Tuple>();
  tuple->items = copy;
  tuple->size = static_cast<std::uint32_t>(size);
  return tuple;
}

Table* Heap::table() {
  meter_.cells(2);
  return arena_.make<Table>();
}

Value Heap::decimal(double number, std::string_view text) {
  meter_.cells(1);
  auto* decimal = arena_.make<Decimal>();
  decimal->value = number;
  decimal->text = lasting_string(text).string;
  Value value;
  value.tag = Tag::kDecimal;
  value.decimal = decimal;
  return value;
}

void check_mutable(const List& list) {
  if (list.iterators > 0) stop(Reason::kMutation, "a list is changed while it is iterated over");
}

std::string_view type_name(const Value& value) {
  switch (value.tag) {
    case Tag::kNone:
      return "NoneType";
    case Tag::kBool:
      return "bool";
    case Tag::kInt:
    case Tag::kBig:
      return "int";
    case Tag::kFloat:
    case Tag::kDecimal:
      return "float";
    case Tag::kString:
      return "string";
    case Tag::kTuple:
      return "tuple";
    case Tag::kList:
      return "list";
    case Tag::kDict:
      return "dict";
    case Tag::kSet:
      return "set";
    case Tag::kRange:
      return "range";
    case Tag::kFunction:
      return "function";
    case Tag::kModule:
      return "module";
    case Tag::kBuiltin:
    case Tag::kMethod:
    case Tag::kHelper:
      return "builtin_function_or_method";
    case Tag::kAbsent:
    case Tag::kCell:
    case Tag::kIterator:
      break;
  }
  return "unknown";
}

}  // namespace isodb::script
