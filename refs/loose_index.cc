#include "refs/loose_index.h"

#include <utility>

namespace isodb::refs {
namespace {

constexpr std::size_t kCapacityMin = 1024;

/// Ids are uniformly distributed: any of their bits serve as a hash.
std::uint32_t mark_of(const Id& id) {
  std::uint32_t mark;
  std::memcpy(&mark, id.data() + Id::kSize - sizeof mark, sizeof mark);
  return mark;
}

}  // namespace

LooseIndex::LooseIndex() {
  tables_.push_back(std::make_unique<Table>(kCapacityMin));
  table_.store(tables_.back().get(), std::memory_order_release);
}

std::optional<LooseIndex::Place> LooseIndex::find(const Id& id, std::int64_t through) const {
  const Table& table = *table_.load(std::memory_order_acquire);
  const std::uint32_t mark = mark_of(id);
  for (std::size_t i = id.prefix64() & table.mask;; i = (i + 1) & table.mask) {
    const Slot& slot = table.slots[i];
    CachedRow* row = slot.row.load(std::memory_order_acquire);
    if (row == nullptr) return std::nullopt;
    if (slot.mark == mark && row->number <= through && row->items[slot.item].id == id) {
      return Place{row, slot.item};
    }
  }
}

void LooseIndex::add(const RowPtr& row) {
  if (!rows_.emplace(row->number, row).second) return;
  while ((used_ + row->items.size()) * 2 > tables_.back()->slots.size()) grow();
  for (std::uint32_t item = 0; item < row->items.size(); ++item) {
    insert(*tables_.back(), *row, item);
  }
  used_ += row->items.size();
  objects_.fetch_add(row->items.size(), std::memory_order_relaxed);
  bytes_.fetch_add(row->records_bytes, std::memory_order_relaxed);
}

void LooseIndex::insert(Table& table, CachedRow& row, std::uint32_t item) {
  const Id& id = row.items[item].id;
  std::size_t i = id.prefix64() & table.mask;
  while (table.slots[i].row.load(std::memory_order_relaxed) != nullptr) i = (i + 1) & table.mask;
  table.slots[i].item = item;
  table.slots[i].mark = mark_of(id);
  table.slots[i].row.store(&row, std::memory_order_release);
}

void LooseIndex::grow() {
  auto larger = std::make_unique<Table>(tables_.back()->slots.size() * 2);
  for (const Slot& slot : tables_.back()->slots) {
    if (CachedRow* row = slot.row.load(std::memory_order_relaxed)) insert(*larger, *row, slot.item);
  }
  tables_.push_back(std::move(larger));
  table_.store(tables_.back().get(), std::memory_order_release);
}

void RecordCache::keep(const RowPtr& row, std::shared_ptr<const Bytes> records) {
  const std::lock_guard lock(mutex_);
  if (row->records.load() != nullptr) return;
  row->records.store(std::move(records));
  rows_.push_back(row);
  bytes_ += row->records_bytes;
  // The newest stays even when it is larger than the limit: it is about to be read.
  while (bytes_ > bytes_max_ && rows_.size() > 1) {
    rows_.front()->records.store(nullptr);
    bytes_ -= rows_.front()->records_bytes;
    rows_.pop_front();
  }
}

}  // namespace isodb::refs
