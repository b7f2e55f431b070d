#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <exception>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include "refs/database_impl.h"
#include "refs/local_store.h"
#include "refs/local_store_impl.h"
#include "refs/pack_copy.h"

namespace isodb::refs {

namespace {

constexpr const char* kLockName = "lock";
/// A pack that is not registered after so long is left over from a crash.
constexpr auto kGarbageAge = std::chrono::hours(24);

/// Adds rows to what a batch removes, from `at` on: so many that a commit waits for little, for
/// each page of them is looked at. Returns where the rest begins.
std::size_t remove_some(WriteBatch& batch, const std::vector<RowPtr>& rows, std::size_t at) {
  constexpr std::uint64_t kBytesAtOnce = 1 << 20;
  constexpr std::size_t kRowsAtOnce = 512;
  std::uint64_t bytes = 0;
  while (at < rows.size() && bytes < kBytesAtOnce && batch.loose_removed.size() < kRowsAtOnce) {
    bytes += rows[at]->records_bytes;
    batch.loose_removed.push_back(rows[at++]->number);
  }
  return at;
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

}  // namespace

bool loose_is_due(const StoreState& now, const LocalStore::PackingLimits& limits) {
  return now.loose->objects() > limits.loose_objects || now.loose->bytes() > limits.loose_bytes;
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
  batch.transactions_expected = replacement.transactions;
  batch.collection = replacement.transactions.has_value();
  const std::vector<RowPtr>& rows = replacement.rows;
  std::size_t rows_removed = remove_some(batch, rows, 0);
  const bool done = !database.write(batch).lost;
  // What is in the pack by now may lie in rows as well for a while.
  while (done && rows_removed < rows.size()) {
    WriteBatch more;
    rows_removed = remove_some(more, rows, rows_removed);
    database.write(more);
  }
  refresh_now();
  std::vector<std::string> names = batch.packs_removed;
  if (replacement.made) names.push_back(replacement.made->name);
  remove_unregistered(names);
  return done;
}

void LocalStore::Impl::remove_unregistered(const std::vector<std::string>& names) {
  const std::set<std::string> registered = registered_packs();
  for (const std::string& name : names) {
    if (!registered.contains(name)) files.remove(packs_folder / name);
  }
}

std::optional<objects::PackInfo> LocalStore::Impl::pack_loose(const LocalStore& store,
                                                              const PackFiles& existing,
                                                              std::int64_t through) {
  const StatePtr now = current();
  std::vector<RowPtr> rows = rows_of(*now);
  std::erase_if(rows, [&](const RowPtr& row) { return row->number > through; });
  if (rows.empty()) return std::nullopt;
  const PackingSource source(store, existing);
  objects::PackWriter writer(files, packs_folder, &source, background_options());
  copy_rows(writer, rows, records_of(rows));
  std::optional<objects::PackInfo> made = writer.finish();
  replace({made, {}, rows, std::nullopt});
  return made;
}

void LocalStore::Impl::merge(const LocalStore& store, const PackFiles& packs) {
  PackFiles others;
  for (const auto& file : *current()->packs) {
    if (std::find(packs.begin(), packs.end(), file) == packs.end()) others.push_back(file);
  }
  const PackingSource source(store, std::move(others));
  objects::PackWriter writer(files, packs_folder, &source, background_options());
  keep_dictionary(writer, packs);
  const auto everything = [](const Id&) { return true; };
  for (const auto& file : packs) copy_pack(writer, *file, store, everything);
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
    impl_->pack_loose(*this, *impl_->current()->packs);
    done = true;
  }
  for (PackFiles tier; !(tier = full_tier(*impl_->current(), limits)).empty(); done = true) {
    impl_->merge(*this, tier);
  }
  return done;
}

void LocalStore::pack_in_background(const PackingLimits& limits,
                                    const std::function<void()>& afterwards) {
  const StatePtr now = impl_->current();
  if (impl_->background_runs || now->loose->objects() < impl_->retry_objects ||
      !is_due(*now, limits)) {
    return;
  }
  const std::lock_guard lock(impl_->background_mutex);
  if (impl_->background_runs) return;
  if (impl_->background.joinable()) impl_->background.join();
  if (impl_->is_stopping) return;
  const auto work = [this, limits, afterwards] {
    try {
      // What was written meanwhile is due again, and perhaps nobody writes any more.
      bool has_packed = false;
      while (pack_when_due(limits)) has_packed = true;
      impl_->retry_objects = 0;
      if (has_packed && afterwards && !impl_->is_stopping) afterwards();
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

void LocalStore::stop_background() {
  impl_->is_stopping = true;
  const std::lock_guard lock(impl_->background_mutex);
  if (impl_->background.joinable()) impl_->background.join();
}

bool LocalStore::background_is_stopping() const {
  return impl_->is_stopping;
}

bool LocalStore::background_is_busy() const {
  return impl_->background_runs;
}

}  // namespace isodb::refs
