#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "core/file.h"
#include "objects/pack.h"
#include "objects/source.h"
#include "refs/database.h"

namespace isodb::refs {

/// The objects of one repository folder: loose rows in the database and registered packs. Reads
/// only; writes go through a LooseBatch or a PackWriter and become visible when the database holds
/// them. A look-up that misses reloads the inventory once before it says "missing". Thread-safe.
/// Borrows the database and the file system.
class LocalStore : public objects::ObjectSource {
 public:
  LocalStore(Database& database, core::FileSystem& files, std::filesystem::path packs_folder);
  ~LocalStore() override;

  std::optional<objects::Object> get(const Id& id) const override;
  bool contains(const Id& id) const override;
  std::optional<std::pair<ObjectType, std::uint64_t>> header(const Id& id) const;
  /// Bytes that the object's record takes on disk.
  std::optional<std::uint64_t> stored_bytes(const Id& id) const;
  /// Delta depth of the record that holds `id`; 0 when unknown.
  unsigned depth(const Id& id) const override;
  /// At most `limit` ids that begin with these hexadecimal digits, sorted, each once.
  std::vector<Id> with_prefix(std::string_view hex_digits, std::size_t limit) const;
  void for_each(const std::function<void(const Id&)>& visit) const;

  /// Takes over rows that this process just wrote, so that reading them needs no look into the
  /// database.
  void adopt(std::vector<LooseRow> rows);
  void refresh() const;

  struct Statistics {
    std::uint64_t loose_objects = 0, loose_rows = 0, loose_bytes = 0;
    std::uint64_t packs = 0, packed_objects = 0, pack_bytes = 0;
  };
  Statistics statistics() const;
  std::vector<objects::PackInfo> packs() const;
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
  /// One pack of exactly the objects that `keep` accepts, in the given order (all others are
  /// dropped), replaces every pack and loose row. Returns the bytes saved.
  std::uint64_t repack(const std::vector<Id>& keep);
  /// Reads and re-hashes every object; calls `report` for each damaged one. Goes on after damage.
  void check_all(const std::function<void(const Id&, const std::string& problem)>& report,
                 const std::function<void(std::uint64_t done, std::uint64_t all)>& progress) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Collects the objects of one commit in memory, encoded as records, on top of a store. What was
/// put can be read. One thread at a time. Objects that the store holds are not added again.
class LooseBatch : public objects::ObjectStore {
 public:
  explicit LooseBatch(const LocalStore& below);
  Id put(ObjectType type, ByteView payload, const objects::PutHint& hint = {}) override;
  std::optional<objects::Object> get(const Id& id) const override;
  bool contains(const Id& id) const override;
  bool empty() const;
  std::size_t bytes() const;
  /// What was put so far.
  const LooseRow& row() const { return row_; }
  /// Takes the row out; the batch is empty afterwards.
  LooseRow take();

 private:
  const LocalStore& below_;
  LooseRow row_;
  std::unordered_map<Id, objects::Object> plain_;
};

}  // namespace isodb::refs
