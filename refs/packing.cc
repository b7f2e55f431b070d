#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <exception>
#include <map>
#include <set>
#include <system_error>
#include <unordered_map>
#include <utility>

#include "core/compress.h"
#include "refs/database_impl.h"
#include "refs/local_store.h"
#include "refs/local_store_impl.h"

namespace isodb::refs {

namespace {

/// The ids that a copy takes; all of them by default.
class WantedIds {
 public:
  WantedIds() = default;
  explicit WantedIds(std::vector<Id> ids) : ids_(std::move(ids)) {
    std::sort(ids_->begin(), ids_->end());
    ids_->erase(std::unique(ids_->begin(), ids_->end()), ids_->end());
  }
  bool has(const Id& id) const {
    return !ids_ || std::binary_search(ids_->begin(), ids_->end(), id);
  }
  std::uint64_t count() const { return ids_ ? ids_->size() : 0; }

 private:
  std::optional<std::vector<Id>> ids_;
};

constexpr const char* kLockName = "lock";
/// A pack that is not registered after so long is left over from a crash.
constexpr auto kGarbageAge = std::chrono::hours(24);

/// What the writer of a pack looks into: bases come from the store, but only what is in `packs`
/// need not be written again.
class PackingSource : public objects::ObjectSource {
 public:
  PackingSource(const LocalStore& store, PackFiles packs)
      : store_(store), packs_(std::move(packs)) {}
  std::optional<objects::Object> get(const Id& id) const override { return store_.get(id); }
  unsigned depth(const Id& id) const override { return store_.depth(id); }
  bool contains(const Id& id) const override {
    return std::any_of(packs_.begin(), packs_.end(), [&](const auto& file) {
      const objects::Pack* pack = file->open();
      return pack != nullptr && pack->find(id);
    });
  }

