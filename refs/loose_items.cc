#include "refs/loose_items.h"

#include "core/varint.h"

namespace isodb::refs {
namespace {

constexpr std::size_t kItemBytes = Id::kSize + sizeof(std::uint32_t);

}  // namespace

std::string items_problem(const std::vector<LooseRow::Item>& items, std::uint64_t records_bytes) {
  if (items.empty()) return records_bytes == 0 ? "" : "records that no item names";
  if (items.front().offset != 0) return "the first record is not at offset 0";
  for (std::size_t i = 1; i < items.size(); ++i) {
    if (items[i].offset <= items[i - 1].offset) return "offsets of records do not rise";
  }
  if (items.back().offset >= records_bytes) return "an offset past the end of the records";
  return {};
}

Bytes encode_items(const std::vector<LooseRow::Item>& items) {
  Bytes data;
  data.reserve(items.size() * kItemBytes);
  for (const LooseRow::Item& item : items) {
    data += item.id.bytes();
    core::put_u32(data, item.offset);
  }
  return data;
}

std::vector<LooseRow::Item> decode_items(ByteView data, std::uint64_t records_bytes,
                                         std::string& problem) {
  if (data.size() % kItemBytes != 0) {
    problem = "an item list of a length that is no multiple of 36";
    return {};
  }
  std::vector<LooseRow::Item> items;
  items.reserve(data.size() / kItemBytes);
  for (std::size_t at = 0; at < data.size(); at += kItemBytes) {
    items.push_back(
        {Id::from_bytes(data.substr(at, Id::kSize)), core::load_u32(data.data() + at + Id::kSize)});
  }
  problem = items_problem(items, records_bytes);
  if (!problem.empty()) items.clear();
  return items;
}

}  // namespace isodb::refs
