#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "merge/script/failure.h"
#include "merge/script/value.h"

namespace isodb::script {

/// Memory that is freed all at once. One thread at a time.
class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  void* bytes(std::size_t count);
  template <typename T>
  T* make() {
    static_assert(std::is_trivially_destructible_v<T>);
    return new (bytes(sizeof(T))) T;
  }
  template <typename T>
  T* array(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    return static_cast<T*>(bytes(sizeof(T) * count));
  }
  /// Frees everything but the first block, which is used again.
  void reset();

 private:
  static constexpr std::size_t kBlockBytes = 128 * 1024;

  std::vector<std::unique_ptr<char[]>> blocks_;  // the first has kBlockBytes
  std::vector<std::unique_ptr<char[]>> large_;
  char* next_ = nullptr;
  std::size_t left_ = 0;
};

/// Counts what a run uses. Every rule of cost in the interpreter ends here, and depends on the
/// values alone: not on the machine, its allocator or the time.
class Meter {
 public:
  Meter(std::uint64_t steps_max, std::uint64_t cells_max)
      : steps_max_(steps_max),
        cells_max_(cells_max),
        steps_left_(steps_max),
        cells_left_(cells_max) {}

  void steps(std::uint64_t count) {
    if (count > steps_left_) out_of_steps();
    steps_left_ -= count;
  }
  /// For work over so many bytes, or items of as little work.
  void work(std::uint64_t count) { steps(count / 64); }
  void cells(std::uint64_t count) {
    if (count > cells_left_) out_of_cells();
    cells_left_ -= count;
  }
  std::uint64_t steps_used() const { return steps_max_ - steps_left_; }
  std::uint64_t cells_used() const { return cells_max_ - cells_left_; }

 private:
  [[noreturn]] void out_of_steps();
  [[noreturn]] void out_of_cells();

  std::uint64_t steps_max_, cells_max_;
  std::uint64_t steps_left_, cells_left_;
};

/// Cells of a text: one, and one for every 16 bytes begun.
inline std::uint64_t text_cells(std::uint64_t bytes) {
  return 1 + (bytes + 15) / 16;
}

/// Makes the values of a run. What it makes costs cells, which are never given back: memory counts
/// when it is taken. Throws Stop.
class Heap {
 public:
  Heap(Arena& arena, Meter& meter) : arena_(arena), meter_(meter) {}

  Meter& meter() { return meter_; }
  Arena& arena() { return arena_; }

  /// Copies `text`, which is UTF-8.
  Value string(std::string_view text);
  /// Does not copy: the text outlives the run.
  Value lasting_string(std::string_view text);
  /// A new string of so many bytes, to be filled and then given to filled_string().
  char* text(std::size_t bytes);
  Value filled_string(const char* data, std::size_t bytes);
  List* list(std::size_t capacity);
  Value list_of(const Value* items, std::size_t size);
  void append(List& list, const Value& item);
  void reserve(List& list, std::size_t capacity);
  Tuple* tuple(const Value* items, std::size_t size);
  /// Uninitialised, for a tuple under construction.
  Value* items(std::size_t count);
  Table* table();
  Value decimal(double number, std::string_view text);

  /// A T that costs so many cells: the same on every machine, whatever T takes there.
  template <typename T>
  T* make(std::uint64_t cells) {
    meter_.cells(cells);
    return arena_.make<T>();
  }

 private:
  Arena& arena_;
  Meter& meter_;
};

/// Code points in UTF-8.
std::size_t count_characters(std::string_view text);

/// Throws kMutation while a loop runs over the container.
void check_mutable(const List& list);

}  // namespace isodb::script
