#include "refs/local_store.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "refs/local_store_impl.h"

namespace isodb::refs {
namespace {

constexpr std::size_t kRecordCacheBytes = 16 << 20;
/// Each commit bases its nodes on those of the commit before, which are deltas themselves.
constexpr std::size_t kRebuiltCacheBytes = 8 << 20;

bool larger_first(const std::shared_ptr<PackFile>& a, const std::shared_ptr<PackFile>& b) {
  if (a->info().bytes != b->info().bytes) return a->info().bytes > b->info().bytes;
  return a->info().name < b->info().name;
}

}  // namespace

std::optional<Error> PackFile::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

const objects::Pack* PackFile::open_slowly() const {
  const std::lock_guard lock(mutex_);
  if (pack_ || failure_) return pack_.get();
  try {
    pack_ = std::make_unique<objects::Pack>(files_, path_, info_.bytes);
    opened_.store(pack_.get(), std::memory_order_release);
  } catch (const Error& error) {
    failure_ = files_.exists(path_)
                   ? error
                   : Error(ErrorCode::kCorrupt, path_.string() + ": the pack is missing",
                           "restore it from a backup, or clone from a peer");
  }
  return pack_.get();
}

void check_length(const CachedRow& row, const Bytes& records) {
  if (records.size() == row.records_bytes) return;
  throw Error(ErrorCode::kCorrupt,
              "loose row " + std::to_string(row.number) + ": its records changed their length",
              "run isodb fsck");
}

objects::Object RowReader::read(std::uint32_t item) const {
  return objects::read_record(record_at(row_, records_, item), *this);
}

std::optional<objects::Object> RowReader::get(const Id& id) const {
  if (const auto item = find(id)) return read(*item);
  return others_.get(id);
}

std::optional<std::uint32_t> RowReader::find(const Id& id) const {
  for (std::uint32_t item = 0; item < row_.items.size(); ++item) {
    if (row_.items[item].id == id) return item;
  }
  return std::nullopt;
}

LocalStore::Impl::Impl(Database& local_database, core::FileSystem& file_system,
                       std::filesystem::path folder)
    : database(local_database),
      files(file_system),
      packs_folder(std::move(folder)),
      records(kRecordCacheBytes),
      rebuilt(kRebuiltCacheBytes) {
  auto empty = std::make_shared<StoreState>();
  empty->loose = std::make_shared<LooseIndex>();
  empty->packs = std::make_shared<PackFiles>();
  state.store(std::move(empty));
  refresh_now();
}

std::optional<ObjectPlace> LocalStore::Impl::locate(const StoreState& now, const Id& id,
                                                    std::optional<Error>& failure) {
  if (now.loose->objects() > 0) {
    if (const auto loose = now.loose->find(id, now.loose_through)) {
      return ObjectPlace{loose->row, loose->item, nullptr, 0};
    }
  }
  for (const std::shared_ptr<PackFile>& file : *now.packs) {
    const objects::Pack* pack = file->open();
    if (pack == nullptr) {
      failure = file->failure();
    } else if (const auto offset = pack->find(id)) {
      return ObjectPlace{nullptr, 0, pack, *offset};
    }
  }
  return std::nullopt;
}

std::shared_ptr<const Bytes> LocalStore::Impl::records_of(CachedRow& row) {
  if (std::shared_ptr<const Bytes> cached = row.records.load()) return cached;
  std::optional<Bytes> read = database.loose_records(row.number);
  if (!read) throw Vanished();
  check_length(row, *read);
  auto bytes = std::make_shared<const Bytes>(std::move(*read));
  records.keep(row.shared_from_this(), bytes);
  return bytes;
}

objects::Object LocalStore::Impl::read_loose(CachedRow& row, std::uint32_t item,
                                             const LocalStore& store) {
  const std::shared_ptr<const Bytes> bytes = records_of(row);
  const RowReader reader(row, *bytes, store);
  if (objects::record_depth(record_at(row, *bytes, item)) == 0) return reader.read(item);
  const auto number = static_cast<std::uint64_t>(row.number);
  const std::uint32_t offset = row.items[item].offset;
  if (const objects::ObjectPtr known = rebuilt.find(number, offset)) return *known;
  auto object = std::make_shared<const objects::Object>(reader.read(item));
  rebuilt.insert(number, offset, object);
  return *object;
}

bool LocalStore::Impl::refresh(const StatePtr& seen) {
  const std::lock_guard lock(update_mutex);
  if (database.transactions() != current()->transactions) refresh_locked();
  return current() != seen;
}

StatePtr LocalStore::Impl::refresh_now() {
  const std::lock_guard lock(update_mutex);
  refresh_locked();
  return current();
}

void LocalStore::Impl::refresh_locked() {
  const StatePtr now = current();
  const auto known_removals = now->transactions > 0 ? std::optional(now->removals) : std::nullopt;
  const Database::Inventory read = database.inventory(now->loose_through, known_removals);
  auto next = std::make_shared<StoreState>();
  next->loose = loose_after(*now, read);
  next->loose_through =
      read.loose_added.empty() ? now->loose_through : read.loose_added.back().number;
  next->packs = packs_after(*now, read.packs);
  next->generation = read.collection_generation;
  next->transactions = read.transactions;
  next->removals = read.removals;
  state.store(std::move(next));
}

std::shared_ptr<LooseIndex> LocalStore::Impl::loose_after(const StoreState& now,
                                                          const Database::Inventory& read) {
  std::shared_ptr<LooseIndex> loose = now.loose;
  if (read.loose_all) {
    const std::vector<std::int64_t>& present = *read.loose_all;
    loose = std::make_shared<LooseIndex>();
    for (const auto& [number, row] : now.loose->rows()) {
      if (std::binary_search(present.begin(), present.end(), number)) loose->add(row);
    }
  }
  for (const LooseSummary& row : read.loose_added) loose->add(std::make_shared<CachedRow>(row));
  return loose;
}

std::shared_ptr<const PackFiles> LocalStore::Impl::packs_after(
    const StoreState& now, const std::vector<objects::PackInfo>& packs) {
  auto next = std::make_shared<PackFiles>();
  for (const objects::PackInfo& info : packs) {
    const auto known = std::find_if(now.packs->begin(), now.packs->end(), [&](const auto& file) {
      return file->info().name == info.name && !file->failure();
    });
    next->push_back(known != now.packs->end()
                        ? *known
                        : std::make_shared<PackFile>(files, packs_folder / info.name, info));
  }
  std::sort(next->begin(), next->end(), larger_first);
  return next;
}

LocalStore::LocalStore(Database& database, core::FileSystem& files,
                       std::filesystem::path packs_folder)
    : impl_(std::make_unique<Impl>(database, files, std::move(packs_folder))) {}

LocalStore::~LocalStore() {
  stop_background();
}

std::optional<objects::Object> LocalStore::get(const Id& id) const {
  return impl_->look_up(id, [&](const ObjectPlace& place) {
    if (place.pack != nullptr) return place.pack->read(place.offset, *this);
    return impl_->read_loose(*place.row, place.item, *this);
  });
}

std::vector<std::optional<objects::Object>> LocalStore::get_many(std::span<const Id> ids) const {
  std::vector<std::optional<objects::Object>> objects(ids.size());
  const StatePtr now = impl_->current();
  // So few that their records are still in the processor's cache when it is their turn.
  constexpr std::size_t kAtOnce = 32;
  std::array<const objects::Pack*, kAtOnce> packs;
  std::array<std::optional<std::uint64_t>, kAtOnce> offsets;
  for (std::size_t begin = 0; begin < ids.size(); begin += kAtOnce) {
    const std::span<const Id> some = ids.subspan(begin, std::min(kAtOnce, ids.size() - begin));
    packs.fill(nullptr);
    offsets.fill(std::nullopt);
    try {
      for (const std::shared_ptr<PackFile>& file : *now->packs) {
        const objects::Pack* pack = file->open();
        if (pack == nullptr) continue;
        pack->find_many(some, std::span(offsets).first(some.size()));
        for (std::size_t i = 0; i < some.size(); ++i) {
          if (offsets[i] && packs[i] == nullptr) packs[i] = pack;
        }
      }
      for (std::size_t i = 0; i < some.size(); ++i) {
        if (packs[i] != nullptr) objects[begin + i] = packs[i]->read(*offsets[i], *this);
      }
    } catch (const Error&) {
      // Left to get(), which looks into other places and names what is damaged.
    }
  }
  return objects;
}

bool LocalStore::contains(const Id& id) const {
  return impl_->look_up(id, [](const ObjectPlace&) { return true; }).has_value();
}

std::optional<objects::PackedBlob> LocalStore::packed_blob(const Id& id) const {
  auto found = impl_->look_up(id, [&](const ObjectPlace& place) {
    return place.pack != nullptr ? place.pack->packed_blob(place.offset) : std::nullopt;
  });
  return found ? std::move(*found) : std::nullopt;
}

std::optional<objects::RecordSummary> LocalStore::summary(const Id& id) const {
  return impl_->look_up(id, [&](const ObjectPlace& place) {
    if (place.pack != nullptr) return place.pack->summary(place.offset);
    const std::shared_ptr<const Bytes> records = impl_->records_of(*place.row);
    return objects::summarize_record(record_at(*place.row, *records, place.item));
  });
}

unsigned LocalStore::depth(const Id& id) const {
  const auto found = summary(id);
  return found ? found->depth : 0;
}

std::optional<std::pair<ObjectType, std::uint64_t>> LocalStore::header(const Id& id) const {
  const auto found = summary(id);
  if (!found) return std::nullopt;
  return std::pair(found->type, found->plain_bytes);
}

std::optional<std::uint64_t> LocalStore::stored_bytes(const Id& id) const {
  const auto found = summary(id);
  if (!found) return std::nullopt;
  return found->record_bytes;
}

bool LocalStore::holds(const Id& id) const {
  for (int attempt = 0;; ++attempt) {
    const StatePtr now = impl_->current();
    std::optional<Error> failure;
    if (Impl::locate(*now, id, failure)) return true;
    // A pack that is gone was merged into another: only that one can tell.
    if (!failure || attempt > 0) return false;
    impl_->refresh_now();
  }
}

/// The store as it was when the view was made. Its packs stay open.
class LocalStore::WriterView : public objects::ObjectSource {
 public:
  WriterView(const LocalStore& store, StatePtr state) : store_(store), state_(std::move(state)) {
    for (const auto& file : *state_->packs) file->open();
  }
  bool contains(const Id& id) const override {
    std::optional<Error> ignored;
    return Impl::locate(*state_, id, ignored).has_value();
  }
  std::optional<objects::Object> get(const Id& id) const override {
    return contains(id) ? store_.get(id) : std::nullopt;
  }
  unsigned depth(const Id& id) const override { return store_.depth(id); }

