#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/file.h"
#include "objects/pack.h"
#include "objects/source.h"
#include "refs/database.h"

namespace isodb::refs {

class Marker;
struct CollectOptions;
struct CollectResult;

/// What LocalStore::check_all() found to be damaged: a file, or one object in it.
struct Damaged {
  std::string file;  ///< "packs/<name>", "repo.db"
  std::optional<Id> object;
  std::string problem;
};

/// The objects of one repository folder: loose rows in the database and registered packs. Reads
/// only; writes go through a LooseBatch or a PackWriter and become visible when the database holds
/// them. A look-up that misses looks whether the database changed, and if so reloads the inventory,
/// before it says "missing". Thread-safe; no look-up waits for a write. Error(kCorrupt) for a
/// damaged object or a missing pack. Borrows the database and the file system.
class LocalStore : public objects::ObjectSource {
 public:
  LocalStore(Database& database, core::FileSystem& files, std::filesystem::path packs_folder);
  ~LocalStore() override;

  std::optional<objects::Object> get(const Id& id) const override;
  bool contains(const Id& id) const override;
  /// Many objects at the same indexes, cheaper than one by one where they lie in packs. nullopt:
  /// get() finds it, or says what is wrong.
  std::vector<std::optional<objects::Object>> get_many(std::span<const Id> ids) const;
  /// The blob as it lies in a pack, where it is packed with the pack's dictionary; else nullopt.
  std::optional<objects::PackedBlob> packed_blob(const Id& id) const;
  /// What the object's record says of itself, without reading the payload; nullopt: not here.
  std::optional<objects::RecordSummary> summary(const Id& id) const;
  /// Delta depth of the record that holds `id`; 0 when unknown.
  unsigned depth(const Id& id) const override;
  /// contains(), as far as is known without asking the database.
  bool holds(const Id& id) const;
  /// What a PackWriter that adds to this store takes as `existing`: the objects that the store
  /// knows now, and no others. So a bulk load, which asks for a million objects that are new, does
  /// not ask the database a million times; and no delta can be based on something that came after
  /// (docs/storage.md, "Deltas never go round"). Borrows the store.
  std::unique_ptr<objects::ObjectSource> writer_view() const;
  std::optional<std::pair<ObjectType, std::uint64_t>> header(const Id& id) const;
  /// Bytes that the object's record takes on disk.
  std::optional<std::uint64_t> stored_bytes(const Id& id) const;
  /// At most `limit` ids that begin with these hexadecimal digits, sorted, each once.
  std::vector<Id> with_prefix(std::string_view hex_digits, std::size_t limit) const;
  void for_each(const std::function<void(const Id&)>& visit) const;
  /// Every record there is: an object that several rows or packs hold comes several times.
  using VisitRecord = std::function<void(const Id&, const objects::RecordSummary&)>;
  void for_each_record(const VisitRecord& visit) const;

  /// Takes over rows that this process just wrote, numbers set, so that reading them needs no look
  /// into the database. `transactions`: as Database::write() told it of the batch that wrote them,
  /// and no packs beside them.
  void adopt(std::vector<LooseRow> rows, std::uint64_t transactions);
  void refresh() const;

  struct Statistics {
    std::uint64_t loose_objects = 0, loose_rows = 0, loose_bytes = 0;
    std::uint64_t packs = 0, packed_objects = 0, pack_bytes = 0;
  };
  Statistics statistics() const;
  std::vector<objects::PackInfo> packs() const;
  /// What dictionaries take of Statistics::pack_bytes.
  std::uint64_t dictionary_bytes() const;
  std::uint64_t collection_generation() const;
  const std::filesystem::path& packs_folder() const;

