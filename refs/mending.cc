// How intact copies take the place of damaged ones.
#include <algorithm>
#include <unordered_set>
#include <utility>

#include "core/hash.h"
#include "refs/local_store.h"
#include "refs/local_store_impl.h"
#include "refs/pack_copy.h"

namespace isodb::refs {
namespace {

constexpr std::size_t kRowBytes = 4 << 20;

/// What `read` gives, where it is what the id says.
template <typename Read>
std::optional<objects::Object> intact(const Id& id, Read read) {
  try {
    objects::Object object = read();
    if (core::object_id(object.type, object.payload) == id) return object;
  } catch (const Error&) {  // damaged: as good as none
  }
  return std::nullopt;
}

/// nullopt also where SQLite's pages are damaged: then the file has to be made anew.
std::optional<Bytes> readable_records(Database& database, const CachedRow& row) {
  try {
    std::optional<Bytes> records = database.loose_records(row.number);
    if (records && records->size() == row.records_bytes) return records;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kCorrupt) throw;
  }
  return std::nullopt;
}

/// For objects of packs that must be written again even where other packs have copies: of those
/// nobody knows here whether they are intact.
class BaseSource : public objects::ObjectSource {
 public:
  explicit BaseSource(const LocalStore& store) : store_(store) {}
  std::optional<objects::Object> get(const Id& id) const override { return store_.get(id); }
  unsigned depth(const Id& id) const override { return store_.depth(id); }
  bool contains(const Id&) const override { return false; }

