#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "isodb/error.h"
#include "objects/plain_cache.h"
#include "refs/local_store.h"
#include "refs/loose_index.h"

namespace isodb::refs {

/// A registered pack, opened when it is first looked into and then kept: who has it mapped reads on
/// when another process has removed the file. Thread-safe.
class PackFile {
 public:
  PackFile(core::FileSystem& files, std::filesystem::path path, objects::PackInfo info)
      : files_(files), path_(std::move(path)), info_(std::move(info)) {}

  const objects::PackInfo& info() const { return info_; }
  /// nullptr when it cannot be opened; failure() then says why.
  const objects::Pack* open() const {
    const objects::Pack* pack = opened_.load(std::memory_order_acquire);
    return pack != nullptr ? pack : open_slowly();
  }
  std::optional<Error> failure() const;

 private:
  const objects::Pack* open_slowly() const;

  core::FileSystem& files_;
  const std::filesystem::path path_;
  const objects::PackInfo info_;
  mutable std::mutex mutex_;
  mutable std::unique_ptr<objects::Pack> pack_;
  mutable std::optional<Error> failure_;
  mutable std::atomic<const objects::Pack*> opened_{nullptr};
};

using PackFiles = std::vector<std::shared_ptr<PackFile>>;

/// The objects that the database held after one of its transactions, neither more nor less: writers
/// rely on it (docs/storage.md, "Deltas never go round"). Immutable: rows that are added to the
/// index have higher numbers.
struct StoreState {
  std::shared_ptr<LooseIndex> loose;
  std::int64_t loose_through = 0;          // rows with higher numbers are not part of it
  std::shared_ptr<const PackFiles> packs;  // the largest first: most objects are in it
  std::uint64_t generation = 0;
  std::uint64_t transactions = 0;
  std::uint64_t removals = 0;
};
using StatePtr = std::shared_ptr<const StoreState>;

/// Where one object lies. Valid while the state it came from is held.
struct ObjectPlace {
  CachedRow* row = nullptr;  // or:
  std::uint32_t item = 0;
  const objects::Pack* pack = nullptr;
  std::uint64_t offset = 0;
};

inline ByteView record_at(const CachedRow& row, const Bytes& records, std::uint32_t item) {
  return ByteView(records).substr(row.items[item].offset,
                                  static_cast<std::size_t>(row.record_bytes(item)));
}

/// Error(kCorrupt) unless the records are as long as the inventory said.
void check_length(const CachedRow& row, const Bytes& records);

/// Reads a loose object. Bases come from the same row where it holds them, as it was written: what
/// other rows and packs hold under their ids may be deltas the other way round.
class RowReader : public objects::ObjectSource {
 public:
  RowReader(const CachedRow& row, const Bytes& records, const objects::ObjectSource& others)
      : row_(row), records_(records), others_(others) {}
  objects::Object read(std::uint32_t item) const;
  std::optional<objects::Object> get(const Id& id) const override;
  bool contains(const Id& id) const override { return find(id) || others_.contains(id); }
  /// The object's place in the row.
  std::optional<std::uint32_t> find(const Id& id) const;

 private:
  const CachedRow& row_;
  const Bytes& records_;
  const objects::ObjectSource& others_;
};

/// Where records of a pack begin, and the objects they are, by offset.
using PackEntries = std::vector<std::pair<std::uint64_t, Id>>;
bool loose_is_due(const StoreState& now, const LocalStore::PackingLimits& limits);

struct LocalStore::Impl {
  Impl(Database& local_database, core::FileSystem& file_system, std::filesystem::path folder);

  /// Another process has removed a row meanwhile: look again.
  struct Vanished {};

