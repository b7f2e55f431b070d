#pragma once

#include <string>
#include <string_view>

#include "merge/script/heap.h"
#include "merge/script/value.h"

namespace isodb::script {

class Helpers;

/// A text under construction in a run: bytes are charged when they are added.
class TextBuilder {
 public:
  explicit TextBuilder(Heap& heap) : heap_(heap) {}

  Heap& heap() { return heap_; }
  void add(std::string_view text);
  void add(char c) { add(std::string_view(&c, 1)); }
  /// str(): a string as it is, anything else as repr() writes it.
  void add_str(const Value& value);
  /// repr(): as the script would spell it, where it can.
  void add_repr(const Value& value, int depth = 0);
  std::string_view view() const { return text_; }
  /// The text as a value.
  Value finish();

 private:
  void add_quoted(std::string_view text);
  void add_sequence(const Value* items, std::size_t size, std::string_view marks, int depth);
  void add_table(const Value& value, int depth);
  void add_function(const Value& value);

  Heap& heap_;
  std::string text_;
};

}  // namespace isodb::script
