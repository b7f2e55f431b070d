#include "repo/path_order.h"

#include <algorithm>

namespace isodb::repo {
namespace {

/// A path's place and the eight bytes behind what all paths begin with, as a number: most
/// comparisons need no more, and a bulk load spares a cache miss for each.
struct Item {
  std::uint64_t head;
  std::uint32_t place;
};

std::size_t common_prefix(std::span<const std::string_view> paths) {
  std::string_view common = paths.front();
  for (const std::string_view path : paths) {
    const auto end = std::mismatch(common.begin(), common.end(), path.begin(), path.end()).first;
    common = common.substr(0, static_cast<std::size_t>(end - common.begin()));
  }
  return common.size();
}

/// What is missing counts as zero bytes, which come first as the missing does.
std::uint64_t head_of(std::string_view path, std::size_t skipped) {
  std::uint64_t head = 0;
  for (std::size_t i = skipped; i < skipped + sizeof(head); ++i) {
    head = head << 8 | (i < path.size() ? static_cast<unsigned char>(path[i]) : 0u);
  }
  return head;
}

}  // namespace

std::vector<std::uint32_t> order_of_paths(std::span<const std::string_view> paths) {
  std::vector<std::uint32_t> order(paths.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  if (std::is_sorted(paths.begin(), paths.end())) return order;
  const std::size_t skipped = common_prefix(paths);
  std::vector<Item> items(paths.size());
  for (std::uint32_t i = 0; i < items.size(); ++i) items[i] = {head_of(paths[i], skipped), i};
  std::sort(items.begin(), items.end(), [&](const Item& a, const Item& b) {
    if (a.head != b.head) return a.head < b.head;
    const int difference = paths[a.place].compare(paths[b.place]);
    return difference != 0 ? difference < 0 : a.place < b.place;
  });
  for (std::size_t i = 0; i < items.size(); ++i) order[i] = items[i].place;
  return order;
}

}  // namespace isodb::repo