 private:
  const LocalStore& store_;
  const StatePtr state_;
};

std::unique_ptr<objects::ObjectSource> LocalStore::writer_view() const {
  return std::make_unique<WriterView>(*this, impl_->current());
}

std::vector<Id> LocalStore::with_prefix(std::string_view hex_digits, std::size_t limit) const {
  refresh();
  const StatePtr now = impl_->current();
  std::set<Id> found;
  for (const RowPtr& row : impl_->rows_of(*now)) {
    for (const LooseRow::Item& item : row->items) {
      if (item.id.hex().starts_with(hex_digits)) found.insert(item.id);
    }
  }
  for (const std::shared_ptr<PackFile>& file : *now->packs) {
    const objects::Pack* pack = file->open();
    if (pack == nullptr) continue;
    for (const Id& id : pack->with_prefix(hex_digits, limit)) found.insert(id);
  }
  std::vector<Id> result(found.begin(), found.end());
  if (result.size() > limit) result.resize(limit);
  return result;
}

void LocalStore::adopt(std::vector<LooseRow> rows, std::uint64_t transactions) {
  if (rows.empty()) return refresh();
  const std::lock_guard lock(impl_->update_mutex);
  const StatePtr now = impl_->current();
  // Only what is complete up to a transaction may be relied on: when anything but these rows was
  // written since, the inventory has to tell what.
  if (transactions == now->transactions + 1) {
    auto next = std::make_shared<StoreState>(*now);
    for (LooseRow& row : rows) {
      const auto cached = std::make_shared<CachedRow>(
          LooseSummary{row.number, std::move(row.items), row.records.size()});
      now->loose->add(cached);
      next->loose_through = std::max(next->loose_through, row.number);
    }
    next->transactions = transactions;
    impl_->state.store(std::move(next));
  } else if (transactions > now->transactions) {
    impl_->refresh_locked();
  }
  const auto& known = impl_->current()->loose->rows();
  for (LooseRow& row : rows) {
    const auto found = known.find(row.number);
    if (found == known.end()) continue;
    impl_->records.keep(found->second, std::make_shared<const Bytes>(std::move(row.records)));
  }
}

void LocalStore::refresh() const {
  impl_->refresh(impl_->current());
}

std::uint64_t LocalStore::collection_generation() const {
  return impl_->current()->generation;
}

const std::filesystem::path& LocalStore::packs_folder() const {
  return impl_->packs_folder;
}

}  // namespace isodb::refs