 private:
  const LocalStore& store_;
  const PackFiles packs_;
};

bool loose_is_due(const StoreState& now, const LocalStore::PackingLimits& limits) {
  return now.loose->objects() > limits.loose_objects || now.loose->bytes() > limits.loose_bytes;
}

/// Packs of one size tier, a factor of eight wide, that are too many; empty when no tier is full.
PackFiles full_tier(const StoreState& now, const LocalStore::PackingLimits& limits) {
  constexpr int kTierBits = 3;
  if (now.packs->size() <= limits.packs_per_tier) return {};
  std::map<int, PackFiles> tiers;
  for (const std::shared_ptr<PackFile>& file : *now.packs) {
    tiers[std::bit_width(file->info().bytes) / kTierBits].push_back(file);
  }
  for (auto& [tier, files] : tiers) {
    if (files.size() > limits.packs_per_tier) return files;
  }
  return {};
}

bool is_due(const StoreState& now, const LocalStore::PackingLimits& limits) {
  return loose_is_due(now, limits) || !full_tier(now, limits).empty();
}

const objects::Pack& opened(const PackFile& file) {
  if (const objects::Pack* pack = file.open()) return *pack;
  throw Error(*file.failure());
}

/// It has a thread of its own already, and the others have work to do.
objects::PackWriter::Options packing_options() {
  objects::PackWriter::Options options = private_options();
  options.threads = 1;
  options.level = 3;  // nobody waits
  return options;
}

/// Goes on with the dictionary of the largest of these packs, where others may see that: what is
/// packed anew can then go as it lies, as it could before.
void keep_dictionary(objects::PackWriter& writer, const PackFiles& packs) {
  const auto largest = std::ranges::max_element(
      packs, {}, [](const std::shared_ptr<PackFile>& file) { return file->info().bytes; });
  if (largest == packs.end()) return;
  const std::shared_ptr<const core::Dictionary> dictionary = opened(**largest).dictionary();
  if (dictionary != nullptr && !core::is_private(dictionary->content())) {
    writer.offer_dictionary(dictionary);
  }
}

/// Copies one object and makes sure that it is what its id says.
void copy(objects::PackWriter& writer, const Id& id, const objects::Object& object,
          const std::optional<Id>& base) {
  if (writer.put(object.type, object.payload, {.base = base, .compressed = false}) != id) {
    throw Error(ErrorCode::kCorrupt, "object " + id.hex() + ": its content is not what its id says",
                "run isodb fsck");
  }
}

void copy_pack(objects::PackWriter& writer, const PackFile& file, const LocalStore& store,
               const WantedIds& wanted) {
  const objects::Pack& pack = opened(file);
  PackEntries entries;
  entries.reserve(pack.object_count());
  pack.for_each([&](const Id& id, std::uint64_t offset) { entries.emplace_back(offset, id); });
  copy_records(writer, pack, entries, store, [&](const Id& id) { return wanted.has(id); });
}

/// One loose object on its way into a pack.
struct LooseObject {
  ObjectType type;
  std::size_t row;
  std::uint32_t item;
  std::optional<Id> base;
};

/// By type and in the order in which they were written, so that versions of one thing lie side by
/// side and each after its base.
std::vector<LooseObject> by_type(const std::vector<RowPtr>& rows,
                                 const std::vector<std::shared_ptr<const Bytes>>& records) {
  std::vector<LooseObject> result;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    for (std::uint32_t item = 0; item < rows[row]->items.size(); ++item) {
      const auto summary = objects::summarize_record(record_at(*rows[row], *records[row], item));
      result.push_back({summary.type, row, item, summary.base});
    }
  }
  std::stable_sort(result.begin(), result.end(),
                   [](const LooseObject& a, const LooseObject& b) { return a.type < b.type; });
  return result;
}

/// As copy_pack().
void copy_rows(objects::PackWriter& writer, const std::vector<RowPtr>& rows,
               const std::vector<std::shared_ptr<const Bytes>>& records, const WantedIds& wanted) {
  std::unordered_map<Id, std::size_t> row_of;  // what was copied, and from which row
  for (const LooseObject& object : by_type(rows, records)) {
    const Id& id = rows[object.row]->items[object.item].id;
    if (!wanted.has(id) || writer.contains(id)) continue;
    // Bases come from the writer: it has most of them at hand, and the rest from the store.
    const RowReader reader(*rows[object.row], *records[object.row], writer);
    std::optional<Id> base = object.base;
    if (base && reader.find(*base)) {
      const auto copied = row_of.find(*base);
      if (copied == row_of.end() || copied->second != object.row) base.reset();
    } else if (base && !wanted.has(*base)) {
      base.reset();
    }
    copy(writer, id, reader.read(object.item), base);
    row_of.emplace(id, object.row);
  }
}

/// Whether the packs are one, of exactly the wanted objects.
bool is_packed(const PackFiles& packs, const WantedIds& wanted) {
  if (packs.size() != 1) return false;
  const objects::Pack& pack = opened(*packs.front());
  if (pack.object_count() != wanted.count()) return false;
  bool all = true;
  pack.for_each([&](const Id& id, std::uint64_t) { all = all && wanted.has(id); });
  return all;
}

std::uint64_t bytes_of(const PackFiles& packs) {
  std::uint64_t bytes = 0;
  for (const auto& file : packs) bytes += file->info().bytes;
  return bytes;
}

}  // namespace

objects::PackWriter::Options private_options() {
  objects::PackWriter::Options options;
  options.is_private = true;
  return options;
}