 private:
  const LocalStore& store_;
};

/// What is known of a pack that may be damaged.
struct PackDamage {
  bool is_damaged = false;
  bool is_listed = false;  ///< its index could be read
  PackEntries intact;
  std::vector<Id> damaged;
};

PackDamage look_at(const objects::Pack& pack, const PackEntries& entries, const LocalStore& store) {
  PackDamage found;
  for (const auto& [offset, id] : entries) {
    const bool is_intact =
        intact(id, [&, at = offset] { return pack.read(at, store); }).has_value();
    if (is_intact) {
      found.intact.emplace_back(offset, id);
    } else {
      found.damaged.push_back(id);
    }
  }
  found.is_damaged = !found.damaged.empty();
  return found;
}

/// Where each of these lies, as far as the index can be read: by offset.
PackEntries entries_of(const objects::Pack& pack, const std::vector<Id>& ids) {
  PackEntries entries;
  for (const Id& id : ids) {
    try {
      if (const auto offset = pack.find(id)) entries.emplace_back(*offset, id);
    } catch (const Error&) {  // its part of the index is damaged
    }
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

/// With those that their records are deltas to: whoever leads to these or not, they are needed.
std::vector<Id> with_bases(const LocalStore& store, std::vector<Id> ids) {
  std::unordered_set<Id> known(ids.begin(), ids.end());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    try {
      const auto summary = store.summary(ids[i]);
      if (summary && summary->base && known.insert(*summary->base).second) {
        ids.push_back(*summary->base);
      }
    } catch (const Error&) {  // nothing is known of it
    }
  }
  return ids;
}

/// `reachable`: what to look for where the index cannot be listed.
PackDamage look_at(const objects::Pack& pack, const LocalStore& store,
                   const std::vector<Id>& reachable) {
  PackEntries entries;
  bool is_listed = true, is_sound = true;
  try {
    pack.for_each([&](const Id& id, std::uint64_t offset) { entries.emplace_back(offset, id); });
  } catch (const Error&) {
    is_listed = false;
    entries = entries_of(pack, with_bases(store, reachable));
  }
  try {
    pack.check_file();
  } catch (const Error&) {
    is_sound = false;
  }
  PackDamage found = look_at(pack, entries, store);
  found.is_listed = is_listed;
  found.is_damaged = found.is_damaged || !is_listed || !is_sound;
  return found;
}

bool can_be_read(const LocalStore& store, const Id& id) {
  return intact(id, [&] { return objects::Object(store.get(id).value_or(objects::Object())); })
      .has_value();
}

}  // namespace

void LocalStore::intact_copies(const std::unordered_set<Id>& ids,
                               const std::function<void(objects::Object)>& take) const {
  const StatePtr now = impl_->current();
  std::unordered_set<Id> left = ids;
  const auto try_copy = [&](const Id& id, const auto& read) {
    std::optional<objects::Object> object = intact(id, read);
    if (!object) return;
    left.erase(Id(id));
    take(*std::move(object));
  };
  for (const RowPtr& row : impl_->rows_of(*now)) {
    for (std::uint32_t item = 0; item < row->items.size(); ++item) {
      const Id& id = row->items[item].id;
      if (!left.contains(id)) continue;
      try_copy(id, [&] {
        const std::shared_ptr<const Bytes> records = impl_->records_of(*row);
        return RowReader(*row, *records, *this).read(item);
      });
    }
  }
  for (const std::shared_ptr<PackFile>& file : *now->packs) {
    const objects::Pack* pack = file->open();
    if (pack == nullptr) continue;
    const std::vector<Id> searched(left.begin(), left.end());
    for (const auto& [offset, id] : entries_of(*pack, searched)) {
      try_copy(id, [&, at = offset] { return pack->read(at, *this); });
    }
  }
}

void LocalStore::mend(const std::vector<objects::Object>& intact_objects) {
  if (intact_objects.empty()) return;
  const std::unique_ptr<core::File> lock = impl_->lock();
  WriteBatch batch;
  std::unordered_set<Id> mended;
  for (const objects::Object& object : intact_objects) {
    const Id id = core::object_id(object.type, object.payload);
    if (!mended.insert(id).second) continue;
    if (batch.loose.empty() || batch.loose.back().records.size() > kRowBytes) {
      batch.loose.emplace_back();
    }
    append_whole(batch.loose.back(), id, object);
  }
  // A row is found before a pack, but the older row before the newer.
  for (const RowPtr& row : impl_->rows_of(*impl_->refresh_now())) {
    const bool has_some = std::ranges::any_of(
        row->items, [&](const LooseRow::Item& item) { return mended.contains(item.id); });
    const std::optional<Bytes> records =
        has_some ? readable_records(impl_->database, *row) : std::nullopt;
    if (!records) continue;
    LooseRow rest;
    for (std::uint32_t item = 0; item < row->items.size(); ++item) {
      const Id& id = row->items[item].id;
      if (mended.contains(id)) continue;
      const auto object = intact(id, [&] { return RowReader(*row, *records, *this).read(item); });
      if (object) {
        append_whole(rest, id, *object);
      } else {  // perhaps another time
        rest.items.push_back({id, static_cast<std::uint32_t>(rest.records.size())});
        rest.records += record_at(*row, *records, item);
      }
    }
    if (!rest.items.empty()) batch.loose.push_back(std::move(rest));
    batch.loose_removed.push_back(row->number);
  }
  impl_->database.write(batch);
  impl_->refresh_now();
}

/// True when it gave way.
bool LocalStore::Impl::purge_row(const LocalStore& store, const RowPtr& row, const Purge& purge) {
  const std::optional<Bytes> records = readable_records(database, *row);
  if (!records) return false;
  LooseRow rest;
  bool is_damaged = false;
  for (std::uint32_t item = 0; item < row->items.size(); ++item) {
    const Id& id = row->items[item].id;
    const auto object = intact(id, [&] { return RowReader(*row, *records, store).read(item); });
    if (object) {
      append_whole(rest, id, *object);
    } else if (purge.is_whole) {
      is_damaged = true;  // what leads to it finds another copy, or nothing does
    } else {
      return false;
    }
  }
  if (!is_damaged) return false;
  WriteBatch batch;
  if (!rest.items.empty()) batch.loose.push_back(std::move(rest));
  batch.loose_removed.push_back(row->number);
  database.write(batch);
  refresh_now();
  return true;
}

/// True when it gave way.
bool LocalStore::Impl::purge_pack(const LocalStore& store, const std::shared_ptr<PackFile>& file,
                                  const Purge& purge) {
  const objects::Pack* pack = file->open();
  PackDamage found{.is_damaged = true, .is_listed = false, .intact = {}, .damaged = {}};
  if (pack != nullptr) found = look_at(*pack, store, purge.reachable);
  if (!found.is_damaged) return false;
  const bool may_go =
      purge.is_whole || (found.is_listed && std::ranges::all_of(found.damaged, [&](const Id& id) {
                           return can_be_read(store, id);
                         }));
  if (!may_go) return false;
  const std::unordered_set<Id> damaged(found.damaged.begin(), found.damaged.end());
  const BaseSource source(store);
  objects::PackWriter writer(files, packs_folder, &source, private_options());
  if (pack != nullptr) {
    copy_records(writer, *pack, found.intact, store,
                 [&](const Id& id) { return !damaged.contains(id); });
  }
  // Where it cannot be listed, something may have come to rely on what was not looked for.
  const auto guard = found.is_listed ? std::nullopt : std::optional(purge.transactions);
  return replace({writer.finish(), {file}, {}, guard});
}

std::vector<std::string> LocalStore::purge(const Purge& purge) {
  const std::unique_ptr<core::File> lock = impl_->lock();
  std::vector<std::string> gone;
  Purge at_hand = purge;
  const StatePtr now = impl_->refresh_now();
  const PackFiles packs = *now->packs;
  for (const std::shared_ptr<PackFile>& file : packs) {
    const std::string name = packs_folder().filename().string() + "/" + file->info().name;
    const std::uint64_t before = impl_->database.transactions();
    if (!purge.files.contains(name) || !impl_->purge_pack(*this, file, at_hand)) continue;
    gone.push_back(name);
    // This call's own writing.
    if (before == at_hand.transactions) at_hand.transactions = impl_->database.transactions();
  }
  if (!purge.files.contains("repo.db")) return gone;
  bool rows_gave_way = false;
  for (const RowPtr& row : impl_->rows_of(*impl_->refresh_now())) {
    if (impl_->purge_row(*this, row, at_hand)) rows_gave_way = true;
  }
  if (rows_gave_way) gone.emplace_back("repo.db");
  return gone;
}

}  // namespace isodb::refs