  /// Moves the loose rows into a pack when there are more than the limits allow, and merges packs
  /// of one size tier when there are more than `packs_per_tier`. Safe beside other processes (one
  /// does it, the others skip).
  struct PackingLimits {
    std::uint64_t loose_objects = 8192, loose_bytes = 8 << 20;
    unsigned packs_per_tier = 8;
  };
  bool pack_when_due(const PackingLimits& limits);
  /// The same beside the caller, in a thread that the destructor waits for. Cheap when nothing is
  /// due or when it is under way. A failure (a full disk, a damaged object) loses nothing and is
  /// not told: it is tried again when as much as the limits allow was added. Where anything was
  /// packed, the thread does `afterwards`, too, which ends soon once background_is_stopping().
  void pack_in_background(const PackingLimits& limits,
                          const std::function<void()>& afterwards = {});
  bool background_is_busy() const;
  /// Waits for that thread, and starts none again.
  void stop_background();
  bool background_is_stopping() const;
  /// Drops what the marker does not keep and packs the rest anew, while others go on reading and
  /// writing (refs/collection.h). Error(kBusy) while another process packs, Error(kCorrupt) when
  /// something that is to be kept is missing or damaged; nothing is changed then.
  CollectResult collect(Marker& marker, const CollectOptions& options);
  /// Reads and re-hashes every object; calls `report` for each damaged one and each damaged file.
  /// Goes on after damage.
  void check_all(const std::function<void(const Damaged&)>& report,
                 const std::function<void(std::uint64_t done, std::uint64_t all)>& progress) const;

  // Mending (mending.cc). What is written stands before what is dropped, so that a crash at any
  // moment loses nothing.

  /// Those of these objects of which some copy is what its id says. Looks into every row and pack:
  /// for what get() finds damaged.
  void intact_copies(const std::unordered_set<Id>& ids,
                     const std::function<void(objects::Object)>& take) const;
  /// Makes these what is read under their ids from now on, durably: as loose objects that stand by
  /// themselves, in place of damaged ones in rows. Error(kBusy) while another process packs.
  void mend(const std::vector<objects::Object>& intact);
  struct Purge {
    /// Where damage was found, as check_all() names it; others are not looked at.
    std::set<std::string> files;
    /// All that anything leads to. Objects of others, damaged, are dropped.
    std::vector<Id> reachable;
    /// Every one of these can be read.
    bool is_whole = false;
    /// Database::transactions() before `reachable` was gathered.
    std::uint64_t transactions = 0;
  };
  /// Packs and rows with damage in them give way to what is intact in them, once nothing that can
  /// be reached would be lost: where every damaged object can be read from elsewhere, or nothing
  /// leads to it; of a pack whose index is damaged, or that is gone, where `is_whole` and nothing
  /// was written since. Returns the names of files that gave way. Error(kBusy) as mend().
  std::vector<std::string> purge(const Purge& purge);

 private:
  class WriterView;
  class Collection;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Collects the objects of one commit in memory, encoded as records, on top of a store. What was
/// put can be read. One thread at a time. Objects that the store holds are not added again: whoever
/// writes the batch names collection_generation() in the WriteBatch, so that none of them can have
/// been collected meanwhile.
class LooseBatch : public objects::ObjectStore {
 public:
  explicit LooseBatch(const LocalStore& below);
  Id put(ObjectType type, ByteView payload, const objects::PutHint& hint = {}) override;
  std::optional<objects::Object> get(const Id& id) const override;
  bool contains(const Id& id) const override;
  unsigned depth(const Id& id) const override;
  bool empty() const;
  std::size_t bytes() const;
  /// What was put so far.
  const LooseRow& row() const { return row_; }
  /// Adds what another batch on the same store holds. False, and nothing is added, where a delta
  /// here is based on something that only the other one brings: rows must not hold a base behind
  /// its delta (docs/storage.md, "Deltas never go round").
  bool absorb(const LooseBatch& other);
  /// Takes the row out; the batch is empty afterwards.
  LooseRow take();

  /// The generation in which the batch began to rely on what the store holds.
  std::uint64_t collection_generation() const { return generation_; }
  /// False when a collection has dropped something that the batch relies on: then its objects have
  /// to be put again, into a new batch. To be asked after LocalStore::refresh(), when the
  /// generation has risen.
  bool is_intact() const;

 private:
  struct Held {
    objects::Object object;
    unsigned depth = 0;
  };
  struct Base {
    const objects::Object* own = nullptr;  // put into this batch
    bool is_below = false;                 // in the store
    std::optional<objects::Object> read;   // from there
    unsigned depth = 0;
    const objects::Object* object() const { return own != nullptr || !read ? own : &*read; }
  };
  Base find_base(ObjectType type, std::size_t payload_bytes, const objects::PutHint& hint);

  const LocalStore& below_;
  std::uint64_t generation_;
  LooseRow row_;
  std::unordered_map<Id, Held> plain_;
  std::unordered_set<Id> bases_below_;  // named by records here, and not in this batch
  std::vector<Id> assumed_;             // in the store: put here again, or the base of what was put
};

}  // namespace isodb::refs