  /// `failure` is set when a pack could not be looked into.
  static std::optional<ObjectPlace> locate(const StoreState& state, const Id& id,
                                           std::optional<Error>& failure);
  /// Calls use(place) where the object lies; refreshes and looks again before it says that
  /// it is nowhere. nullopt when it is.
  template <typename Use>
  auto look_up(const Id& id, Use use)
      -> std::optional<decltype(use(std::declval<const ObjectPlace&>()))>;
  /// The records of a row, from the cache or the database. Throws Vanished.
  std::shared_ptr<const Bytes> records_of(CachedRow& row);
  objects::Object read_loose(CachedRow& row, std::uint32_t item, const LocalStore& store);
  std::vector<std::shared_ptr<const Bytes>> records_of(const std::vector<RowPtr>& rows);

  /// Reads the inventory if anything was written since `seen` was read. False when nothing was.
  bool refresh(const StatePtr& seen);
  /// Makes the state one that the database had after this call began.
  StatePtr refresh_now();
  void refresh_locked();
  std::shared_ptr<LooseIndex> loose_after(const StoreState& now, const Database::Inventory& read);
  std::shared_ptr<const PackFiles> packs_after(const StoreState& now,
                                               const std::vector<objects::PackInfo>& packs);
  StatePtr current() const { return state.load(); }

  // Packing (packing.cc). At most one process does any of it at a time: the one with the lock.

  /// nullptr when another has it.
  std::unique_ptr<core::File> try_lock();
  struct Replacement {
    std::optional<objects::PackInfo> made;
    PackFiles packs;
    std::vector<RowPtr> rows;
    /// Something is dropped: refused when they moved on, and the generation rises.
    std::optional<std::uint64_t> transactions;
  };
  /// Registers `made` in place of packs and rows, and removes the files that are left over. False
  /// when it was refused.
  bool replace(const Replacement& replacement);
  void remove_unregistered(const std::vector<std::string>& names);
  std::vector<RowPtr> rows_of(const StoreState& now);
  /// Rows up to this number; what is in these packs is not written again.
  std::optional<objects::PackInfo> pack_loose(const LocalStore& store, const PackFiles& existing,
                                              std::int64_t through = INT64_MAX);
  void merge(const LocalStore& store, const PackFiles& packs);
  /// try_lock(), or Error(kBusy).
  std::unique_ptr<core::File> lock();
  std::set<std::string> registered_packs();
  void remove_garbage();

  // Mending (mending.cc), with the same lock.

  bool purge_row(const LocalStore& store, const RowPtr& row, const Purge& purge);
  bool purge_pack(const LocalStore& store, const std::shared_ptr<PackFile>& file,
                  const Purge& purge);

  Database& database;
  core::FileSystem& files;
  const std::filesystem::path packs_folder;
  SharedSlot<const StoreState> state;
  std::mutex update_mutex;  // for replacing the state and adding rows
  RecordCache records;
  objects::PlainCache rebuilt;  // loose objects that were deltas, by row number and offset

  std::mutex background_mutex;  // of what follows
  std::thread background;
  std::atomic<bool> background_runs = false;
  std::atomic<bool> is_stopping = false;
  std::atomic<std::uint64_t> retry_objects = 0;  // packing failed: not below so many loose ones
};

template <typename Use>
auto LocalStore::Impl::look_up(const Id& id, Use use)
    -> std::optional<decltype(use(std::declval<const ObjectPlace&>()))> {
  // Others may pack and merge while this one looks; more often than this in a row it is damage.
  constexpr int kAttemptsMax = 8;
  constexpr int kFailuresMax = 3;
  std::optional<Error> failure;
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    const StatePtr now = current();
    failure.reset();
    try {
      if (const auto place = locate(*now, id, failure)) return use(*place);
      if (!failure) {
        if (!refresh(now)) break;
        continue;
      }
      // Who removed a pack has written before: where nobody did, looking again finds nothing else.
      const bool is_damage = failure->code() == ErrorCode::kCorrupt && !refresh(now);
      if (is_damage || attempt + 1 >= kFailuresMax) break;
    } catch (const Vanished&) {
    }
    refresh_now();
  }
  if (failure) throw Error(*failure);
  return std::nullopt;
}

}  // namespace isodb::refs
