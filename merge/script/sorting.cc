#include "merge/script/sorting.h"

#include <algorithm>
#include <utility>

#include "merge/script/compare.h"

namespace isodb::script {

namespace {

struct Keyed {
  Value key, value;
};

/// True when `b` has to come before `a`, which stands before it.
bool is_before(Heap& heap, const Keyed& b, const Keyed& a, SortOrder order) {
  heap.meter().steps(1);
  const std::strong_ordering ordering = compare_values(heap, b.key, a.key);
  return order == SortOrder::kAscending ? ordering < 0 : ordering > 0;
}

/// Merges the sorted runs [begin, middle) and [middle, end) of `from` into `to`.
void merge_runs(Heap& heap, const Keyed* from, Keyed* to, std::size_t begin, std::size_t middle,
                std::size_t end, SortOrder order) {
  std::size_t left = begin, right = middle;
  for (std::size_t out = begin; out < end; ++out) {
    const bool take_right =
        left == middle || (right < end && is_before(heap, from[right], from[left], order));
    to[out] = take_right ? from[right++] : from[left++];
  }
}

}  // namespace

void sort_list(Machine& machine, List& list, const Value& key, SortOrder order) {
  Heap& heap = machine.heap();
  const std::size_t size = list.size;
  machine.meter().cells(size * 4);
  machine.meter().work(size * 4);
  auto* from = heap.arena().array<Keyed>(size);
  auto* to = heap.arena().array<Keyed>(size);
  const bool keyed = !key.is_absent() && !key.is(Tag::kNone);
  for (std::size_t i = 0; i < size; ++i) {
    const Value item = list.items[i];
    from[i] = {keyed ? machine.call(key, &item, 1) : item, item};
  }
  for (std::size_t width = 1; width < size; width *= 2) {
    machine.meter().work(size);
    for (std::size_t begin = 0; begin < size; begin += 2 * width) {
      merge_runs(heap, from, to, begin, std::min(begin + width, size),
                 std::min(begin + 2 * width, size), order);
    }
    std::swap(from, to);
  }
  for (std::size_t i = 0; i < size; ++i) list.items[i] = from[i].value;
}

}  // namespace isodb::script
