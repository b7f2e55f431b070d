#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "isodb/bytes.h"
#include "isodb/id.h"
#include "refs/database.h"
#include "refs/shared_slot.h"

namespace isodb::refs {

/// A loose row in memory: its items, and its records while they are cached. Everything but the
/// records is immutable.
struct CachedRow : std::enable_shared_from_this<CachedRow> {
  explicit CachedRow(LooseSummary summary)
      : number(summary.number),
        items(std::move(summary.items)),
        records_bytes(summary.records_bytes) {}

  std::uint64_t record_bytes(std::uint32_t item) const {
    const std::uint64_t end = item + 1 < items.size() ? items[item + 1].offset : records_bytes;
    return end - items[item].offset;
  }

  const std::int64_t number;
  const std::vector<LooseRow::Item> items;
  const std::uint64_t records_bytes;
  SharedSlot<const Bytes> records;  // null: not cached
};
using RowPtr = std::shared_ptr<CachedRow>;

/// Finds loose objects by id: a hash table that grows only, so that readers take no lock while rows
/// are added. find(), objects() and bytes() in any number of threads; add() and rows() in one at a
/// time.
class LooseIndex {
 public:
  LooseIndex();

  struct Place {
    CachedRow* row = nullptr;  ///< lives as long as the index
    std::uint32_t item = 0;
  };
  /// Looks at rows up to the number `through` only.
  std::optional<Place> find(const Id& id, std::int64_t through) const;

  /// Nothing happens when the row is here already.
  void add(const RowPtr& row);
  bool has(std::int64_t number) const { return rows_.contains(number); }
  const std::map<std::int64_t, RowPtr>& rows() const { return rows_; }

  std::uint64_t objects() const { return objects_.load(std::memory_order_relaxed); }
  std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  /// `row` is stored last, with release order: who sees it sees `item` and `mark`.
  struct Slot {
    std::atomic<CachedRow*> row{nullptr};
    std::uint32_t item = 0;
    std::uint32_t mark = 0;  // further bits of the id: a foreign row is hardly ever looked into
  };
  struct Table {
    explicit Table(std::size_t capacity) : slots(capacity), mask(capacity - 1) {}
    std::vector<Slot> slots;
    std::size_t mask;
  };
  static void insert(Table& table, CachedRow& row, std::uint32_t item);
  void grow();

  std::atomic<Table*> table_;
  std::vector<std::unique_ptr<Table>> tables_;  // those outgrown may still be read
  std::map<std::int64_t, RowPtr> rows_;
  std::uint64_t used_ = 0;
  std::atomic<std::uint64_t> objects_ = 0, bytes_ = 0;
};

/// Keeps the records of rows in memory, the longest cached dropped first. Thread-safe.
class RecordCache {
 public:
  explicit RecordCache(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  void keep(const RowPtr& row, std::shared_ptr<const Bytes> records);

 private:
  std::mutex mutex_;
  const std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::deque<RowPtr> rows_;  // the longest cached first
};

}  // namespace isodb::refs
