#include <algorithm>

#include "core/compress.h"
#include "core/hash.h"
#include "refs/local_store.h"
#include "refs/local_store_impl.h"

namespace isodb::refs {
namespace {

/// Progress is told once in so many objects.
constexpr std::uint64_t kProgressStep = 1024;

constexpr const char* kDatabaseFile = "repo.db";

}  // namespace

void LocalStore::for_each(const std::function<void(const Id&)>& visit) const {
  refresh();
  const StatePtr now = impl_->current();
  for (const RowPtr& row : impl_->rows_of(*now)) {
    for (std::uint32_t item = 0; item < row->items.size(); ++item) {
      // An id that several rows or packs hold is visited where a look-up finds it.
      const auto found = now->loose->find(row->items[item].id, now->loose_through);
      if (found && found->row == row.get() && found->item == item) visit(row->items[item].id);
    }
  }
  const PackFiles& packs = *now->packs;
  for (std::size_t i = 0; i < packs.size(); ++i) {
    const objects::Pack* pack = packs[i]->open();
    if (pack == nullptr) throw Error(*packs[i]->failure());
    pack->for_each([&](const Id& id, std::uint64_t) {
      if (now->loose->find(id, now->loose_through)) return;
      for (std::size_t before = 0; before < i; ++before) {
        const objects::Pack* other = packs[before]->open();
        if (other != nullptr && other->find(id)) return;
      }
      visit(id);
    });
  }
}

void LocalStore::for_each_record(const VisitRecord& visit) const {
  refresh();
  const StatePtr now = impl_->current();
  for (const RowPtr& row : impl_->rows_of(*now)) {
    const std::optional<Bytes> records = impl_->database.loose_records(row->number);
    if (!records) continue;  // packed meanwhile
    check_length(*row, *records);
    for (std::uint32_t item = 0; item < row->items.size(); ++item) {
      visit(row->items[item].id, objects::summarize_record(record_at(*row, *records, item)));
    }
  }
  for (const auto& file : *now->packs) {
    const objects::Pack* pack = file->open();
    if (pack == nullptr) throw Error(*file->failure());
    pack->for_each([&](const Id& id, std::uint64_t offset) { visit(id, pack->summary(offset)); });
  }
}

LocalStore::Statistics LocalStore::statistics() const {
  refresh();
  const StatePtr now = impl_->current();
  Statistics result;
  result.loose_objects = now->loose->objects();
  result.loose_bytes = now->loose->bytes();
  result.loose_rows = impl_->rows_of(*now).size();
  result.packs = now->packs->size();
  for (const auto& file : *now->packs) {
    result.packed_objects += file->info().objects;
    result.pack_bytes += file->info().bytes;
  }
  return result;
}

std::vector<objects::PackInfo> LocalStore::packs() const {
  refresh();
  std::vector<objects::PackInfo> result;
  for (const auto& file : *impl_->current()->packs) result.push_back(file->info());
  return result;
}

std::uint64_t LocalStore::dictionary_bytes() const {
  refresh();
  std::uint64_t bytes = 0;
  for (const auto& file : *impl_->current()->packs) {
    const objects::Pack* pack = file->open();
    if (pack == nullptr) throw Error(*file->failure());
    if (const auto dictionary = pack->dictionary()) bytes += dictionary->content().size();
  }
  return bytes;
}

/// Reads everything once and tells what is damaged.
class StoreCheck {
 public:
  using Report = std::function<void(const Damaged&)>;
  using Progress = std::function<void(std::uint64_t, std::uint64_t)>;
  StoreCheck(const LocalStore& store, const Report& report, const Progress& progress)
      : store_(store), report_(report), progress_(progress) {
    const LocalStore::Statistics statistics = store.statistics();
    all_ = statistics.loose_objects + statistics.packed_objects;
  }

  void check_pack(const PackFile& file) {
    const objects::Pack* pack = file.open();
    file_ = store_.packs_folder().filename().string() + "/" + file.info().name;
    if (pack == nullptr) return report_({file_, {}, file.failure()->what()});
    guarded({}, [&] {
      pack->check_file();
      if (pack->object_count() != file.info().objects) {
        throw Error(ErrorCode::kCorrupt,
                    pack->name() + ": holds another number of objects than " + "is registered");
      }
    });
    guarded({}, [&] {
      pack->for_each([&](const Id& id, std::uint64_t offset) {
        check_object(id, [&] { return pack->read(offset, store_); });
      });
    });
  }

  void check_row(const CachedRow& row, const Bytes& records) {
    file_ = kDatabaseFile;
    for (std::uint32_t item = 0; item < row.items.size(); ++item) {
      check_object(row.items[item].id, [&] { return RowReader(row, records, store_).read(item); });
    }
  }

 private:
  template <typename Action>
  void guarded(const std::optional<Id>& object, Action action) {
    try {
      action();
    } catch (const Error& error) {
      report_({file_, object, error.what()});
    }
  }
  template <typename Read>
  void check_object(const Id& id, Read read) {
    guarded(id, [&] {
      const objects::Object object = read();
      if (core::object_id(object.type, object.payload) != id) {
        throw Error(ErrorCode::kCorrupt, "its content is not what its id says");
      }
    });
    if (++done_ % kProgressStep == 0 && progress_) progress_(done_, std::max(done_, all_));
  }

  const LocalStore& store_;
  const Report& report_;
  const Progress& progress_;
  std::string file_;  // at hand
  std::uint64_t done_ = 0, all_ = 0;
};

void LocalStore::check_all(
    const std::function<void(const Damaged&)>& report,
    const std::function<void(std::uint64_t done, std::uint64_t all)>& progress) const {
  StoreCheck check(*this, report, progress);
  const StatePtr now = impl_->current();
  for (const RowPtr& row : impl_->rows_of(*now)) {
    try {
      // From the database: a copy in memory proves nothing about what is on disk.
      const std::optional<Bytes> records = impl_->database.loose_records(row->number);
      if (!records) continue;  // packed meanwhile: the next check sees the pack
      check_length(*row, *records);
      check.check_row(*row, *records);
    } catch (const Error& error) {
      report({kDatabaseFile, {}, error.what()});
      for (const LooseRow::Item& item : row->items) {
        report({kDatabaseFile, item.id, "its row cannot be read"});
      }
    }
  }
  for (const auto& file : *now->packs) {
    if (file->open() == nullptr) {
      refresh();
      const std::shared_ptr<const PackFiles> packs = impl_->current()->packs;
      const bool registered = std::any_of(packs->begin(), packs->end(), [&](const auto& other) {
        return other->info().name == file->info().name;
      });
      if (!registered) continue;  // merged into another meanwhile
    }
    check.check_pack(*file);
  }
}

}  // namespace isodb::refs