void copy_records(objects::PackWriter& writer, const objects::Pack& pack,
                  const PackEntries& entries, const LocalStore& store,
                  const std::function<bool(const Id&)>& wanted) {
  PackEntries copied;  // by offset: near bases are named by it
  copied.reserve(entries.size());
  const auto near_base = [&](std::uint64_t offset) -> std::optional<Id> {
    const auto found = std::lower_bound(
        copied.begin(), copied.end(), offset,
        [](const auto& known, std::uint64_t searched) { return known.first < searched; });
    if (found == copied.end() || found->first != offset) return std::nullopt;
    return found->second;
  };
  for (const auto& [offset, id] : entries) {
    if (!wanted(id) || writer.contains(id)) continue;
    const objects::RecordSummary summary = pack.summary(offset);
    std::optional<Id> base = summary.base;
    if (base && !wanted(*base)) base.reset();
    if (summary.base_offset) base = near_base(*summary.base_offset);
    copy(writer, id, pack.read(offset, store), base);
    copied.emplace_back(offset, id);
  }
}

std::unique_ptr<core::File> LocalStore::Impl::lock() {
  std::unique_ptr<core::File> taken = try_lock();
  if (taken) return taken;
  throw Error(ErrorCode::kBusy, "another process is packing this repository",
              "try again when it is done");
}

std::unique_ptr<core::File> LocalStore::Impl::try_lock() {
  return core::try_lock_file(files, packs_folder / kLockName);
}

std::vector<RowPtr> LocalStore::Impl::rows_of(const StoreState& now) {
  const std::lock_guard lock(update_mutex);
  std::vector<RowPtr> rows;
  for (const auto& [number, row] : now.loose->rows()) {
    if (number <= now.loose_through) rows.push_back(row);
  }
  return rows;
}

std::vector<std::shared_ptr<const Bytes>> LocalStore::Impl::records_of(
    const std::vector<RowPtr>& rows) {
  std::vector<std::shared_ptr<const Bytes>> records;
  for (const RowPtr& row : rows) records.push_back(records_of(*row));
  return records;
}

bool LocalStore::Impl::replace(const Replacement& replacement) {
  WriteBatch batch;
  if (replacement.made) batch.packs_added.push_back(*replacement.made);
  for (const auto& file : replacement.packs) batch.packs_removed.push_back(file->info().name);
  for (const RowPtr& row : replacement.rows) batch.loose_removed.push_back(row->number);
  batch.transactions_expected = replacement.transactions;
  batch.collection = replacement.transactions.has_value();
  const bool done = !database.write(batch).lost;
  refresh_now();
  const std::set<std::string> registered = registered_packs();
  std::vector<std::string> names = batch.packs_removed;
  if (replacement.made) names.push_back(replacement.made->name);
  for (const std::string& name : names) {
    if (!registered.contains(name)) files.remove(packs_folder / name);
  }
  return done;
}

void LocalStore::Impl::pack_loose(const LocalStore& store) {
  const StatePtr now = current();
  const std::vector<RowPtr> rows = rows_of(*now);
  const PackingSource source(store, *now->packs);
  objects::PackWriter writer(files, packs_folder, &source, packing_options());
  copy_rows(writer, rows, records_of(rows), WantedIds());
  replace({writer.finish(), {}, rows, std::nullopt});
}

void LocalStore::Impl::merge(const LocalStore& store, const PackFiles& packs) {
  PackFiles others;
  for (const auto& file : *current()->packs) {
    if (std::find(packs.begin(), packs.end(), file) == packs.end()) others.push_back(file);
  }
  const PackingSource source(store, std::move(others));
  objects::PackWriter writer(files, packs_folder, &source, packing_options());
  keep_dictionary(writer, packs);
  for (const auto& file : packs) copy_pack(writer, *file, store, WantedIds());
  replace({writer.finish(), packs, {}, std::nullopt});
}

/// As the database has it: files are removed by it, so no older view will do.
std::set<std::string> LocalStore::Impl::registered_packs() {
  std::set<std::string> names;
  for (const objects::PackInfo& pack : database.inventory(INT64_MAX, 0).packs) {
    names.insert(pack.name);
  }
  return names;
}

void LocalStore::Impl::remove_garbage() {
  objects::remove_stale_temporaries(files, packs_folder);
  const std::set<std::string> registered = registered_packs();
  // The lock gets the time that the file system has now.
  std::error_code unknown;
  const std::filesystem::path lock = packs_folder / kLockName;
  if (::utimensat(AT_FDCWD, lock.c_str(), nullptr, 0) != 0) return;
  const auto now = std::filesystem::last_write_time(lock, unknown);
  if (unknown) return;
  for (const std::string& name : files.list(packs_folder)) {
    if (!is_pack_name(name) || registered.contains(name)) continue;
    // Its writer may be about to register it: only age tells, by the file system's own clock.
    const auto written = std::filesystem::last_write_time(packs_folder / name, unknown);
    if (!unknown && now - written > kGarbageAge) files.remove(packs_folder / name);
  }
}

bool LocalStore::pack_when_due(const PackingLimits& limits) {
  if (!is_due(*impl_->current(), limits)) return false;
  const std::unique_ptr<core::File> lock = impl_->try_lock();
  if (!lock) return false;
  impl_->refresh_now();  // it may have been done meanwhile
  impl_->remove_garbage();
  bool done = false;
  if (loose_is_due(*impl_->current(), limits)) {
    impl_->pack_loose(*this);
    done = true;
  }
  for (PackFiles tier; !(tier = full_tier(*impl_->current(), limits)).empty(); done = true) {
    impl_->merge(*this, tier);
  }
  return done;
}

void LocalStore::pack_in_background(const PackingLimits& limits) {
  const StatePtr now = impl_->current();
  if (impl_->background_runs || now->loose->objects() < impl_->retry_objects ||
      !is_due(*now, limits)) {
    return;
  }
  const std::lock_guard lock(impl_->background_mutex);
  if (impl_->background_runs) return;
  if (impl_->background.joinable()) impl_->background.join();
  const auto work = [this, limits] {
    try {
      // What was written meanwhile is due again, and perhaps nobody writes any more.
      while (pack_when_due(limits)) {
      }
      impl_->retry_objects = 0;
    } catch (const std::exception&) {
      impl_->retry_objects = impl_->current()->loose->objects() + limits.loose_objects;
    }
    impl_->background_runs = false;
  };
  impl_->background_runs = true;
  try {
    impl_->background = std::thread(work);
  } catch (const std::system_error&) {
    impl_->background_runs = false;  // no thread to be had: another time
  }
}

bool LocalStore::background_is_busy() const {
  return impl_->background_runs;
}

std::optional<std::uint64_t> LocalStore::repack(const std::vector<Id>& keep,
                                                std::uint64_t transactions) {
  const std::unique_ptr<core::File> lock = impl_->lock();
  const StatePtr now = impl_->refresh_now();
  impl_->remove_garbage();
  const std::vector<RowPtr> rows = impl_->rows_of(*now);
  const WantedIds wanted(keep);
  if (rows.empty() && is_packed(*now->packs, wanted)) return 0;
  const PackingSource source(*this, {});
  objects::PackWriter writer(impl_->files, impl_->packs_folder, &source, private_options());
  keep_dictionary(writer, *now->packs);
  for (const auto& file : *now->packs) copy_pack(writer, *file, *this, wanted);
  copy_rows(writer, rows, impl_->records_of(rows), wanted);
  if (writer.object_count() != wanted.count()) {
    for (const Id& id : keep) {
      if (!writer.contains(id)) {
        throw Error(ErrorCode::kCorrupt, "object " + id.hex() + " is missing", "run isodb fsck");
      }
    }
  }
  const std::optional<objects::PackInfo> made = writer.finish();
  const std::uint64_t before = bytes_of(*now->packs) + now->loose->bytes();
  if (!impl_->replace({made, *now->packs, rows, transactions})) return std::nullopt;
  const std::uint64_t after = made ? made->bytes : 0;
  return before > after ? before - after : 0;
}

}  // namespace isodb::refs
